#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mime/structure.h"
#include "mime/text.h"

// Every message has a structure, its ranges lie inside, and the stored form comes back; any bytes
// may be read as one.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::mime;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Structure structure = ParseStructure(input);
  for (const Part& part : structure.parts) {
    if (part.body_offset + part.body_size > size) std::abort();
  }
  auto back = Deserialize(Serialize(structure));
  if (!back.ok() || !(*back == structure)) std::abort();
  ExtractText(input, structure);
  if (auto other = Deserialize(input); other.ok()) Serialize(*other);
  return 0;
}
