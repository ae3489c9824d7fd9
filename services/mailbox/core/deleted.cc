#include "services/mailbox/core/deleted.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <fmt/format.h>

#include "mime/encoded_word.h"
#include "mime/structure.h"

namespace pennypost::mailbox {

std::string DeletedId::ToString() const {
  return fmt::format("{}-{}-{}", mailbox_id, modseq, uid);
}

absl::StatusOr<DeletedId> ParseDeletedId(std::string_view text) {
  std::vector<std::string> parts = absl::StrSplit(std::string(text), '-');
  DeletedId id;
  int64_t modseq = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &id.mailbox_id) ||
      !absl::SimpleAtoi(parts[1], &modseq) || !absl::SimpleAtoi(parts[2], &id.uid) ||
      id.mailbox_id < 0 || modseq < 0) {
    return SyntaxError(fmt::format("'{}' is no id of a deleted message", text));
  }
  id.modseq = static_cast<uint64_t>(modseq);
  return id;
}

void DescribeContent(std::string_view structure, v1::DeletedMessage* message) {
  auto parsed = mime::Deserialize(structure);
  if (!parsed.ok() || parsed->envelopes.empty()) return;
  const mime::Envelope& envelope = parsed->envelopes[0];
  message->set_subject(mime::DecodeHeader(envelope.subject.value_or("")));
  if (envelope.from.empty()) return;
  const mime::Address& from = envelope.from[0];
  message->set_from(from.host.empty() ? from.mailbox : from.mailbox + "@" + from.host);
}

std::string RestoredEvent(const std::string& email_id, const std::string& mailbox, uint32_t uid,
                          const std::string& actor) {
  v1::DeliverRequest list;
  auto* event = list.add_events();
  event->set_mail_id(email_id);
  event->mutable_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
  event->set_service("mailbox");
  event->set_kind("restored");
  event->set_detail(fmt::format("into {} as UID {}, by {}", mailbox, uid,
                                actor.empty() ? "the operator" : actor));
  return list.SerializeAsString();
}

}  // namespace pennypost::mailbox
