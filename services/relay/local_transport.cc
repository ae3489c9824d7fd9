#include "services/relay/local_transport.h"

#include "base/text.h"
#include "rpc/call.h"

namespace pennypost::relay {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

}  // namespace

DeliveryResult LocalResult(const absl::Status& status) {
  DeliveryResult result;
  result.local = true;
  result.reply = {451, "4.3.0", MessageOf(status)};
  if (status.ok()) {
    result.kind = DeliveryResult::Kind::kDelivered;
    result.reply = {250, "2.1.5", "stored"};
    return result;
  }
  switch (ReasonOf(status)) {
    case Reason::kOverQuota:
      result.reply = {452, "4.2.2", "the mailbox is full"};
      break;
    case Reason::kStorageFull:
      result.reply = {452, "4.3.1", "no room in the mail store"};
      break;
    case Reason::kMailboxNotFound:
      result.kind = DeliveryResult::Kind::kFailed;
      result.reply = {550, "5.1.1", "the mailbox is gone"};
      break;
    case Reason::kTooBig:
      result.kind = DeliveryResult::Kind::kFailed;
      result.reply = {552, "5.3.4", "the message is too big"};
      break;
    default:
      break;
  }
  return result;
}

net::Awaitable<absl::Status> LocalTransport::Store(const Attempt& attempt, size_t first,
                                                   size_t count) {
  const Message& message = *attempt.message;
  mailbox::v1::DeliverRequest request;
  request.set_mail_id(message.mail_id.ToString());
  request.mutable_envelope()->set_sender(message.sender);
  request.mutable_envelope()->set_smtputf8(message.smtputf8);
  request.mutable_envelope()->set_body_8bit(message.body_8bit);
  request.mutable_origin()->set_auth_user(message.auth_user);
  // RFC 5321 4.4: the last hop writes the return path.
  std::string& content = *request.mutable_content();
  content = "Return-Path: <" + message.sender + ">\r\n";
  content.append(attempt.content);
  for (size_t i = first; i < first + count; ++i) {
    const Recipient& recipient = (*attempt.deliveries)[i].recipient;
    mailbox::v1::DeliverRecipient* out = request.add_recipients();
    out->set_account_id(recipient.account_id);
    out->set_address(recipient.address);
    out->set_folder(recipient.folder);
    out->set_quota_bytes(recipient.quota_bytes);
  }
  auto call =
      rpc::Call(*mailbox_, &mailbox::v1::MailboxService::Deliver, std::move(request), kTimeout);
  absl::StatusOr<mailbox::v1::DeliverResponse> response = co_await std::move(call);
  co_return response.status();
}

net::Awaitable<std::vector<DeliveryResult>> LocalTransport::Deliver(const Attempt& attempt) {
  size_t count = attempt.deliveries->size();
  if (mailbox_ == nullptr)
    co_return std::vector<DeliveryResult>(count, Deferred("4.3.0", "no mailbox service"));
  if (!attempt.still_mine()) {
    DeliveryResult lost;
    lost.kind = DeliveryResult::Kind::kLost;
    co_return std::vector<DeliveryResult>(count, lost);
  }
  auto all = Store(attempt, 0, count);
  absl::Status status = co_await std::move(all);
  std::vector<DeliveryResult> results(count, LocalResult(status));
  if (status.ok() || count == 1) co_return results;
  // All or none: one full mailbox must not keep the others waiting.
  for (size_t i = 0; i < count; ++i) {
    auto one = Store(attempt, i, 1);
    absl::Status alone = co_await std::move(one);
    results[i] = LocalResult(alone);
  }
  co_return results;
}

}  // namespace pennypost::relay
