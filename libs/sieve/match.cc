#include "sieve/match.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace pennypost::sieve {
namespace {

constexpr std::string_view kNumeric = "i;ascii-numeric";
constexpr std::string_view kCaseMap = "i;ascii-casemap";
constexpr std::array<std::string_view, 6> kRelations = {"gt", "ge", "lt", "le", "eq", "ne"};

std::string ComparatorOf(const Statement& statement) {
  const Argument* given = statement.Tag("comparator");
  return given == nullptr ? std::string(kCaseMap) : given->strings[0];
}

// RFC 4790 9.1: digits at the start; nothing (infinity) without them.
std::string_view NumberOf(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && IsDigit(text[end])) ++end;
  std::string_view digits = text.substr(0, end);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

int Order(std::string_view comparator, std::string_view a, std::string_view b) {
  if (comparator == kNumeric) {
    std::string_view x = NumberOf(a);
    std::string_view y = NumberOf(b);
    if (x.empty() || y.empty()) return static_cast<int>(x.empty()) - static_cast<int>(y.empty());
    if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
    return x.compare(y);
  }
  if (comparator == kCaseMap) return ToUpper(a).compare(ToUpper(b));
  return a.compare(b);
}

// Linear, which string::find is not.
bool Contains(std::string_view value, std::string_view key) {
  return key.empty() || memmem(value.data(), value.size(), key.data(), key.size()) != nullptr;
}

}  // namespace

bool CompareByRelation(std::string_view relation, std::string_view comparator,
                       std::string_view value, std::string_view key) {
  int order = Order(comparator, value, key);
  if (relation == "gt") return order > 0;
  if (relation == "ge") return order >= 0;
  if (relation == "lt") return order < 0;
  if (relation == "le") return order <= 0;
  if (relation == "eq") return order == 0;
  return order != 0;
}

bool EqualBy(std::string_view comparator, std::string_view a, std::string_view b) {
  return Order(comparator, a, b) == 0;
}

void CheckMatch(Checker& checker, const Statement& statement, const Argument& keys) {
  std::string comparator = ComparatorOf(statement);
  if (const Argument* given = statement.Tag("comparator")) {
    if (comparator != "i;octet" && comparator != kCaseMap && comparator != kNumeric) {
      return checker.Fail(given->at, fmt::format("unknown comparator '{}'", comparator));
    }
    if (comparator == kNumeric && !checker.Requires("comparator-i;ascii-numeric")) {
      return checker.Fail(given->at,
                          "'i;ascii-numeric' needs require \"comparator-i;ascii-numeric\"");
    }
  }
  std::string_view match = statement.TagOf("match");
  if (comparator == kNumeric && (match == "contains" || match == "matches" || match == "regex")) {
    return checker.Fail(statement.at,
                        fmt::format("'i;ascii-numeric' cannot be used with :{}", match));
  }
  if (match == "value" || match == "count") {
    const Argument& relation = *statement.Tag(match);
    std::string name = ToLower(relation.strings[0]);
    if (checker.IsConstant(name) &&
        std::find(kRelations.begin(), kRelations.end(), name) == kRelations.end()) {
      checker.Fail(relation.at, fmt::format("unknown relation '{}': one of gt, ge, lt, le, eq, ne",
                                            relation.strings[0]));
    }
  }
  if (match == "regex") {
    for (const std::string& key : keys.strings) {
      if (!checker.IsConstant(key)) continue;
      if (std::string error = RegexError(key); !error.empty()) {
        checker.Fail(keys.at, fmt::format("regular expression '{}': {}", key, error));
      }
    }
  }
}

// Goes back to the last star alone: what stands before it was found as early as it can be. The work
// is at most value times pattern, and paid for.
bool MatchesGlob(Run& run, std::string_view value, std::string_view pattern, bool fold,
                 std::vector<std::string>& captures) {
  struct Item {
    enum class Kind { kChar, kAny, kStar } kind;
    char c;
  };
  std::vector<Item> items;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      items.push_back({Item::Kind::kChar, pattern[++i]});
    } else if (c == '*') {
      items.push_back({Item::Kind::kStar, c});
    } else {
      items.push_back({c == '?' ? Item::Kind::kAny : Item::Kind::kChar, c});
    }
  }
  auto fits = [&](const Item& item, char c) {
    if (item.kind == Item::Kind::kAny) return true;
    return fold ? AsciiLower(item.c) == AsciiLower(c) : item.c == c;
  };
  // Where each item starts in the value; the star last seen is where a mismatch goes back to.
  std::vector<size_t> starts(items.size() + 1);
  size_t at = 0, item = 0, star = items.size(), star_at = 0;
  uint64_t work = 0;
  while (at < value.size() || item < items.size()) {
    if (++work % 64 == 0 && !run.Spend()) return false;
    if (item < items.size() && items[item].kind == Item::Kind::kStar) {
      star = item;
      star_at = at;
      starts[item++] = at;
    } else if (item < items.size() && at < value.size() && fits(items[item], value[at])) {
      starts[item++] = at++;
    } else if (star < items.size() && star_at < value.size()) {
      at = ++star_at;
      item = star + 1;
    } else {
      return false;
    }
  }
  starts[items.size()] = value.size();
  captures.assign(1, std::string(value));
  for (size_t i = 0; i < items.size() && captures.size() < 33; ++i) {
    if (items[i].kind == Item::Kind::kChar) continue;
    captures.emplace_back(value.substr(starts[i], starts[i + 1] - starts[i]));
  }
  return true;
}

bool MatchAny(Run& run, const Statement& statement, const std::vector<std::string>& values,
              const Argument& key_list) {
  std::string comparator = ComparatorOf(statement);
  std::string_view match = statement.TagOf("match");
  bool fold = comparator == kCaseMap;
  std::vector<std::string> keys = run.Texts(key_list);
  if (match == "count") {
    std::string relation = ToLower(run.Text(*statement.Tag(match)));
    std::string count = fmt::format("{}", values.size());
    return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
      return CompareByRelation(relation, comparator, count, key);
    });
  }
  std::string relation = match == "value" ? ToLower(run.Text(*statement.Tag(match))) : "eq";
  for (const std::string& value : values) {
    std::string folded = match == "contains" && fold ? ToUpper(value) : std::string();
    for (const std::string& key : keys) {
      if (!run.Spend(1 + (value.size() + key.size()) / 1024)) return false;
      std::vector<std::string> captures;
      bool hit = false;
      if (match == "contains") {
        hit = Contains(fold ? folded : value, fold ? ToUpper(key) : key);
      } else if (match == "matches") {
        hit = MatchesGlob(run, value, key, fold, captures);
      } else if (match == "regex") {
        hit = MatchesRegex(run, statement.at, value, key, fold, captures);
      } else {
        hit = CompareByRelation(relation, comparator, value, key);
      }
      if (!hit) continue;
      // RFC 5229 3.2: a match that fails leaves the old values.
      if (!captures.empty() && run.Requires("variables")) run.match_values = std::move(captures);
      return true;
    }
  }
  return false;
}

}  // namespace pennypost::sieve
