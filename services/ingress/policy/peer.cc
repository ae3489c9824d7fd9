#include "services/ingress/policy/peer.h"

#include "services/ingress/policy/filter.h"

namespace pennypost::ingress {

mail::v1::Origin OriginOf(const SessionContext& session) {
  mail::v1::Origin origin;
  origin.set_client_ip(session.client_ip);
  origin.set_client_port(session.peer.port);
  origin.set_helo(session.info->helo);
  origin.set_auth_user(session.account_address);
  origin.set_auth_account_id(session.account_id);
  origin.set_tls(session.tls);
  origin.set_protocol(std::string(ProtocolOf(session.info->mode)));
  origin.set_session_id(session.session_id);
  origin.mutable_received_at()->set_seconds(absl::ToUnixSeconds(session.platform.clock.Now()));
  return origin;
}

net::Awaitable<smtp::Outcome> CheckPeer(SessionContext& session) {
  Platform& platform = session.platform;
  if (session.info->mode == smtp::Mode::kLmtp) co_return smtp::Accept{};
  if (!platform.rate.Admit(session.peer.address.LimitKey(), platform.clock.Now())) {
    co_return smtp::Defer{{421, "4.7.0", "too many connections from your address"}};
  }
  if (session.info->mode == smtp::Mode::kSubmission) co_return smtp::Accept{};
  filter::v1::CheckRequest request;
  request.set_stage(filter::v1::CheckRequest::STAGE_CONNECTION);
  *request.mutable_origin() = OriginOf(session);
  auto call = AskFilter(platform, std::move(request));
  absl::StatusOr<filter::v1::CheckResponse> answer = co_await std::move(call);
  // Nobody is turned away at the door because our filter is away; the message is judged again.
  if (!answer.ok()) co_return smtp::Accept{};
  if (auto refusal = RefusalOf(*answer)) {
    // RFC 5321 3.1: a greeting is 220 or 554; for "later" there is 421.
    if (refusal->IsTransient()) refusal->code = 421;
    if (refusal->IsPermanent()) refusal->code = 554;
    co_return smtp::Refuse{*refusal};
  }
  session.recipients_judged = !answer->recipients_unjudged();
  co_return smtp::Accept{};
}

}  // namespace pennypost::ingress
