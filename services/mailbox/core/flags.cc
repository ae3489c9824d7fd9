#include "services/mailbox/core/flags.h"

#include "base/text.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kMaxFlags = 100;
constexpr size_t kMaxFlagBytes = 100;
constexpr std::string_view kSystemFlags[] = {"\\Answered", "\\Deleted", "\\Draft", "\\Flagged",
                                             "\\Seen"};

struct LessIgnoreCase {
  bool operator()(const std::string& a, const std::string& b) const {
    return ToLower(a) < ToLower(b);
  }
};
using FlagSet = std::set<std::string, LessIgnoreCase>;

FlagSet ToSet(std::string_view joined) {
  FlagSet set;
  for (std::string& flag : SplitFlags(joined)) set.insert(std::move(flag));
  return set;
}

std::string Join(const FlagSet& set) {
  std::string out;
  for (const std::string& flag : set) out += (out.empty() ? "" : " ") + flag;
  return out;
}

// RFC 9051 9: flag-keyword is an atom.
bool IsAtom(std::string_view text) {
  if (text.empty() || text.size() > kMaxFlagBytes) return false;
  for (char c : text) {
    if (c <= 0x20 || c > 0x7E || std::string_view("(){%*\"\\]").find(c) != std::string_view::npos)
      return false;
  }
  return true;
}

absl::StatusOr<std::string> Canonical(const std::string& flag) {
  for (std::string_view known : kSystemFlags) {
    if (EqualsIgnoreCase(flag, known)) return std::string(known);
  }
  if (!IsAtom(flag)) return SyntaxError(fmt::format("'{}' is no flag", flag));
  return flag;
}

}  // namespace

absl::StatusOr<std::string> JoinFlags(const std::vector<std::string>& flags) {
  FlagSet set;
  for (const std::string& flag : flags) {
    ASSIGN_OR_RETURN(std::string canonical, Canonical(flag));
    set.insert(std::move(canonical));
  }
  if (set.size() > kMaxFlags) return SyntaxError("too many flags");
  return Join(set);
}

std::vector<std::string> SplitFlags(std::string_view joined) {
  std::vector<std::string> flags;
  if (joined.empty()) return flags;
  for (std::string_view flag : Split(joined, ' ')) flags.emplace_back(flag);
  return flags;
}

std::string AddFlags(std::string_view joined, std::string_view more) {
  FlagSet set = ToSet(joined);
  for (std::string& flag : SplitFlags(more)) {
    if (set.size() < kMaxFlags) set.insert(std::move(flag));
  }
  return Join(set);
}

std::string RemoveFlags(std::string_view joined, std::string_view less) {
  FlagSet set = ToSet(joined);
  for (const std::string& flag : SplitFlags(less)) set.erase(flag);
  return Join(set);
}

std::string ChangeWithRights(const std::string& before, const std::string& after,
                             mail::Rights rights) {
  if (rights == mail::Rights::All()) return after;
  auto may = [rights](const std::string& flag) {
    return rights.Has(flag == "\\Seen" ? 's' : flag == "\\Deleted" ? 't' : 'w');
  };
  FlagSet set;
  for (std::string& flag : SplitFlags(before)) {
    if (!may(flag)) set.insert(std::move(flag));
  }
  for (std::string& flag : SplitFlags(after)) {
    if (may(flag) && set.size() < kMaxFlags) set.insert(std::move(flag));
  }
  return Join(set);
}

bool HasFlag(std::string_view joined, std::string_view flag) {
  for (std::string_view part : Split(joined, ' ')) {
    if (EqualsIgnoreCase(part, flag)) return true;
  }
  return false;
}

}  // namespace pennypost::mailbox
