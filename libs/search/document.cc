#include "search/document.h"

#include <fmt/format.h>

#include "mime/encoded_word.h"
#include "mime/text.h"
#include "search/fold.h"

namespace pennypost::search {
namespace {

constexpr size_t kAllText = 64 << 20;

}  // namespace

std::string HeaderLine(const mail::HeaderField& field) {
  return Fold(fmt::format("{}: {}", field.name, mime::DecodeHeader(field.value)));
}

std::string HeaderValue(const mail::HeaderField& field) {
  return Fold(mime::DecodeHeader(field.value));
}

std::string BodyText(std::string_view message, const mime::Structure& structure) {
  return Fold(mime::ExtractText(message, structure, kAllText));
}

size_t TextSize(std::string_view message, const mime::Structure& structure) {
  size_t size = 0;
  for (const mime::Part& part : structure.parts) {
    if (part.type != "text" || part.body_offset > message.size()) continue;
    size += std::min<size_t>(part.body_size, message.size() - part.body_offset);
  }
  return size;
}

}  // namespace pennypost::search
