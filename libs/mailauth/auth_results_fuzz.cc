// After the removal nothing that reads as ours is left, and what we write reads as one field.

#include "mailauth/auth_results.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  mail::HeaderBlock block = mail::ParseHeaderBlock(input);
  std::vector<size_t> forged = mailauth::ForgedAuthResults(block, {"mx.example.org"});
  std::string left;
  for (size_t i = 0, next = 0; i < block.fields.size(); ++i) {
    if (next < forged.size() && forged[next] == i) {
      ++next;
    } else {
      left += block.fields[i].raw;
    }
  }
  mail::HeaderBlock clean = mail::ParseHeaderBlock(left);
  if (!mailauth::ForgedAuthResults(clean, {"mx.example.org"}).empty()) __builtin_trap();

  std::string field = mailauth::AuthenticationResults(
      "mx.example.org",
      {{"spf", "pass", std::string(input), {{"smtp.mailfrom", std::string(input)}}}});
  if (mail::ParseHeaderBlock(field + "\r\n").fields.size() != 1) __builtin_trap();
  return 0;
}
