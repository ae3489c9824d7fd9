// Oracles: O1; a byte-by-byte reference agrees about body, end and malformed; the writer's output
// is read back as it was and ends exactly once.
#include <cstdint>
#include <cstdlib>

#include "smtp/data_reader.h"
#include "smtp/dot_writer.h"

using namespace pennypost::smtp;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

struct Got {
  std::string body;
  size_t used = 0;
  bool done = false;
  bool malformed = false;
};

Got Read(std::string_view wire, size_t step, BareLineFeeds bare) {
  DataReader reader(bare);
  Got got;
  std::string held;
  for (size_t at = 0; at < wire.size() && !got.done; at += step) {
    held += wire.substr(at, step);
    DataReader::Result result = reader.Read(held.data(), held.size());
    got.body += result.body;
    got.used += result.consumed;
    got.done = result.done;
    held.erase(0, result.consumed);
  }
  got.malformed = reader.malformed();
  return got;
}

// RFC 5321 in the simplest words: where is the first CRLF.CRLF, and what is before it?
Got Reference(std::string_view wire) {
  Got got;
  std::string text = "\r\n" + std::string(wire);
  size_t end = text.find("\r\n.\r\n");
  if (end == std::string::npos) return got;
  got.done = true;
  got.used = end + 3;
  std::string content = text.substr(0, end + 2);
  for (size_t i = 2; i < content.size(); ++i) {
    bool after_crlf = content[i - 1] == '\n' && content[i - 2] == '\r';
    if (!(after_crlf && content[i] == '.')) got.body.push_back(content[i]);
    if (content[i] == '\0') got.malformed = true;
    if (content[i] == '\n' && content[i - 1] != '\r') got.malformed = true;
    if (content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n')) {
      got.malformed = true;
    }
  }
  return got;
}

void Same(const Got& a, const Got& b) {
  Require(a.body == b.body && a.used == b.used && a.done == b.done && a.malformed == b.malformed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  size_t step = 1 + data[0] % 16;
  Got whole = Read(input, size, BareLineFeeds::kRefuse);
  Same(whole, Read(input, 1, BareLineFeeds::kRefuse));
  Same(whole, Read(input, step, BareLineFeeds::kRefuse));
  Got reference = Reference(input);
  Require(whole.done == reference.done);
  if (whole.done) Same(whole, reference);
  Got normalized = Read(input, size, BareLineFeeds::kNormalize);
  Same(normalized, Read(input, step, BareLineFeeds::kNormalize));
  Require(normalized.done == whole.done && normalized.used == whole.used);

  DotWriter writer;
  std::string wire;
  for (size_t at = 0; at < input.size(); at += step) writer.Write(input.substr(at, step), wire);
  writer.Finish(wire);
  Got back = Read(wire, size * 2 + 10, BareLineFeeds::kRefuse);
  Require(back.done && !back.malformed && back.used == wire.size());
  std::string expected(input);
  if (!expected.empty() && !expected.ends_with("\r\n")) expected += "\r\n";
  if (!writer.changed()) Require(back.body == expected);
  return 0;
}
