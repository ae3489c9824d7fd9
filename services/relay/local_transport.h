#pragma once
// Delivery into our own mailboxes: a Transport over the mailbox service. mailbox knows a repeated
// mail_id, so that a delivery has its effect once however often it is tried.

#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "services/relay/core/transport.h"

namespace pennypost::relay {

class LocalTransport final : public Transport {
 public:
  explicit LocalTransport(mailbox::v1::MailboxService* mailbox) : mailbox_(mailbox) {}

  net::Awaitable<std::vector<DeliveryResult>> Deliver(const Attempt& attempt) override;
  net::Awaitable<void> Close() override { co_return; }

 private:
  net::Awaitable<absl::Status> Store(const Attempt& attempt, size_t first, size_t count);

  mailbox::v1::MailboxService* mailbox_;
};

// What an answer of mailbox means for the queue. Our own trouble never bounces mail.
DeliveryResult LocalResult(const absl::Status& status);

}  // namespace pennypost::relay
