#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "sieve/testsuite.h"

namespace {

constexpr char kMail[] =
    "From: \"Doe, Ann\" <ann+lists@example.org>\r\nTo: bob@example.net, carol@example.com\r\n"
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= here\r\nMessage-ID: <a@example.org>\r\n"
    "Received: by x; Mon, 5 Jan 2026 10:00:00 +0100\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\n"
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n"
    "--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGk8L2I+\r\n"
    "--x--\r\n";

// Includes itself, knows everything.
class World : public pennypost::sieve::Host {
 public:
  explicit World(std::string_view script) : script_(script) {}
  std::optional<std::string> ScriptText(pennypost::sieve::ScriptPlace,
                                        std::string_view) const override {
    return std::string(script_);
  }
  std::optional<std::string> Metadata(const std::string*, std::string_view) const override {
    return "value";
  }

 private:
  std::string_view script_;
};

}  // namespace

// Any bytes as a script over one message, and as a test file: the budgets hold, and a failed run
// keeps the mail as it was.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::sieve;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Limits limits;
  limits.max_steps = 10'000;
  Script script = Compile(text, limits);
  if (script.errors.size() > limits.max_errors) std::abort();
  Message message{std::string(kMail)};
  World world(text);
  Result result =
      Execute(script, message, {"ann@example.org", "bob@example.net", ""}, world, limits);
  if (result.actions.size() > limits.max_actions) std::abort();
  if (result.error && (!result.implicit_keep || !result.actions.empty())) std::abort();
  if (result.error && message.bytes() != kMail) std::abort();
  RunTestFile(
      text, [](std::string_view) { return "keep;"; }, limits);
  return 0;
}
