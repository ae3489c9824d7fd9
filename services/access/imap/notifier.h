#pragma once
// NOTIFY (RFC 5465) about mailboxes that are not selected: what the client knows of them, and what
// it has to hear when the store says something else.
//
// The store tells that an account changed, not what; the list of its mailboxes is compared with the
// last one. It does not tell of names and subscriptions: whoever wants those has them looked at
// every kNamesInterval.

#include <map>
#include <string>
#include <vector>

#include "services/access/imap/context.h"

namespace pennypost::access {

class Notifier {
 public:
  static constexpr absl::Duration kNamesInterval = absl::Seconds(30);

  // NOTIFY. The session knows of it when it is accepted.
  net::Awaitable<imap::Done> Set(ImapContext& context, const imap::Notify& notify);

  // Other mailboxes than the selected one are watched.
  bool active() const { return active_; }
  bool wants_names() const { return wants_names_; }

  // Responses about what changed since the last time.
  net::Awaitable<absl::StatusOr<std::string>> Report(ImapContext& context);
  // Names and subscriptions were changed by this client, who knows (RFC 5465 5).
  net::Awaitable<void> NoteOwnNames(ImapContext& context);

 private:
  using Mailboxes = std::map<int64_t, mailbox::v1::Mailbox>;

  // Those that NOTIFY names.
  unsigned EventsOf(const imap::Notify& notify, const mailbox::v1::Mailbox& mailbox) const;
  void WriteNames(const ImapContext& context, const Mailboxes& now, std::string& out) const;
  void WriteMessages(ImapContext& context, const Mailboxes& now, std::string& out) const;

  Mailboxes known_;
  bool active_ = false;
  bool wants_names_ = false;
};

}  // namespace pennypost::access
