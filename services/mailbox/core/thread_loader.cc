// What threading needs of each message.

#include <algorithm>

#include "mail/header.h"
#include "mime/thread.h"
#include "services/mailbox/core/order.h"
#include "services/mailbox/core/threads.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kStep = 500;  // messages loaded at once

// RFC 5256 3: one id however it is quoted.
std::vector<std::string> Ids(const mail::HeaderBlock& block, std::string_view name) {
  const auto* field = block.Find(name);
  if (field == nullptr) return {};
  std::vector<std::string> ids = mime::ParseMessageIds(mail::Unfold(field->value));
  for (std::string& id : ids) std::erase_if(id, [](char c) { return c == '"' || c == '\\'; });
  return ids;
}

ThreadMessage Of(const MessageRow& row, std::string_view header) {
  mail::HeaderBlock block = mail::ParseHeaderBlock(header);
  ThreadMessage message;
  message.uid = row.uid;
  const auto* date = block.Find("Date");
  message.sent = SentTime(date ? mail::Unfold(date->value) : "", row.internal_date);
  std::vector<std::string> own = Ids(block, "Message-ID");
  if (!own.empty()) message.id = own.front();
  message.references = Ids(block, "References");
  if (message.references.empty()) {
    message.references = Ids(block, "In-Reply-To");
    if (message.references.size() > 1) message.references.resize(1);
  }
  if (const auto* field = block.Find("Subject")) {
    mime::Subject subject = mime::ParseSubject(field->value);
    message.base_subject = std::move(subject.base);
    message.reply = subject.reply;
  }
  return message;
}

}  // namespace

absl::StatusOr<std::vector<ThreadMessage>> LoadThreadMessages(const std::vector<MessageRow>& rows,
                                                              const Loader& load) {
  std::vector<ThreadMessage> messages;
  for (size_t at = 0; at < rows.size(); at += kStep) {
    size_t end = std::min(at + kStep, rows.size());
    std::vector<uint32_t> uids;
    for (size_t i = at; i < end; ++i) uids.push_back(rows[i].uid);
    ASSIGN_OR_RETURN(auto contents, load(uids, {false, true, false}));
    size_t next = at;
    for (const MessageContent& content : contents) {
      while (next < end && rows[next].uid < content.uid) ++next;
      if (next < end && rows[next].uid == content.uid)
        messages.push_back(Of(rows[next], content.header));
    }
  }
  return messages;
}

}  // namespace pennypost::mailbox
