#include "services/relay/core/content.h"

#include "base/text.h"
#include "mail/header.h"

namespace pennypost::relay {

std::string NormalizeLines(std::string_view content) {
  std::string out;
  out.reserve(content.size() + 2);
  for (size_t i = 0; i < content.size(); ++i) {
    char c = content[i];
    if (c == '\0') continue;
    if (c != '\r' && c != '\n') {
      out.push_back(c);
      continue;
    }
    if (c == '\r' && i + 1 < content.size() && content[i + 1] == '\n') ++i;
    out += "\r\n";
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

std::string FromDomain(std::string_view content) {
  mail::HeaderBlock header = mail::ParseHeaderBlock(content);
  const mail::HeaderField* from = header.Find("From");
  if (from == nullptr) return "";
  std::string value = mail::Unfold(from->value);
  // The address in angle brackets, or the only one there is. A display name may hold an "@" as
  // well.
  size_t open = value.rfind('<');
  std::string_view address = value;
  if (open != std::string::npos) address.remove_prefix(open + 1);
  size_t at = address.find('@');
  if (at == std::string_view::npos) return "";
  address.remove_prefix(at + 1);
  return ToLower(Trim(address.substr(0, address.find_first_of(" \t>,;("))));
}

}  // namespace pennypost::relay
