#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "imap/commands.h"
#include "imap/mailbox_name.h"

// UTF-7 both ways, patterns, sets and SEARCH programs of any bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::imap;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (auto decoded = DecodeUtf7(input)) {
    if (!pennypost::IsUtf8(*decoded)) std::abort();
    if (DecodeUtf7(EncodeUtf7(*decoded)) != *decoded) std::abort();
  }
  if (pennypost::IsUtf8(input)) EncodeUtf7(input);
  MatchesPattern(input.substr(0, size / 2), input.substr(size / 2));
  for (const char* verb : {"SEARCH", "SORT", "GETMETADATA", "SETMETADATA", "THREAD", "SELECT",
                           "UID FETCH", "FETCH", "STORE", "LIST", "APPEND", "REPLACE", "STATUS"}) {
    Scanner scanner(input, LimitsAfterLogin(1 << 16), NameForm::kUtf7);
    (void)FindCommand(verb)->parse(scanner);
  }
  return 0;
}
