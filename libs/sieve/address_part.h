#pragma once
// Address parts (RFC 5228 2.7.4, RFC 5233).

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::sieve {

// `part` is the tag: all (or empty), localpart, domain, user, detail. Nothing where the address has
// no such part. An empty address has empty parts (RFC 5228 5.4).
std::optional<std::string> AddressPart(std::string_view part, std::string_view local,
                                       std::string_view domain);

}  // namespace pennypost::sieve
