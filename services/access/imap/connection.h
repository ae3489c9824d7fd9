#pragma once
// The driver of one IMAP connection: feeds the session, runs its requests, watches in IDLE.

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/body_budget.h"
#include "net/wait_for_credit.h"
#include "services/access/client_link.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/notifier.h"
#include "services/access/user_connections.h"

namespace pennypost::access {

struct ConnectionOptions {
  std::string host;
  LinkOptions link;
  ViewCache* views = nullptr;        // shared by all listeners
  UserConnections* users = nullptr;  // the same; nullptr: no limit
  BodyBudget* bodies = nullptr;      // the same
  size_t max_message = 35 << 20;
  absl::Duration body_patience = net::kCreditPatience;
  absl::Duration login_timeout = absl::Seconds(60);
  absl::Duration idle_timeout = absl::Minutes(30);
  // How often a command at work says so (RFC 9585).
  absl::Duration progress_interval = absl::Seconds(10);
  size_t save_limit = 100'000;  // messages of one COPY or APPEND
};

class ImapConnection : private ResponseSink {
 public:
  ImapConnection(clients::Clients& clients, const ConnectionOptions& options,
                 std::shared_ptr<net::Stream> stream, net::Peer peer,
                 const net::DrainSignal& drain);

  // Until the connection ends. The caller closes the stream.
  net::Awaitable<void> Run();

 private:
  struct Watch;
  using MailboxKey = std::pair<int64_t, int64_t>;  // account and mailbox

  net::Awaitable<bool> Write(std::string_view bytes) override;
  void Break() override { broken_ = true; }

  net::Awaitable<bool> Act(imap::Step step);
  net::Awaitable<bool> Read();
  net::Awaitable<void> TakeRoom();
  net::Awaitable<bool> Interrupted();
  net::Awaitable<imap::Outcome> Answer(imap::Request request);
  imap::Outcome Login(absl::StatusOr<Account> account);
  void StartWatch();
  net::Awaitable<void> ReportChanges();
  net::Awaitable<void> SyncSelected(uint64_t seen);
  net::Awaitable<bool> SendNew();
  net::Awaitable<void> AfterCommand(ImapContext& context, const imap::RunCommand& run);
  void NoteStore(bool reachable);
  ImapContext Context(std::string tag = "");

  clients::Clients& clients_;
  const ConnectionOptions& options_;
  ClientLink link_;
  imap::ServerSession session_;
  BodyLease lease_;  // for what is more than an ordinary command
  Account account_;
  UserConnections::Place place_;
  std::shared_ptr<Watch> watch_;
  bool watching_ = false;  // a call for watched_ is under way
  MailboxKey watched_;
  uint64_t synced_to_ = 0;  // no change of what is watched up to here is news
  Notifier notifier_;
  // Of the selected mailbox: up to which UID new messages were sent, if the client wants that.
  int64_t sent_mailbox_ = 0;
  uint32_t sent_uid_ = 0;
  std::vector<uint32_t> own_uids_;  // above it, which this session made itself
  absl::Time store_gone_since_ = absl::InfiniteFuture();
  bool broken_ = false;
  int commands_ = 0;
};

}  // namespace pennypost::access
