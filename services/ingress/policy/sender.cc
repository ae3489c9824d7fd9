#include "services/ingress/policy/sender.h"

#include "base/id.h"
#include "log/log.h"
#include "rpc/call.h"
#include "services/ingress/smtp_error.h"

namespace pennypost::ingress {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kRoomTimeout = absl::Seconds(1);

// ROBUSTNESS K6: who is told at MAIL need not send what could not be stored. A store that does not
// answer is not full; that trouble shows where it is needed.
net::Awaitable<bool> StoresAreFull(Platform& platform) {
  if (!platform.room.AskNow(platform.clock.Now())) co_return platform.room.full();
  mailbox::v1::CheckRoomRequest of_mailbox;
  auto ask_mailbox = rpc::Call(*platform.clients.mailbox, &mailbox::v1::MailboxService::CheckRoom,
                               std::move(of_mailbox), kRoomTimeout);
  absl::StatusOr<mailbox::v1::CheckRoomResponse> mailbox = co_await std::move(ask_mailbox);
  relay::v1::CheckRoomRequest of_relay;
  auto ask_relay = rpc::Call(*platform.clients.relay, &relay::v1::RelayService::CheckRoom,
                             std::move(of_relay), kRoomTimeout);
  absl::StatusOr<relay::v1::CheckRoomResponse> relay = co_await std::move(ask_relay);
  bool full = ReasonOf(mailbox.status()) == Reason::kStorageFull ||
              ReasonOf(relay.status()) == Reason::kStorageFull;
  if (full != platform.room.full()) {
    if (full) {
      log::Error("smtp.store.full", {});
    } else {
      log::Info("smtp.store.has_room", {});
    }
  }
  platform.room.Note(full);
  co_return full;
}

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
  session.mail_id = NewUuidV7(session.platform.clock.Now()).ToString();
  auto ask = StoresAreFull(session.platform);
  bool full = co_await std::move(ask);
  if (full) co_return smtp::Defer{{452, "4.3.1", "no room here now, try again later"}};
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
