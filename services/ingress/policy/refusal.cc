#include "services/ingress/policy/refusal.h"

#include "base/text.h"

namespace pennypost::ingress {
namespace {

constexpr size_t kMaxRefusedEvents = 20;  // of one session

}  // namespace

void NoteRefusal(SessionContext& session, const mail::Envelope& envelope,
                 const std::string& recipient, const std::string& detail) {
  if (session.refused.size() >= kMaxRefusedEvents) return;
  absl::Time now = session.platform.clock.Now();
  if (!session.platform.refusals.Take(now)) return;
  history::v1::Event event;
  event.set_mail_id(session.mail_id);
  event.mutable_time()->set_seconds(absl::ToUnixSeconds(now));
  event.set_service("ingress");
  event.set_kind("refused");
  event.set_sender(envelope.SenderText());
  event.set_recipient(ToLower(recipient));  // as people look for it
  event.set_detail(fmt::format("{} (from {}, {})", detail, session.client_ip, session.info->helo));
  session.refused.push_back(std::move(event));
}

}  // namespace pennypost::ingress
