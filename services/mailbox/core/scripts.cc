#include "services/mailbox/core/scripts.h"

#include <fmt/format.h>

#include "base/text.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kMaxName = 512;

// C0, DEL, C1 and the line and paragraph separators, in well-formed UTF-8.
bool IsControlAt(std::string_view text, size_t at) {
  auto byte = [&text](size_t i) {
    return static_cast<unsigned char>(i < text.size() ? text[i] : 0);
  };
  unsigned char first = byte(at);
  if (first < 0x20 || first == 0x7F) return true;
  if (first == 0xC2 && byte(at + 1) < 0xA0) return true;
  return first == 0xE2 && byte(at + 1) == 0x80 && (byte(at + 2) == 0xA8 || byte(at + 2) == 0xA9);
}

absl::Status TooBig(std::string_view words) {
  return MakeError(absl::StatusCode::kInvalidArgument, Reason::kTooBig, words);
}

}  // namespace

absl::Status CheckScriptName(std::string_view name) {
  if (name.empty()) return SyntaxError("a script needs a name");
  if (name.size() > kMaxName) return SyntaxError("the name of the script is too long");
  if (!IsUtf8(name)) return SyntaxError("the name of the script is not UTF-8");
  for (size_t i = 0; i < name.size(); ++i) {
    if (IsControlAt(name, i)) return SyntaxError("the name of the script has a control character");
  }
  return absl::OkStatus();
}

absl::Status CheckScriptRoom(uint64_t others, uint64_t others_bytes, uint64_t size) {
  uint64_t most = sieve::Limits().max_script;
  if (size > most) return TooBig(fmt::format("a script may have {} bytes", most));
  if (others >= kMaxScripts) {
    return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota,
                     fmt::format("there may be {} scripts", kMaxScripts));
  }
  if (others_bytes + size > kMaxScriptsBytes)
    return TooBig(fmt::format("all scripts together may have {} bytes", kMaxScriptsBytes));
  return absl::OkStatus();
}

absl::StatusOr<sieve::Script> CompileScript(std::string_view content) {
  RETURN_IF_ERROR(CheckScriptRoom(0, 0, content.size()));
  sieve::Script script = sieve::Compile(content);
  if (script.ok()) return script;
  std::string words;
  for (const sieve::ScriptError& error : script.errors) {
    words += (words.empty() ? "" : "\n") + error.ToString();
  }
  return SyntaxError(words);
}

}  // namespace pennypost::mailbox
