#include "services/ingress/policy/auth.h"

#include "base/text.h"
#include "log/log.h"
#include "rpc/call.h"
#include "services/ingress/smtp_error.h"

namespace pennypost::ingress {
namespace {

using directory::v1::DirectoryService;

// A throttled answer comes late on purpose (directory delays it).
constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr char kProtocol[] = "smtp";

// Takes the account over into the session, or says why not.
smtp::Outcome Finish(SessionContext& session, std::string_view mechanism, const std::string& user,
                     const std::string& authzid,
                     const absl::StatusOr<directory::v1::AuthenticateResponse>& answer) {
  if (!answer.ok()) {
    log::Info("smtp.auth.failed", {{"session", session.session_id},
                                   {"client_ip", session.client_ip},
                                   {"user", user},
                                   {"mechanism", mechanism},
                                   {"error", Describe(answer.status())}});
    mail::SmtpReply reply = ReplyFor(answer.status(), At::kLogin);
    if (reply.IsPermanent()) return smtp::Refuse{std::move(reply)};
    return smtp::Defer{std::move(reply)};
  }
  const directory::v1::Account& account = answer->account();
  // Nobody acts as another: an authorization identity may only repeat who one is.
  if (!authzid.empty() && authzid != user && !EqualsIgnoreCase(authzid, account.address())) {
    return smtp::Refuse{{535, "5.7.8", "authentication failed"}};
  }
  session.account_id = account.id();
  session.account_address = account.address();
  log::Info("smtp.auth.ok", {{"session", session.session_id},
                             {"client_ip", session.client_ip},
                             {"user", account.address()},
                             {"mechanism", mechanism}});
  return smtp::Accept{};
}

}  // namespace

net::Awaitable<smtp::Outcome> CheckPassword(SessionContext& session, smtp::CheckPassword request) {
  directory::v1::AuthenticateRequest question;
  question.set_user(request.credentials.user);
  question.set_password(request.credentials.password);
  question.set_protocol(kProtocol);
  question.set_client_ip(session.client_ip);
  auto call = rpc::Call(*session.platform.clients.directory, &DirectoryService::Authenticate,
                        std::move(question), kTimeout);
  absl::StatusOr<directory::v1::AuthenticateResponse> answer = co_await std::move(call);
  co_return Finish(session, request.mechanism, request.credentials.user,
                   request.credentials.authzid, answer);
}

net::Awaitable<smtp::Outcome> FetchScramKeys(SessionContext& session,
                                             smtp::FetchScramKeys request) {
  directory::v1::GetScramKeysRequest question;
  question.set_user(request.user);
  question.set_protocol(kProtocol);
  question.set_client_ip(session.client_ip);
  auto call = rpc::Call(*session.platform.clients.directory, &DirectoryService::GetScramKeys,
                        std::move(question), kTimeout);
  absl::StatusOr<directory::v1::GetScramKeysResponse> answer = co_await std::move(call);
  if (!answer.ok()) {
    mail::SmtpReply reply = ReplyFor(answer.status(), At::kLogin);
    if (reply.IsPermanent()) co_return smtp::Refuse{std::move(reply)};
    co_return smtp::Defer{std::move(reply)};
  }
  sasl::ScramKeys keys{answer->salt(), static_cast<int>(answer->iterations()), answer->stored_key(),
                       answer->server_key()};
  co_return keys;
}

net::Awaitable<smtp::Outcome> FinishScram(SessionContext& session, smtp::ScramFinished request) {
  directory::v1::FinishScramRequest question;
  question.set_user(request.identity.user);
  question.set_protocol(kProtocol);
  question.set_client_ip(session.client_ip);
  question.set_success(request.proven);
  auto call = rpc::Call(*session.platform.clients.directory, &DirectoryService::FinishScram,
                        std::move(question), kTimeout);
  absl::StatusOr<directory::v1::AuthenticateResponse> answer = co_await std::move(call);
  co_return Finish(session, request.mechanism, request.identity.user, request.identity.authzid,
                   answer);
}

}  // namespace pennypost::ingress
