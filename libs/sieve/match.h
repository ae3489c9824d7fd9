#pragma once
// Comparators and match types (RFC 5228 2.7, RFC 5231, regex).

#include <string>
#include <string_view>
#include <vector>

#include "sieve/run.h"

namespace pennypost::sieve {

// The tags of a test with kMatch, at compile time.
void CheckMatch(Checker& checker, const Statement& statement, const Argument& keys);

// Whether any of the values matches any of the keys, by the statement's comparator and match type.
// Sets ${0} and on.
bool MatchAny(Run& run, const Statement& statement, const std::vector<std::string>& values,
              const Argument& keys);

// :value and :count.
bool CompareByRelation(std::string_view relation, std::string_view comparator,
                       std::string_view value, std::string_view key);

// Equality by the comparator.
bool EqualBy(std::string_view comparator, std::string_view a, std::string_view b);

// "*" and "?" (RFC 5228 2.7.1). What each wildcard took goes to `captures`; as little as possible
// for each "*" but the last (RFC 5229 3.2). False also once the budget is spent.
bool MatchesGlob(Run& run, std::string_view value, std::string_view pattern, bool fold,
                 std::vector<std::string>& captures);

// In extensions/regex.cc. Empty for a good pattern.
std::string RegexError(std::string_view pattern);
bool MatchesRegex(Run& run, Position at, std::string_view value, std::string_view pattern,
                  bool fold, std::vector<std::string>& captures);

}  // namespace pennypost::sieve
