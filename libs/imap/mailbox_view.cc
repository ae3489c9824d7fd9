#include "imap/mailbox_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/status.h"
#include "imap/write.h"

namespace pennypost::imap {

uint32_t MailboxView::Intern(const Flags& flags) {
  auto [at, added] = flag_index_.try_emplace(flags, static_cast<uint32_t>(flag_sets_.size()));
  if (added) flag_sets_.push_back(flags);
  return at->second;
}

MessageState MailboxView::At(size_t index) const {
  const Entry& entry = entries_[index];
  return {entry.uid, entry.modseq, entry.size, entry.internal_date, flag_sets_[entry.flags]};
}

std::optional<size_t> MailboxView::IndexOf(uint32_t uid) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), uid,
                             [](const Entry& entry, uint32_t value) { return entry.uid < value; });
  if (at == entries_.end() || at->uid != uid) return std::nullopt;
  return static_cast<size_t>(at - entries_.begin());
}

uint32_t MailboxView::FirstUnseen() const {
  std::vector<bool> seen;
  for (const Flags& flags : flag_sets_) {
    seen.push_back(std::find(flags.begin(), flags.end(), "\\Seen") != flags.end());
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!seen[entries_[i].flags]) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

std::vector<std::string> MailboxView::KeywordsInUse() const {
  std::set<std::string> keywords;
  for (const Flags& flags : flag_sets_) {
    for (const std::string& flag : flags) {
      if (!flag.starts_with('\\')) keywords.insert(flag);
    }
  }
  return {keywords.begin(), keywords.end()};
}

void MailboxView::Load(const std::vector<MessageState>& messages) {
  entries_.reserve(messages.size());
  for (const MessageState& message : messages) Change(message, Origin::kOwn);
  announced_ = entries_.size();
}

void MailboxView::Change(const MessageState& message, Origin origin) {
  auto index = IndexOf(message.uid);
  if (!index) {
    // Only a UID above all others is a new message; another one is a message the client was told is
    // gone.
    if (!entries_.empty() && message.uid < entries_.back().uid) return;
    Entry entry;
    entry.uid = message.uid;
    entry.modseq = message.modseq;
    entry.size = message.size;
    entry.internal_date = message.internal_date;
    entry.flags = Intern(message.flags);
    entries_.push_back(entry);
    info_.uid_next =
        std::max(info_.uid_next, message.uid == UINT32_MAX ? message.uid : message.uid + 1);
    return;
  }
  Entry& entry = entries_[*index];
  // Answers of calls that overlapped may arrive out of order.
  if (message.modseq < entry.modseq) return;
  uint32_t flags = Intern(message.flags);
  bool changed = flags != entry.flags || message.modseq != entry.modseq;
  entry.flags = flags;
  entry.modseq = message.modseq;
  bool dirty = origin == Origin::kOthers ? entry.dirty || changed : false;
  // A message the client does not know yet is announced by EXISTS; it asks for its flags then.
  if (*index >= announced_) dirty = false;
  dirty_ += (dirty ? 1 : 0) - (entry.dirty ? 1 : 0);
  entry.dirty = dirty;
}

void MailboxView::Vanish(const std::vector<uint32_t>& uids) {
  for (uint32_t uid : uids) {
    auto index = IndexOf(uid);
    if (!index || entries_[*index].gone) continue;
    entries_[*index].gone = true;
    ++gone_;
  }
}

bool MailboxView::HasUpdates(Expunges expunges) const {
  return entries_.size() != announced_ || dirty_ > 0 ||
         (expunges == Expunges::kReport && gone_ > 0);
}

void MailboxView::AppendFetch(size_t index, UpdateForm form, std::string& out) const {
  const Entry& entry = entries_[index];
  out += fmt::format("* {} FETCH (", index + 1);
  if (form.uid) out += fmt::format("UID {} ", entry.uid);
  out += "FLAGS ";
  WriteFlags(flag_sets_[entry.flags], out);
  if (form.modseq) out += fmt::format(" MODSEQ ({})", entry.modseq);
  out += ")\r\n";
}

// From the highest number down, so that no number said here shifts another (RFC 9051 7.5.1).
void MailboxView::AppendExpunges(UpdateForm form, std::string& out) {
  std::vector<uint32_t> uids;
  for (size_t i = entries_.size(); i-- > 0;) {
    // One that came and went between two reports was never announced.
    if (!entries_[i].gone || i >= announced_) continue;
    if (form.vanished) {
      uids.push_back(entries_[i].uid);
    } else {
      out += fmt::format("* {} EXPUNGE\r\n", i + 1);
    }
  }
  std::reverse(uids.begin(), uids.end());
  if (!uids.empty()) out += fmt::format("* VANISHED {}\r\n", FormatSet(uids));
  size_t told = 0;
  for (size_t i = 0; i < announced_ && i < entries_.size(); ++i) told += entries_[i].gone ? 1 : 0;
  announced_ -= told;
  std::erase_if(entries_, [](const Entry& entry) { return entry.gone; });
  gone_ = 0;
}

std::string MailboxView::TakeUpdates(Expunges expunges, UpdateForm form) {
  std::string out;
  if (dirty_ > 0) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!entries_[i].dirty) continue;
      entries_[i].dirty = false;
      if (!entries_[i].gone) AppendFetch(i, form, out);
    }
    dirty_ = 0;
  }
  if (expunges == Expunges::kReport && gone_ > 0) AppendExpunges(form, out);
  if (entries_.size() != announced_) {
    announced_ = entries_.size();
    out += fmt::format("* {} EXISTS\r\n", announced_);
  }
  return out;
}

absl::StatusOr<std::vector<size_t>> MailboxView::Resolve(const NumberSet& set,
                                                         Numbers numbers) const {
  std::vector<size_t> indexes;
  if (set.saved) {
    for (uint32_t uid : saved_) {
      if (auto index = IndexOf(uid)) indexes.push_back(*index);
    }
    return indexes;
  }
  // Marks instead of a list: many overlapping ranges must not cost more than the mailbox is large.
  std::vector<NumberRange> ranges;
  auto star = numbers == Numbers::kUid ? (entries_.empty() ? 1 : entries_.back().uid)
                                       : static_cast<uint32_t>(announced_);
  for (NumberRange range : set.ranges) {
    if (range.first == kStar) range.first = star;
    if (range.last == kStar) range.last = star;
    if (range.first > range.last) std::swap(range.first, range.last);
    if (numbers == Numbers::kSequence && (range.first == 0 || range.last > announced_)) {
      return SyntaxError("No such message");
    }
    ranges.push_back(range);
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const NumberRange& a, const NumberRange& b) { return a.first < b.first; });
  size_t next = 0;
  for (const NumberRange& range : ranges) {
    size_t at = 0;
    if (numbers == Numbers::kSequence) {
      at = range.first - 1;
    } else {
      at = static_cast<size_t>(
          std::lower_bound(entries_.begin(), entries_.end(), range.first,
                           [](const Entry& entry, uint32_t value) { return entry.uid < value; }) -
          entries_.begin());
    }
    for (at = std::max(at, next); at < entries_.size(); ++at) {
      if ((numbers == Numbers::kSequence ? at + 1 : entries_[at].uid) > range.last) break;
      indexes.push_back(at);
    }
    next = std::max(next, at);
  }
  return indexes;
}

}  // namespace pennypost::imap
