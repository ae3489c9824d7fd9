#include "services/access/managesieve/connection.h"

#include "log/log.h"
#include "services/access/managesieve/managesieve_error.h"
#include "services/access/managesieve/policy.h"
#include "sieve/language.h"

namespace pennypost::access {
namespace {

managesieve::SessionOptions OptionsOf(const ManageSieveOptions& options) {
  managesieve::SessionOptions out;
  out.tls = options.link.implicit_tls;
  out.starttls = options.link.tls != nullptr;
  out.login_limit = options.login_timeout;
  out.idle_limit = options.idle_timeout;
  // As for IMAP: without a certificate there is no TLS to wait for.
  out.allow_plaintext = options.link.tls == nullptr;
  sieve::Limits limits;
  out.max_script = limits.max_script;
  out.max_redirects = static_cast<uint32_t>(limits.max_redirects);
  for (std::string_view name : sieve::TheLanguage().Capabilities()) {
    out.extensions += (out.extensions.empty() ? "" : " ") + std::string(name);
  }
  return out;
}

}  // namespace

ManageSieveConnection::ManageSieveConnection(clients::Clients& clients,
                                             const ManageSieveOptions& options,
                                             std::shared_ptr<net::Stream> stream, net::Peer peer,
                                             const net::DrainSignal& drain)
    : clients_(clients),
      options_(options),
      link_(options.link, std::move(stream), std::move(peer), drain),
      session_(OptionsOf(options)) {}

net::Awaitable<void> ManageSieveConnection::Run() {
  bool go_on = co_await link_.Open();
  while (go_on) {
    if (link_.draining()) session_.Shutdown("Server is restarting, come back");
    managesieve::Step step = session_.Next();
    go_on = co_await Act(std::move(step));
  }
  log::Info("managesieve.session.end", {{"peer", link_.client_ip()},
                                        {"user", account_.address},
                                        {"tls", link_.tls()},
                                        {"reason", link_.end()}});
}

net::Awaitable<bool> ManageSieveConnection::Act(managesieve::Step step) {
  if (auto* output = std::get_if<managesieve::Output>(&step))
    co_return co_await link_.Write(output->bytes);
  if (std::holds_alternative<managesieve::NeedInput>(step)) co_return co_await Read();
  if (std::holds_alternative<managesieve::StartTls>(step)) {
    bool shaken = co_await link_.StartTls();
    if (shaken) session_.TlsStarted();
    co_return shaken;
  }
  if (auto* close = std::get_if<managesieve::CloseConnection>(&step)) {
    link_.EndsBecause(close->reason);
    co_return false;
  }
  managesieve::Outcome outcome = co_await Answer(std::move(std::get<managesieve::Request>(step)));
  session_.Resume(std::move(outcome));
  co_return true;
}

net::Awaitable<bool> ManageSieveConnection::Read() {
  ClientLink::Got got = co_await link_.Read(session_.IdleLimit());
  if (got == ClientLink::Got::kBytes) session_.Feed(link_.bytes());
  // RFC 5804 1.2: who is sent away is told.
  if (got == ClientLink::Got::kTimeout)
    co_await link_.LastWords("BYE \"Too long without a command\"\r\n");
  co_return got == ClientLink::Got::kBytes || got == ClientLink::Got::kInterrupted;
}

net::Awaitable<managesieve::Outcome> ManageSieveConnection::Answer(managesieve::Request request) {
  LoginPeer who{"sieve", link_.client_ip()};
  if (auto* password = std::get_if<managesieve::CheckPassword>(&request)) {
    auto account = co_await CheckPassword(clients_, who, password->user, password->password);
    co_return Login(std::move(account));
  }
  if (auto* keys = std::get_if<managesieve::FetchScramKeys>(&request)) {
    auto found = co_await FetchScramKeys(clients_, who, keys->user);
    if (!found.ok()) co_return ManageSieveError(found.status());
    co_return managesieve::ScramKeysFound{*std::move(found)};
  }
  if (auto* finish = std::get_if<managesieve::FinishScram>(&request)) {
    auto account = co_await FinishScram(clients_, who, finish->user,
                                        finish->success ? ScramEnd::kProved : ScramEnd::kFailed);
    co_return Login(std::move(account));
  }
  if (std::holds_alternative<managesieve::ForgetLogin>(request)) {
    account_ = {};
    place_ = {};
    co_return managesieve::Accepted{};
  }
  co_return co_await AnswerScripts(clients_, account_.id, std::move(request));
}

managesieve::Outcome ManageSieveConnection::Login(absl::StatusOr<Account> account) {
  if (!account.ok()) {
    log::Info("managesieve.login.failed",
              {{"peer", link_.client_ip()}, {"error", Describe(account.status())}});
    return ManageSieveError(account.status());
  }
  if (options_.users != nullptr) {
    place_ = options_.users->Enter(account->id, link_.peer().address.LimitKey());
    if (!place_) {
      log::Info("managesieve.login.limit",
                {{"peer", link_.client_ip()}, {"user", account->address}});
      return managesieve::Refused{"TRYLATER", "Too many connections of yours from your address"};
    }
  }
  account_ = *std::move(account);
  return managesieve::LoggedIn{account_.address};
}

}  // namespace pennypost::access
