#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/parameters.h"
#include "mime/thread.h"

// Address lists, parameters, encoded-words and subjects of any bytes; text for people is always
// UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::mime;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  ParseAddressList(input);
  ParameterizedValue parsed = ParseParameterized(input);
  auto name = DecodedParam(parsed.params, "name");
  if (name && !pennypost::IsUtf8(*name)) std::abort();
  if (!pennypost::IsUtf8(DecodeHeader(input))) std::abort();
  ParseMessageIds(input);
  BaseSubject(input);
  return 0;
}
