#include "services/mailbox/core/email.h"

#include "mail/header.h"
#include "mime/structure.h"
#include "mime/thread.h"

namespace pennypost::mailbox {
namespace {

// Conversations by the oldest ancestor that a message names: every answer to one mail carries that
// id first in its References (RFC 5322 3.6.4), so all of them get the same thread without a
// look-up.
Uuid ThreadOf(std::string_view content, const mime::Structure& structure, const Uuid& email_id) {
  constexpr size_t kAllIds = 1000;
  std::string_view header = content.substr(0, structure.parts[0].header_size);
  mail::HeaderBlock block = mail::ParseHeaderBlock(header);
  std::vector<std::string> ids;
  if (const auto* references = block.Find("References")) {
    ids = mime::ParseMessageIds(mail::Unfold(references->value), kAllIds);
  }
  if (ids.empty() && structure.envelope().in_reply_to)
    ids = mime::ParseMessageIds(*structure.envelope().in_reply_to);
  if (ids.empty() && structure.envelope().message_id)
    ids = mime::ParseMessageIds(*structure.envelope().message_id);
  return ids.empty() ? email_id : UuidV5(Uuid{}, ids.front());
}

}  // namespace

PreparedEmail PrepareEmail(std::string_view content, const Uuid& email_id) {
  mime::Structure structure = mime::ParseStructure(content);
  PreparedEmail email;
  email.content = content;
  email.sha256 = Sha256(content);
  email.structure = mime::Serialize(structure);
  email.thread_id = ThreadOf(content, structure, email_id);
  email.header_size = structure.parts[0].header_size;
  return email;
}

}  // namespace pennypost::mailbox
