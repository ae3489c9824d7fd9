#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "imap/response.h"

namespace {

using namespace pennypost::imap;

void Append(const std::vector<ResponseValue>& values, std::string* out) {
  for (const ResponseValue& value : values) {
    *out += value.text + ",";
    Append(value.items, out);
  }
}

// All that is read of bytes that come in pieces of that size.
std::string Read(std::string_view bytes, size_t piece) {
  ResponseReader reader(1 << 12);
  std::string out;
  for (;;) {
    auto event = reader.Next();
    if (auto* response = std::get_if<ServerResponse>(&event)) {
      out += response->tag + response->status + response->code + response->text + "\n";
      Append(response->values, &out);
    } else if (std::holds_alternative<ResponseReader::Fatal>(event) || bytes.empty()) {
      return out;
    } else {
      reader.Feed(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
}

}  // namespace

// What a server says, in one piece and byte by byte, is the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (Read(input, size + 1) != Read(input, 1)) std::abort();
  return 0;
}
