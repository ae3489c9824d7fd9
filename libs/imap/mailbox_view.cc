#include "imap/mailbox_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/status.h"
#include "imap/write.h"

namespace pennypost::imap {

uint32_t MailboxView::Table::Intern(const Flags& flags) {
  auto [at, added] = flag_index.try_emplace(flags, static_cast<uint32_t>(flag_sets.size()));
  if (added) flag_sets.push_back(flags);
  return at->second;
}

MailboxView::Table& MailboxView::Own() {
  // Another copy may let go of it meanwhile, on another thread: then one copy was made in vain.
  if (table_.use_count() > 1) table_ = std::make_shared<Table>(*table_);
  return *table_;
}

MessageState MailboxView::At(size_t index) const {
  const Entry& entry = table_->entries[index];
  return {entry.uid, entry.modseq, entry.size, entry.internal_date, table_->flag_sets[entry.flags]};
}

std::optional<size_t> MailboxView::IndexOf(uint32_t uid) const {
  const auto& entries = table_->entries;
  auto at = std::lower_bound(entries.begin(), entries.end(), uid,
                             [](const Entry& entry, uint32_t value) { return entry.uid < value; });
  if (at == entries.end() || at->uid != uid) return std::nullopt;
  return static_cast<size_t>(at - entries.begin());
}

uint32_t MailboxView::FirstUnseen() const {
  std::vector<bool> seen;
  for (const Flags& flags : table_->flag_sets) {
    seen.push_back(std::find(flags.begin(), flags.end(), "\\Seen") != flags.end());
  }
  for (size_t i = 0; i < size(); ++i) {
    if (!seen[table_->entries[i].flags]) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

std::vector<std::string> MailboxView::KeywordsInUse() const {
  std::set<std::string> keywords;
  for (const Flags& flags : table_->flag_sets) {
    for (const std::string& flag : flags) {
      if (!flag.starts_with('\\')) keywords.insert(flag);
    }
  }
  return {keywords.begin(), keywords.end()};
}

void MailboxView::Load(std::vector<Flags> flag_sets, const std::vector<Row>& rows) {
  auto table = std::make_shared<Table>();
  std::vector<uint32_t> interned;
  interned.reserve(flag_sets.size());
  for (const Flags& flags : flag_sets) interned.push_back(table->Intern(flags));
  table->entries.reserve(rows.size());
  for (const Row& row : rows) {
    Entry& entry = table->entries.emplace_back();
    entry.uid = row.uid;
    entry.size = row.size;
    entry.modseq = row.modseq;
    entry.internal_date = row.internal_date;
    entry.flags = interned[row.flags];
  }
  table_ = std::move(table);
  announced_ = size();
}

void MailboxView::Settle() {
  if (gone_ > 0) std::erase_if(Own().entries, [](const Entry& entry) { return entry.gone; });
  if (dirty_ > 0) {
    for (Entry& entry : Own().entries) entry.dirty = false;
  }
  gone_ = dirty_ = 0;
  announced_ = size();
}

void MailboxView::Change(const MessageState& message, Origin origin) {
  auto index = IndexOf(message.uid);
  if (!index) {
    // Only a UID above all others is a new message; another one is a message the client was told is
    // gone.
    if (size() > 0 && message.uid < table_->entries.back().uid) return;
    Table& table = Own();
    Entry entry;
    entry.uid = message.uid;
    entry.modseq = message.modseq;
    entry.size = message.size;
    entry.internal_date = message.internal_date;
    entry.flags = table.Intern(message.flags);
    table.entries.push_back(entry);
    info_.uid_next =
        std::max(info_.uid_next, message.uid == UINT32_MAX ? message.uid : message.uid + 1);
    return;
  }
  // Answers of calls that overlapped may arrive out of order.
  if (message.modseq < table_->entries[*index].modseq) return;
  Table& table = Own();
  Entry& entry = table.entries[*index];
  uint32_t flags = table.Intern(message.flags);
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
    if (!index || IsGone(*index)) continue;
    Own().entries[*index].gone = true;
    ++gone_;
  }
}

bool MailboxView::HasUpdates(Expunges expunges) const {
  return size() != announced_ || dirty_ > 0 || (expunges == Expunges::kReport && gone_ > 0);
}

void MailboxView::AppendFetch(size_t index, UpdateForm form, std::string& out) const {
  const Entry& entry = table_->entries[index];
  BeginFetch(index, entry.uid, form.numbers, out);
  if (form.uid) out += fmt::format("UID {} ", entry.uid);
  out += "FLAGS ";
  WriteFlags(table_->flag_sets[entry.flags], out);
  if (form.modseq) out += fmt::format(" MODSEQ ({})", entry.modseq);
  out += ")\r\n";
}

// From the highest number down, so that no number said here shifts another (RFC 9051 7.5.1).
void MailboxView::AppendExpunges(UpdateForm form, std::string& out) {
  std::vector<uint32_t> uids;
  for (size_t i = size(); i-- > 0;) {
    // One that came and went between two reports was never announced.
    if (!IsGone(i) || i >= announced_) continue;
    if (form.vanished) {
      uids.push_back(uid_at(i));
    } else {
      out += fmt::format("* {} EXPUNGE\r\n", i + 1);
    }
  }
  std::reverse(uids.begin(), uids.end());
  if (!uids.empty()) out += fmt::format("* VANISHED {}\r\n", FormatSet(uids));
  size_t told = 0;
  for (size_t i = 0; i < announced_ && i < size(); ++i) told += IsGone(i) ? 1 : 0;
  announced_ -= told;
  std::erase_if(Own().entries, [](const Entry& entry) { return entry.gone; });
  gone_ = 0;
}

std::string MailboxView::TakeUpdates(Expunges expunges, UpdateForm form) {
  std::string out = TakeFlagReports(form);
  return out + TakeExpungesAndArrivals(expunges, form);
}

std::string MailboxView::TakeFlagReports(UpdateForm form) {
  std::string out;
  if (dirty_ > 0) {
    auto& entries = Own().entries;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].dirty) continue;
      entries[i].dirty = false;
      if (!entries[i].gone) AppendFetch(i, form, out);
    }
    dirty_ = 0;
  }
  return out;
}

std::string MailboxView::TakeExpungesAndArrivals(Expunges expunges, UpdateForm form) {
  std::string out;
  if (expunges == Expunges::kReport && gone_ > 0) AppendExpunges(form, out);
  if (size() != announced_) {
    announced_ = size();
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
  const auto& entries = table_->entries;
  // Marks instead of a list: many overlapping ranges must not cost more than the mailbox is large.
  std::vector<NumberRange> ranges;
  auto star = numbers == Numbers::kUid ? (entries.empty() ? 1 : entries.back().uid)
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
          std::lower_bound(entries.begin(), entries.end(), range.first,
                           [](const Entry& entry, uint32_t value) { return entry.uid < value; }) -
          entries.begin());
    }
    for (at = std::max(at, next); at < entries.size(); ++at) {
      if ((numbers == Numbers::kSequence ? at + 1 : entries[at].uid) > range.last) break;
      indexes.push_back(at);
    }
    next = std::max(next, at);
  }
  return indexes;
}

}  // namespace pennypost::imap
