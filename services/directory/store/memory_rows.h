#pragma once
// Private to the memory store.

#include <map>
#include <optional>
#include <string>
#include <vector>

#define PP_LOCK_OR_RETURN()     \
  std::lock_guard lock(mutex_); \
  if (!down_.ok()) return down_

namespace pennypost::directory {

inline std::string DomainOfAddress(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

template <class Row>
std::optional<Row> FindRow(const std::map<std::string, Row>& rows, const std::string& key) {
  auto it = rows.find(key);
  if (it == rows.end()) return std::nullopt;
  return it->second;
}

template <class Row, class Wanted>
std::vector<Row> Page(const std::map<std::string, Row>& rows, const std::string& after, int limit,
                      Wanted wanted) {
  std::vector<Row> page;
  for (auto it = rows.upper_bound(after); it != rows.end() && static_cast<int>(page.size()) < limit;
       ++it) {
    if (wanted(it->second)) page.push_back(it->second);
  }
  return page;
}

}  // namespace pennypost::directory
