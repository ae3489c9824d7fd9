#pragma once
// What a handler works with: the session of its client, who that is, and the services behind.

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/body_budget.h"
#include "clients/clients.h"
#include "imap/session.h"
#include "imap/write.h"
#include "net/awaitable.h"
#include "services/access/imap/view_cache.h"
#include "services/access/login.h"

namespace pennypost::access {

// Takes untagged responses while a command still runs, so that a large FETCH does not grow in
// memory.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // False once the client is gone: the handler may stop.
  virtual net::Awaitable<bool> Write(std::string_view bytes) = 0;
  // A response broke off in the middle of a literal: nothing that follows can be told from its
  // bytes, so the connection ends without another word.
  virtual void Break() = 0;
};

class Notifier;

struct ImapContext {
  clients::Clients& clients;
  imap::ServerSession& session;
  ResponseSink& sink;
  ViewCache& views;
  Account account;
  std::string tag = "";  // of the command at work
  absl::Duration progress_interval = absl::Seconds(10);
  Notifier* notifier = nullptr;
  // Where memory for messages comes from, and how long it is waited for; nullptr: anywhere.
  BodyLease* lease = nullptr;
  absl::Duration body_patience = absl::ZeroDuration();
  // Messages the command put into the selected mailbox.
  std::vector<uint32_t> own_uids = {};

  mailbox::v1::MailboxService& mailbox() const { return *clients.mailbox; }
  imap::NameForm names() const { return session.features().names(); }
  // Only in commands whose table row demands a selected mailbox.
  imap::MailboxView& view() const { return *session.view(); }
};

// How long the client waits for the store before NO [UNAVAILABLE].
inline constexpr absl::Duration kReadTimeout = absl::Seconds(5);
inline constexpr absl::Duration kOpenTimeout =
    absl::Seconds(10);  // a large mailbox has a large index
inline constexpr absl::Duration kWriteTimeout = absl::Seconds(30);
inline constexpr absl::Duration kSearchTimeout = absl::Seconds(30);

// Where a mailbox is: whose, and what its owner calls it.
struct Place {
  Account owner;
  std::string mailbox;
};

// A request about an account, in the name of the user.
template <class Request>
Request ForAccount(const ImapContext& context, int64_t account_id) {
  Request request;
  request.set_account_id(account_id);
  if constexpr (requires { request.mutable_actor(); }) {
    request.mutable_actor()->set_account_id(context.account.id);
    request.mutable_actor()->set_tenant_id(context.account.tenant_id);
  }
  return request;
}
// About the user's own.
template <class Request>
Request For(const ImapContext& context) {
  return ForAccount<Request>(context, context.account.id);
}
// About the selected mailbox.
template <class Request>
Request ForSelected(const ImapContext& context) {
  Request request = ForAccount<Request>(context, context.view().info().account_id);
  request.set_mailbox_id(context.view().info().mailbox_id);
  return request;
}

}  // namespace pennypost::access
