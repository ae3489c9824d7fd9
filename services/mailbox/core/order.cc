#include "services/mailbox/core/order.h"

#include <algorithm>
#include <numeric>

#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "mime/structure.h"
#include "mime/thread.h"
#include "sieve/date_time.h"

namespace pennypost::mailbox {
namespace {

constexpr int kMaxKeys = 20;
constexpr size_t kStep = 500;  // messages loaded at once

// What is compared: one of them a message and key.
struct Value {
  int64_t number = 0;
  std::string text;
};

// RFC 5256 3 FROM: the local part of the first address, or the name of a group.
std::string MailboxOf(const mime::AddressList& list) {
  return list.empty() ? "" : mime::FoldCase(list[0].mailbox);
}

// RFC 5957 3
std::string DisplayOf(const mime::AddressList& list) {
  if (list.empty()) return "";
  const mime::Address& first = list[0];
  std::string name = mime::DecodeHeader(first.name);
  if (name.empty()) name = first.host.empty() ? first.mailbox : first.mailbox + "@" + first.host;
  return mime::FoldCase(name);
}

bool NeedsStructure(v1::SortKey::Field field) {
  return field != v1::SortKey::FIELD_ARRIVAL && field != v1::SortKey::FIELD_SIZE &&
         field != v1::SortKey::FIELD_RELEVANCY;
}

Value ValueOf(v1::SortKey::Field field, const MessageRow& row, const mime::Envelope& envelope) {
  switch (field) {
    case v1::SortKey::FIELD_ARRIVAL:
      return {absl::ToUnixSeconds(row.internal_date), ""};
    case v1::SortKey::FIELD_SIZE:
      return {static_cast<int64_t>(row.size), ""};
    case v1::SortKey::FIELD_RELEVANCY:
      return {-static_cast<int64_t>(row.relevancy), ""};  // RFC 6203 6: the highest one first
    case v1::SortKey::FIELD_DATE:
      return {absl::ToUnixSeconds(SentTime(envelope.date.value_or(""), row.internal_date)), ""};
    case v1::SortKey::FIELD_SUBJECT:
      return {0, mime::BaseSubject(envelope.subject.value_or(""))};
    case v1::SortKey::FIELD_CC:
      return {0, MailboxOf(envelope.cc)};
    case v1::SortKey::FIELD_FROM:
      return {0, MailboxOf(envelope.from)};
    case v1::SortKey::FIELD_TO:
      return {0, MailboxOf(envelope.to)};
    case v1::SortKey::FIELD_DISPLAY_FROM:
      return {0, DisplayOf(envelope.from)};
    case v1::SortKey::FIELD_DISPLAY_TO:
      return {0, DisplayOf(envelope.to)};
    default:
      return {};
  }
}

struct Item {
  const MessageRow* row;
  std::vector<Value> values;
};

bool Before(const Item& a, const Item& b, const SortKeys& keys) {
  for (int i = 0; i < keys.size(); ++i) {
    const Value& left = a.values[static_cast<size_t>(i)];
    const Value& right = b.values[static_cast<size_t>(i)];
    int64_t order = left.number < right.number   ? -1
                    : left.number > right.number ? 1
                                                 : left.text.compare(right.text);
    if (order != 0) return keys[i].reverse() ? order > 0 : order < 0;
  }
  // RFC 5256 3: the order of the mailbox decides, never reversed.
  return a.row->uid < b.row->uid;
}

absl::Status CheckKeys(const SortKeys& keys) {
  bool good = !keys.empty() && keys.size() <= kMaxKeys;
  for (const v1::SortKey& key : keys) {
    good = good && v1::SortKey::Field_IsValid(key.field()) &&
           key.field() != v1::SortKey::FIELD_UNSPECIFIED;
  }
  return good ? absl::OkStatus() : SyntaxError("bad sort keys");
}

}  // namespace

absl::Time SentTime(std::string_view date, absl::Time internal_date) {
  if (auto parsed = sieve::ParseDateTime(date)) return parsed->time;
  if (auto day = SentDay(date)) return absl::UnixEpoch() + absl::Hours(24) * *day;
  return internal_date;
}

absl::StatusOr<std::vector<MessageRow>> SortMessages(const std::vector<MessageRow>& rows,
                                                     const SortKeys& keys, const Loader& load) {
  RETURN_IF_ERROR(CheckKeys(keys));
  bool structure = std::any_of(keys.begin(), keys.end(),
                               [](const v1::SortKey& key) { return NeedsStructure(key.field()); });
  std::vector<Item> items;
  auto add = [&](const MessageRow& row, const mime::Envelope& envelope) {
    Item& item = items.emplace_back(Item{&row, {}});
    for (const v1::SortKey& key : keys) item.values.push_back(ValueOf(key.field(), row, envelope));
  };
  for (size_t at = 0; at < rows.size(); at += kStep) {
    size_t end = std::min(at + kStep, rows.size());
    if (!structure) {
      for (size_t i = at; i < end; ++i) add(rows[i], {});
      continue;
    }
    std::vector<uint32_t> uids;
    for (size_t i = at; i < end; ++i) uids.push_back(rows[i].uid);
    ASSIGN_OR_RETURN(auto contents, load(uids, {true, false, false}));
    size_t next = at;
    for (const MessageContent& content : contents) {
      // Both ascend.
      while (next < end && rows[next].uid < content.uid) ++next;
      if (next == end || rows[next].uid != content.uid) continue;
      ASSIGN_OR_RETURN(mime::Structure parsed, mime::Deserialize(content.structure));
      add(rows[next], parsed.envelope());
    }
  }
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return Before(items[a], items[b], keys); });
  std::vector<MessageRow> sorted;
  sorted.reserve(order.size());
  for (size_t index : order) sorted.push_back(*items[index].row);
  return sorted;
}

}  // namespace pennypost::mailbox
