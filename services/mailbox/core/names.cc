#include "services/mailbox/core/names.h"

#include "base/text.h"

namespace pennypost::mailbox {

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr size_t kMaxBytes = 1000;
  constexpr size_t kMaxLevels = 20;
  // A client that makes folders ends the name of one that will have children with the delimiter
  // (RFC 9051 6.3.4).
  if (name.ends_with('/')) name.remove_suffix(1);
  if (name.empty()) return SyntaxError("a mailbox needs a name");
  if (name.size() > kMaxBytes) return SyntaxError("the name of the mailbox is too long");
  if (!IsUtf8(name)) return SyntaxError("the name of the mailbox is not UTF-8");
  for (char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '*' || c == '%') {
      return SyntaxError("the name of the mailbox has a character that is not allowed");
    }
  }
  auto levels = Split(name, '/');
  if (levels.size() > kMaxLevels) return SyntaxError("the mailbox is too deep");
  for (std::string_view level : levels) {
    if (level.empty()) return SyntaxError("the name of the mailbox has an empty level");
  }
  std::string out(name);
  if (EqualsIgnoreCase(levels[0], "INBOX")) out.replace(0, 5, "INBOX");
  return out;
}

std::string ParentOf(std::string_view name) {
  size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(name.substr(0, slash));
}

}  // namespace pennypost::mailbox
