#include "mailauth/dns.h"

#include "base/text.h"

namespace pennypost::mailauth {

bool IsQualifiedName(std::string_view name) {
  if (name.size() > 253) return false;
  size_t labels = 0;
  for (std::string_view label : Split(name, '.')) {
    if (label.empty() || label.size() > 63) return false;
    ++labels;
  }
  return labels >= 2;
}

std::string CanonicalName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return ToLower(name);
}

bool IsSameOrSubdomain(std::string_view name, std::string_view parent) {
  if (parent.empty() || !name.ends_with(parent)) return false;
  return name.size() == parent.size() || name[name.size() - parent.size() - 1] == '.';
}

}  // namespace pennypost::mailauth
