#pragma once
// What joins messages to conversations: message ids and base subjects (RFC 5256).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mime {

// The ids of a References, In-Reply-To or Message-ID field without their angle brackets, in order,
// at most `limit` (the last ones, which stand nearest to the message). Words between ids are
// skipped (RFC 5322 4.5.4).
std::vector<std::string> ParseMessageIds(std::string_view field, size_t limit = 100);

// RFC 5256 2.1: the subject without "Re:", "Fwd:", list tags and "(fwd)"; decoded, UTF-8, folded to
// one case.
struct Subject {
  std::string base;
  bool reply = false;  // it was marked as an answer or a forward (RFC 5256 3)
};
Subject ParseSubject(std::string_view field);
inline std::string BaseSubject(std::string_view field) {
  return ParseSubject(field).base;
}

}  // namespace pennypost::mime
