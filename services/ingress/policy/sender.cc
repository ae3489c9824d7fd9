#include "services/ingress/policy/sender.h"

#include "rpc/call.h"
#include "services/ingress/smtp_error.h"

namespace pennypost::ingress {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

}  // namespace

net::Awaitable<absl::Status> CheckOwnership(SessionContext& session,
                                            std::vector<std::string> addresses) {
  directory::v1::CheckSenderRequest question;
  question.set_account_id(session.account_id);
  for (std::string& address : addresses) *question.add_addresses() = std::move(address);
  auto call =
      rpc::Call(*session.platform.clients.directory, &directory::v1::DirectoryService::CheckSender,
                std::move(question), kTimeout);
  absl::StatusOr<directory::v1::CheckSenderResponse> answer = co_await std::move(call);
  if (!answer.ok()) co_return answer.status();
  if (answer->refused_size() > 0) co_return PolicyError("sender address is not yours");
  co_return absl::OkStatus();
}

net::Awaitable<smtp::Outcome> CheckSender(SessionContext& session, const mail::Envelope& envelope) {
  session.targets.clear();
  if (session.info->mode != smtp::Mode::kSubmission || !envelope.sender) co_return smtp::Accept{};
  std::vector<std::string> addresses{envelope.sender->ToString()};
  auto check = CheckOwnership(session, std::move(addresses));
  absl::Status status = co_await std::move(check);
  if (status.ok()) co_return smtp::Accept{};
  if (status.code() == absl::StatusCode::kPermissionDenied) {
    co_return smtp::Refuse{{550, "5.7.1", "this sender address is not yours"}};
  }
  co_return smtp::Defer{ReplyFor(status)};
}

}  // namespace pennypost::ingress
