#pragma once
// Private to Admin: its checks of words, and the words it writes.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "services/directory/core/authorize.h"
#include "services/directory/store/rows.h"

namespace pennypost::directory {

inline std::string DomainOf(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

inline absl::Status NoSuch(std::string_view what, const std::string& name) {
  return NotFoundError(fmt::format("no such {}: {}", what, name));
}

inline absl::Status CheckNotNegative(std::string_view what, int64_t value) {
  if (value >= 0) return absl::OkStatus();
  return SyntaxError(fmt::format("{} cannot be negative", what));
}

// mail::NormalizeDomain, with the word in the error.
absl::StatusOr<std::string> CanonicalDomain(const std::string& text);

// A name for people: one line of UTF-8.
absl::Status CheckLabel(std::string_view what, std::string_view text);

inline AuditRow Entry(const Principal& who, std::string_view action, const std::string& object,
                      int64_t tenant_id, std::string detail = "") {
  AuditRow row;
  row.actor = who.address;
  row.caller = who.caller;
  row.action = action;
  row.object = object;
  row.tenant_id = tenant_id;
  row.detail = std::move(detail);
  return row;
}

// "a, b" of the words that are not empty.
inline std::string Listed(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) {
    if (!word.empty()) all += (all.empty() ? "" : ", ") + word;
  }
  return all;
}

// "quota_bytes 1 -> 2", or nothing where the value stays.
template <class Value>
std::string Changed(std::string_view what, const Value& before, const Value& after) {
  if (before == after) return "";
  return fmt::format("{} {} -> {}", what, before, after);
}

}  // namespace pennypost::directory
