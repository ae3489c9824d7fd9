#pragma once
// What a POP3 session asks of the store: the maildrop is INBOX.

#include "net/awaitable.h"
#include "pop3/session.h"
#include "services/access/login.h"

namespace pennypost::access {

struct OpenedMaildrop {
  pop3::Maildrop maildrop;
  int64_t mailbox_id = 0;
};
net::Awaitable<absl::StatusOr<OpenedMaildrop>> OpenMaildrop(clients::Clients& clients,
                                                            int64_t account_id);

net::Awaitable<absl::StatusOr<pop3::MessageBytes>> ReadMessage(clients::Clients& clients,
                                                               int64_t account_id,
                                                               int64_t mailbox_id,
                                                               pop3::ReadMessage read);

// The lock of RFC 1939 4 for a session: Aborted while another one has it. Repeated while the
// session works, so that it lasts as long as a client may be silent.
net::Awaitable<absl::Status> LockMaildrop(clients::Clients& clients, int64_t account_id,
                                          std::string holder, absl::Duration length);
net::Awaitable<void> UnlockMaildrop(clients::Clients& clients, int64_t account_id,
                                    std::string holder);

// One transaction: all of them or none.
net::Awaitable<absl::Status> DeleteMessages(clients::Clients& clients, int64_t account_id,
                                            int64_t mailbox_id, pop3::DeleteMessages messages);

}  // namespace pennypost::access
