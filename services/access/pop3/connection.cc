#include "services/access/pop3/connection.h"

#include <absl/time/clock.h>

#include "base/id.h"
#include "log/log.h"
#include "services/access/pop3/policy.h"
#include "services/access/pop3/pop3_error.h"

namespace pennypost::access {
namespace {

pop3::SessionOptions OptionsOf(const Pop3Options& options) {
  pop3::SessionOptions out;
  out.host = options.host;
  out.tls = options.link.implicit_tls;
  out.stls = options.link.tls != nullptr;
  out.login_limit = options.login_timeout;
  out.idle_limit = options.idle_timeout;
  // As for IMAP: without a certificate there is no TLS to wait for.
  out.allow_plaintext = options.link.tls == nullptr;
  return out;
}

}  // namespace

Pop3Connection::Pop3Connection(clients::Clients& clients, const Pop3Options& options,
                               std::shared_ptr<net::Stream> stream, net::Peer peer,
                               const net::DrainSignal& drain)
    : clients_(clients),
      options_(options),
      link_(options.link, std::move(stream), std::move(peer), drain),
      session_(OptionsOf(options)) {}

net::Awaitable<void> Pop3Connection::Run() {
  bool go_on = co_await link_.Open();
  while (go_on) {
    if (link_.draining()) session_.Shutdown("Server is restarting, come back");
    pop3::Step step = session_.Next();
    go_on = co_await Act(std::move(step));
  }
  if (!lock_.empty()) co_await UnlockMaildrop(clients_, account_.id, lock_);
  log::Info("pop3.session.end", {{"peer", link_.client_ip()},
                                 {"user", account_.address},
                                 {"tls", link_.tls()},
                                 {"reason", link_.end()}});
}

net::Awaitable<bool> Pop3Connection::Act(pop3::Step step) {
  // A client may be silent for as long as we wait, and then has the lock still.
  if (!lock_.empty() && absl::Now() + options_.idle_timeout > locked_until_) (void)co_await Lock();
  if (auto* output = std::get_if<pop3::Output>(&step))
    co_return co_await link_.Write(output->bytes);
  if (std::holds_alternative<pop3::NeedInput>(step)) co_return co_await Read();
  if (std::holds_alternative<pop3::StartTls>(step)) {
    bool shaken = co_await link_.StartTls();
    if (shaken) session_.TlsStarted();
    co_return shaken;
  }
  if (auto* close = std::get_if<pop3::CloseConnection>(&step)) {
    link_.EndsBecause(close->reason);
    co_return false;
  }
  pop3::Outcome outcome = co_await Answer(std::move(std::get<pop3::Request>(step)));
  session_.Resume(std::move(outcome));
  co_return true;
}

net::Awaitable<bool> Pop3Connection::Read() {
  ClientLink::Got got = co_await link_.Read(session_.IdleLimit());
  if (got == ClientLink::Got::kBytes) session_.Feed(link_.bytes());
  // RFC 1939 3: a timeout closes without a word and deletes nothing.
  co_return got == ClientLink::Got::kBytes || got == ClientLink::Got::kInterrupted;
}

net::Awaitable<pop3::Outcome> Pop3Connection::Answer(pop3::Request request) {
  LoginPeer who{"pop3", link_.client_ip()};
  if (auto* read = std::get_if<pop3::ReadMessage>(&request)) {
    auto piece = co_await ReadMessage(clients_, account_.id, mailbox_id_, *read);
    if (!piece.ok()) co_return Pop3Error(piece.status());
    co_return *std::move(piece);
  }
  if (auto* password = std::get_if<pop3::CheckPassword>(&request)) {
    auto account = co_await CheckPassword(clients_, who, password->user, password->password);
    co_return Login(std::move(account));
  }
  if (std::holds_alternative<pop3::OpenMaildrop>(request)) {
    absl::Status locked = co_await Lock();
    if (!locked.ok()) co_return Pop3Error(locked);
    auto opened = co_await OpenMaildrop(clients_, account_.id);
    if (!opened.ok()) {
      // Somebody else may log in on this connection next.
      std::string holder = std::exchange(lock_, "");
      co_await UnlockMaildrop(clients_, account_.id, holder);
      co_return Pop3Error(opened.status());
    }
    mailbox_id_ = opened->mailbox_id;
    co_return std::move(opened->maildrop);
  }
  if (auto* messages = std::get_if<pop3::DeleteMessages>(&request)) {
    absl::Status status = co_await DeleteMessages(clients_, account_.id, mailbox_id_, *messages);
    if (!status.ok()) co_return Pop3Error(status);
    co_return pop3::Accepted{};
  }
  if (auto* keys = std::get_if<pop3::FetchScramKeys>(&request)) {
    auto found = co_await FetchScramKeys(clients_, who, keys->user);
    if (!found.ok()) co_return Pop3Error(found.status());
    co_return pop3::ScramKeysFound{*std::move(found)};
  }
  auto& finish = std::get<pop3::FinishScram>(request);
  auto account = co_await FinishScram(clients_, who, finish.user,
                                      finish.success ? ScramEnd::kProved : ScramEnd::kFailed);
  co_return Login(std::move(account));
}

net::Awaitable<absl::Status> Pop3Connection::Lock() {
  std::string holder = lock_.empty() ? NewUuidV7(absl::Now()).ToString() : lock_;
  // Longer than the silence we allow, so that not every command has to ask.
  absl::Duration length = options_.idle_timeout + absl::Minutes(2);
  absl::Time until = absl::Now() + length;
  absl::Status locked = co_await LockMaildrop(clients_, account_.id, holder, length);
  if (!locked.ok()) co_return locked;
  lock_ = std::move(holder);
  locked_until_ = until;
  co_return absl::OkStatus();
}

pop3::Outcome Pop3Connection::Login(absl::StatusOr<Account> account) {
  if (!account.ok()) {
    log::Info("pop3.login.failed",
              {{"peer", link_.client_ip()}, {"error", Describe(account.status())}});
    return Pop3Error(account.status());
  }
  account_ = *std::move(account);
  return pop3::Accepted{};
}

}  // namespace pennypost::access
