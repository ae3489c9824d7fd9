#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "imap/url.h"

// A URL is refused or names a message; and nothing of it can end a response code.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::imap;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto url = ParseMessageUrl(text);
  if (url.ok() && url->uid == 0) abort();
  if (UrlForResponse(text).find_first_of("]\r\n") != std::string::npos) abort();
  return 0;
}
