#include "imap/search_updates.h"

#include <fmt/format.h>

#include <algorithm>

#include "imap/write.h"

namespace pennypost::imap {
namespace {

constexpr size_t kMaxSearches = 10;
constexpr size_t kMaxResults = 200'000;  // of all searches of a session but the first

std::vector<uint32_t> Sorted(std::vector<uint32_t> uids) {
  std::sort(uids.begin(), uids.end());
  return uids;
}

bool Contains(const std::vector<uint32_t>& sorted, uint32_t uid) {
  return std::binary_search(sorted.begin(), sorted.end(), uid);
}

bool IsThere(const MailboxView& view, uint32_t uid) {
  auto index = view.IndexOf(uid);
  return index && !view.IsGone(*index);
}

uint32_t NumberOf(const UpdatedSearch& search, const MailboxView& view, uint32_t uid) {
  if (search.numbers == Numbers::kUid) return uid;
  return static_cast<uint32_t>(view.IndexOf(uid).value_or(0) + 1);
}

// A place in the list of the client, and the messages that come or go there.
using Change = std::pair<size_t, std::string>;

std::string Write(const UpdatedSearch& search, std::string_view item,
                  const std::vector<Change>& changes) {
  if (changes.empty()) return "";
  std::string out = "* ESEARCH (TAG ";
  WriteString(search.tag, out);
  out += search.numbers == Numbers::kUid ? ") UID " : ") ";
  out += item;
  char before = '(';
  out += ' ';
  for (const auto& [place, set] : changes) {
    out += fmt::format("{}{} {}", before, place, set);
    before = ' ';
  }
  return out + ")\r\n";
}

// RFC 5267 4.3.3: in the order of the mailbox no place has to be told.
std::vector<Change> InMailboxOrder(const UpdatedSearch& search, const MailboxView& view,
                                   const std::vector<uint32_t>& uids) {
  if (uids.empty()) return {};
  std::vector<uint32_t> numbers;
  numbers.reserve(uids.size());
  for (uint32_t uid : uids) numbers.push_back(NumberOf(search, view, uid));
  return {{0, FormatSet(numbers)}};
}

}  // namespace

bool SearchUpdates::HasRoom(size_t results) const {
  if (searches_.empty()) return true;
  size_t all = results;
  for (const UpdatedSearch& search : searches_) all += search.now.size();
  return searches_.size() < kMaxSearches && all <= kMaxResults;
}

bool SearchUpdates::Has(std::string_view tag) const {
  return std::any_of(searches_.begin(), searches_.end(),
                     [tag](const UpdatedSearch& search) { return search.tag == tag; });
}

void SearchUpdates::Add(UpdatedSearch search, const MailboxView& view) {
  if (searches_.empty()) Settle(view);
  search.now = search.told;
  searches_.push_back(std::move(search));
}

void SearchUpdates::Cancel(std::string_view tag) {
  std::erase_if(searches_, [tag](const UpdatedSearch& search) { return search.tag == tag; });
}

std::vector<uint32_t> SearchUpdates::ChangedIn(const MailboxView& view) const {
  std::vector<uint32_t> uids;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.modseq_at(i) > right_at_ && !view.IsGone(i)) uids.push_back(view.uid_at(i));
  }
  return uids;
}

void SearchUpdates::SetMatches(size_t search, std::vector<uint32_t> uids) {
  searches_[search].now = std::move(uids);
}

std::string SearchUpdates::TakeRemovals(const MailboxView& view) {
  std::string out;
  for (UpdatedSearch& search : searches_) {
    std::erase_if(search.now, [&view](uint32_t uid) { return !IsThere(view, uid); });
    if (search.now == search.told) continue;
    std::vector<uint32_t> stay = Sorted(search.now);
    std::vector<uint32_t> gone;
    std::vector<Change> changes;
    for (size_t i = search.told.size(); i-- > 0;) {
      uint32_t uid = search.told[i];
      if (Contains(stay, uid)) continue;
      gone.push_back(uid);
      // From the end, so that no place named here is moved by another.
      if (!search.order.empty())
        changes.emplace_back(i + 1, std::to_string(NumberOf(search, view, uid)));
    }
    if (search.order.empty()) changes = InMailboxOrder(search, view, Sorted(gone));
    out += Write(search, "REMOVEFROM", changes);
    std::erase_if(search.told, [&stay](uint32_t uid) { return !Contains(stay, uid); });
  }
  return out;
}

std::string SearchUpdates::TakeAdditions(const MailboxView& view) {
  std::string out;
  for (UpdatedSearch& search : searches_) {
    if (search.now == search.told) continue;
    std::vector<uint32_t> known = Sorted(search.told);
    std::vector<uint32_t> added;
    std::vector<Change> changes;
    for (size_t i = 0; i < search.now.size(); ++i) {
      uint32_t uid = search.now[i];
      if (Contains(known, uid)) continue;
      added.push_back(uid);
      // In ascending order, so that each place is the one the message has in the end.
      if (!search.order.empty())
        changes.emplace_back(i + 1, std::to_string(NumberOf(search, view, uid)));
    }
    if (search.order.empty()) changes = InMailboxOrder(search, view, added);
    out += Write(search, "ADDTO", changes);
    search.told = search.now;
  }
  return out;
}

}  // namespace pennypost::imap
