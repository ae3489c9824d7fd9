#pragma once
// The values that tests of header fields look at, with :index (RFC 5260 6) and :mime (RFC 5703 4).

#include <string>
#include <string_view>
#include <vector>

#include "sieve/run.h"

namespace pennypost::sieve {

// Of the fields named, decoded for people. With :mime of the part at hand.
std::vector<std::string> HeaderValues(Run& run, const Statement& statement,
                                      const std::vector<std::string>& names);

// As written, for addresses and dates; :index counts fields.
std::vector<std::string> RawHeaderValues(Run& run, const Statement& statement,
                                         const std::vector<std::string>& names);

// In extensions/index.cc: leaves what :index and :last choose, all without them.
void SelectIndex(const Statement& statement, std::vector<std::string>& values);

// In extensions/mime.cc: what :type, :subtype, :contenttype and :param make of a field's value.
std::vector<std::string> MimeValues(Run& run, const Statement& statement,
                                    const std::vector<std::string>& values);
// The parts that :mime looks at: the one at hand, with :anychild all below it.
std::vector<uint32_t> MimeParts(Run& run, const Statement& statement);

}  // namespace pennypost::sieve
