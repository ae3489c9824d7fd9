// DKIM verification of any message, with the key record as the input's first line.

#include "mailauth/dkim_verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::mailauth;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  std::string_view message = input.substr(line + 1);
  size_t body = pennypost::mail::ParseHeaderBlock(message).size;
  DkimVerifier dkim(message.substr(0, body), {.unix_seconds = 1'700'000'000});
  dkim.Body(message.substr(body));
  dkim.EndBody();
  while (dkim.Next() != nullptr)
    dkim.Resume({DnsStatus::kOk, {std::string(input.substr(0, line))}, false});
  if (dkim.results().size() > 5) __builtin_trap();
  return 0;
}
