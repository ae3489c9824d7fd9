#include "services/access/imap/connection.h"

#include <absl/time/clock.h>

#include "log/log.h"
#include "metrics/metrics.h"
#include "rpc/call.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/search_run.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

constexpr absl::Duration kWatchLength = absl::Seconds(120);
// A client with a mailbox open is told to come back when the store stays away this long
// (ROBUSTNESS 2.7).
constexpr absl::Duration kStoreGoneLimit = absl::Seconds(60);
constexpr int kMaxWatches = 4;
constexpr absl::Duration kOwnLook = absl::Seconds(5);
// What a session may hold of a command before it draws on the budget for messages, and in what
// steps.
constexpr size_t kOrdinaryCommand = 256 << 10;

imap::SessionOptions OptionsOf(const ConnectionOptions& options) {
  imap::SessionOptions out;
  out.host = options.host;
  out.tls = options.link.implicit_tls;
  out.starttls = options.link.tls != nullptr;
  out.max_message = options.max_message;
  out.save_limit = options.save_limit;
  out.login_limit = options.login_timeout;
  out.idle_limit = options.idle_timeout;
  // Without a certificate there is no TLS to wait for: a machine of one's own, or a proxy in front.
  out.allow_plaintext = options.link.tls == nullptr;
  return out;
}

prometheus::Counter& CommandCounter(std::string_view verb) {
  return metrics::Counter("pennypost_access_imap_commands_total", "IMAP commands",
                          {{"verb", std::string(verb)}});
}

}  // namespace

// What the callback of WaitForChanges and the connection share. The callback may come when the
// connection is gone.
struct ImapConnection::Watch {
  std::atomic<int> open{0};        // calls under way
  std::atomic<bool> fired{false};  // one ended since the connection last looked
  std::atomic<bool> failed{false};
  std::atomic<uint64_t> modseq{0};
};

ImapConnection::ImapConnection(clients::Clients& clients, const ConnectionOptions& options,
                               std::shared_ptr<net::Stream> stream, net::Peer peer,
                               const net::DrainSignal& drain)
    : clients_(clients),
      options_(options),
      link_(options.link, std::move(stream), std::move(peer), drain),
      session_(OptionsOf(options)),
      lease_(*options.bodies),
      watch_(std::make_shared<Watch>()) {}

net::Awaitable<void> ImapConnection::Run() {
  bool go_on = co_await link_.Open();
  while (go_on && !broken_) {
    if (link_.draining()) session_.Shutdown("[UNAVAILABLE] Server is restarting, come back");
    imap::Step step = session_.Next();
    go_on = co_await Act(std::move(step));
  }
  log::Info("imap.session.end", {{"peer", link_.client_ip()},
                                 {"user", account_.address},
                                 {"tls", link_.tls()},
                                 {"commands", commands_},
                                 {"reason", link_.end()}});
}

net::Awaitable<bool> ImapConnection::Act(imap::Step step) {
  if (auto* output = std::get_if<imap::Output>(&step)) co_return co_await Write(output->bytes);
  if (std::holds_alternative<imap::NeedInput>(step)) co_return co_await Read();
  if (std::holds_alternative<imap::StartTls>(step)) {
    bool shaken = co_await link_.StartTls();
    if (shaken) session_.TlsStarted();
    co_return shaken;
  }
  if (std::holds_alternative<imap::StartCompression>(step)) {
    link_.StartCompression();
    co_return true;
  }
  if (auto* close = std::get_if<imap::CloseConnection>(&step)) {
    link_.EndsBecause(close->reason);
    co_return false;
  }
  ++commands_;
  imap::Outcome outcome = co_await Answer(std::move(std::get<imap::Request>(step)));
  session_.Resume(std::move(outcome));
  if (!lease_.empty() && session_.buffered() <= kOrdinaryCommand) lease_.Release();
  co_return true;
}

net::Awaitable<bool> ImapConnection::Write(std::string_view bytes) {
  bool written = co_await link_.Write(bytes);
  broken_ = broken_ || !written;
  co_return written;
}

net::Awaitable<bool> ImapConnection::Read() {
  bool there = co_await SendNew();
  if (!there) co_return false;
  if (session_.idling() || session_.listening()) StartWatch();
  ClientLink::Got got = co_await link_.Read(session_.IdleLimit());
  switch (got) {
    case ClientLink::Got::kBytes:
      session_.Feed(link_.bytes());
      if (session_.buffered() > kOrdinaryCommand) {
        co_await TakeRoom();
      } else if (!lease_.empty()) {
        lease_.Release();  // of a command that was refused
      }
      co_return true;
    case ClientLink::Got::kInterrupted:
      co_return co_await Interrupted();
    case ClientLink::Got::kTimeout:
      // RFC 9051 5.4: the client is told, if it still listens.
      co_await link_.LastWords("* BYE Too long without a command\r\n");
      co_return false;
    case ClientLink::Got::kEnd:
      break;
  }
  co_return false;
}

// ROBUSTNESS 2.8: no credit, no reading.
net::Awaitable<void> ImapConnection::TakeRoom() {
  while (lease_.held() < session_.buffered()) {
    if (lease_.Extend(kOrdinaryCommand)) continue;
    bool has_room = co_await net::WaitForCredit(lease_, kOrdinaryCommand, options_.body_patience);
    if (has_room) continue;
    log::Warning("imap.body_budget.exhausted", {{"peer", link_.client_ip()}});
    co_return session_.Shutdown("[UNAVAILABLE] No room here now, try again later");
  }
}

// A change, or the server ends.
net::Awaitable<bool> ImapConnection::Interrupted() {
  if (!watch_->fired.exchange(false)) co_return true;
  watching_ = false;
  if (session_.idling() || session_.listening()) co_await ReportChanges();
  co_return true;
}

net::Awaitable<void> ImapConnection::ReportChanges() {
  if (watch_->failed.exchange(false)) {
    // The store is away: no news are invented, and it is not asked in a tight loop.
    NoteStore(false);
    co_await net::Sleep(absl::Seconds(1));
    co_return;
  }
  uint64_t seen = watch_->modseq.load();
  uint64_t before = std::exchange(synced_to_, session_.view() ? synced_to_ : seen);
  if (session_.view()) co_await SyncSelected(seen);
  if (!notifier_.active()) co_return;
  ImapContext context = Context();
  auto news = co_await notifier_.Report(context);
  NoteStore(news.ok());
  if (news.ok()) {
    if (!news->empty()) co_await Write(*news);
    co_return;
  }
  synced_to_ = before;
  co_await net::Sleep(absl::Seconds(1));
}

net::Awaitable<void> ImapConnection::SyncSelected(uint64_t seen) {
  ImapContext context = Context();
  absl::Status status = co_await SyncView(context);
  NoteStore(status.ok());
  // MODSEQ rises in the order in which changes become visible, so all up to here are in the view
  // now.
  if (status.ok()) {
    synced_to_ = seen;
    co_await RefreshSearches(context);
    session_.PushUpdates();
  }
  if (status.code() == absl::StatusCode::kNotFound) session_.Shutdown("Mailbox was deleted");
  if (status.code() == absl::StatusCode::kPermissionDenied)
    session_.Shutdown("[NOPERM] The right to read this mailbox was taken away");
}

// RFC 2177: one long poll at the store, which interrupts our Read when it ends.
void ImapConnection::StartWatch() {
  imap::MailboxView* view = session_.view();
  bool others = notifier_.active();
  if (!view && !others) return;
  MailboxKey selected{account_.id, 0};
  if (view) selected = {view->info().account_id, view->info().mailbox_id};
  if (watching_ && watched_ == selected) return;
  // Those of mailboxes left behind end by themselves; a client that hops about waits for them.
  if (watch_->open.load() >= kMaxWatches) return;
  if (watched_ != selected) synced_to_ = 0;
  pb::WaitForChangesRequest request;
  request.set_account_id(selected.first);
  request.set_mailbox_id(selected.second);
  // The MODSEQ is the account's. What the selected mailbox had when it was opened is known, but of
  // other mailboxes only what was looked at.
  uint64_t known = others ? 0 : view->info().highest_modseq;
  request.set_since_modseq(std::max(known, synced_to_));
  absl::Duration length = notifier_.wants_names() ? Notifier::kNamesInterval : kWatchLength;
  // The feed is that of one account: one's own mailboxes are looked at while another's is open.
  if (others && selected.first != account_.id) length = kOwnLook;
  request.set_max_wait_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(length)));
  watching_ = true;
  watched_ = selected;
  watch_->open.fetch_add(1);
  std::shared_ptr<Watch> watch = watch_;
  std::shared_ptr<net::Stream> stream = link_.stream();
  rpc::CallAsync<pb::MailboxService, pb::WaitForChangesRequest, pb::WaitForChangesResponse>(
      *clients_.mailbox, &pb::MailboxService::WaitForChanges, request,
      kWatchLength + absl::Seconds(10),
      [watch, stream](absl::StatusOr<pb::WaitForChangesResponse> response) {
        if (response.ok()) watch->modseq = response->modseq();
        if (!response.ok()) watch->failed = true;
        watch->open.fetch_sub(1);
        watch->fired = true;
        stream->Interrupt();
      });
}

void ImapConnection::NoteStore(bool reachable) {
  if (reachable) {
    store_gone_since_ = absl::InfiniteFuture();
    return;
  }
  absl::Time now = absl::Now();
  store_gone_since_ = std::min(store_gone_since_, now);
  if (now - store_gone_since_ > kStoreGoneLimit)
    session_.Shutdown("[UNAVAILABLE] Mail store is away, come back");
}

ImapContext ImapConnection::Context(std::string tag) {
  return {clients_,
          session_,
          *this,
          *options_.views,
          account_,
          std::move(tag),
          options_.progress_interval,
          &notifier_,
          &lease_,
          options_.body_patience};
}

net::Awaitable<imap::Outcome> ImapConnection::Answer(imap::Request request) {
  LoginPeer who{"imap", link_.client_ip()};
  if (auto* run = std::get_if<imap::RunCommand>(&request)) {
    CommandCounter(run->row->name).Increment();
    ImapContext context = Context(run->tag);
    Done done = co_await HandleCommand(context, *run);
    if (session_.view()) NoteStore(done.result.code != "UNAVAILABLE");
    co_await AfterCommand(context, *run);
    co_return done;
  }
  if (auto* password = std::get_if<imap::CheckPassword>(&request)) {
    auto account = co_await CheckPassword(clients_, who, password->user, password->password);
    co_return Login(std::move(account));
  }
  if (auto* keys = std::get_if<imap::FetchScramKeys>(&request)) {
    auto found = co_await FetchScramKeys(clients_, who, keys->user);
    if (!found.ok()) co_return ImapRefusal(found.status());
    co_return imap::ScramKeysFound{*std::move(found)};
  }
  auto& finish = std::get<imap::FinishScram>(request);
  auto account = co_await FinishScram(clients_, who, finish.user,
                                      finish.success ? ScramEnd::kProved : ScramEnd::kFailed);
  co_return Login(std::move(account));
}

net::Awaitable<void> ImapConnection::AfterCommand(ImapContext& context,
                                                  const imap::RunCommand& run) {
  own_uids_.insert(own_uids_.end(), context.own_uids.begin(), context.own_uids.end());
  if (run.row->flags & imap::kChangesSelection) {
    sent_mailbox_ = 0;
    own_uids_.clear();
  } else if (session_.view()) {
    co_await RefreshSearches(context);
  }
  const imap::CommandBody& body = run.body;
  bool names =
      std::holds_alternative<imap::Create>(body) || std::holds_alternative<imap::Delete>(body) ||
      std::holds_alternative<imap::Rename>(body) || std::holds_alternative<imap::Subscribe>(body);
  if (names) co_await notifier_.NoteOwnNames(context);
}

// All that was to be said is said: EXISTS and ADDTO come before the messages themselves.
net::Awaitable<bool> ImapConnection::SendNew() {
  const imap::MailboxView* view = session_.view();
  if (!view) co_return true;
  size_t known = view->announced();
  uint32_t last = known == 0 ? 0 : view->uid_at(known - 1);
  // What was there at SELECT is not new.
  bool opened = std::exchange(sent_mailbox_, view->info().mailbox_id) != view->info().mailbox_id;
  uint32_t above = std::exchange(sent_uid_, opened ? last : std::max(last, sent_uid_));
  if (opened || last <= above) co_return true;
  ImapContext context = Context();
  std::vector<uint32_t> own = std::exchange(own_uids_, {});
  co_return co_await access::SendNewMessages(context, above, own);
}

imap::Outcome ImapConnection::Login(absl::StatusOr<Account> account) {
  if (!account.ok()) {
    log::Info("imap.login.failed",
              {{"peer", link_.client_ip()}, {"error", Describe(account.status())}});
    return ImapRefusal(account.status());
  }
  if (options_.users != nullptr) {
    place_ = options_.users->Enter(account->id, link_.peer().address.LimitKey());
    if (!place_) {
      log::Info("imap.login.limit", {{"peer", link_.client_ip()}, {"user", account->address}});
      imap::Done done;
      done.result = imap::No("Too many connections of yours from your address", "LIMIT");
      return done;
    }
  }
  account_ = *std::move(account);
  return imap::LoggedIn{};
}

}  // namespace pennypost::access
