#pragma once
// A message as SEARCH sees it: text in UTF-8, decoded and folded. The search that reads messages
// and the index that spares reading them use the same functions, so that they cannot differ.

#include <string>
#include <string_view>

#include "mail/header.h"
#include "mime/structure.h"

namespace pennypost::search {

// "name: value", decoded and folded: what TEXT looks at of a field.
std::string HeaderLine(const mail::HeaderField& field);
// The value, decoded and folded: what HEADER looks at.
std::string HeaderValue(const mail::HeaderField& field);
// The text parts, decoded and folded: what BODY looks at.
std::string BodyText(std::string_view message, const mime::Structure& structure);

// Bytes of the text parts as they stand in the message.
size_t TextSize(std::string_view message, const mime::Structure& structure);

}  // namespace pennypost::search
