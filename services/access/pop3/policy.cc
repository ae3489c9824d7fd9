#include "services/access/pop3/policy.h"

#include "rpc/call.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

constexpr absl::Duration kReadTimeout = absl::Seconds(10);
constexpr absl::Duration kWriteTimeout = absl::Seconds(30);
constexpr uint64_t kPiece = 512 << 10;

}  // namespace

net::Awaitable<absl::StatusOr<OpenedMaildrop>> OpenMaildrop(clients::Clients& clients,
                                                            int64_t account_id) {
  pb::OpenMailboxRequest request;
  request.set_account_id(account_id);
  request.set_name("INBOX");
  auto response =
      co_await rpc::Call(*clients.mailbox, &pb::MailboxService::OpenMailbox, request, kReadTimeout);
  if (!response.ok()) co_return response.status();
  OpenedMaildrop opened;
  opened.mailbox_id = response->mailbox().id();
  opened.maildrop.uid_validity = response->mailbox().uid_validity();
  const pb::MessageIndex& index = response->index();
  for (int i = 0; i < index.uids_size() && i < index.sizes_size(); ++i) {
    opened.maildrop.messages.push_back({index.uids(i), index.sizes(i)});
  }
  co_return opened;
}

net::Awaitable<absl::StatusOr<pop3::MessageBytes>> ReadMessage(clients::Clients& clients,
                                                               int64_t account_id,
                                                               int64_t mailbox_id,
                                                               pop3::ReadMessage read) {
  pb::ReadContentRequest request;
  request.set_account_id(account_id);
  request.set_mailbox_id(mailbox_id);
  request.set_uid(read.uid);
  request.set_offset(read.offset);
  request.set_length(kPiece);
  auto response =
      co_await rpc::Call(*clients.mailbox, &pb::MailboxService::ReadContent, request, kReadTimeout);
  if (!response.ok()) co_return response.status();
  pop3::MessageBytes piece;
  piece.bytes = std::move(*response->mutable_data());
  piece.last = read.offset + piece.bytes.size() >= response->total_size();
  co_return piece;
}

net::Awaitable<absl::Status> LockMaildrop(clients::Clients& clients, int64_t account_id,
                                          std::string holder, absl::Duration length) {
  pb::LockMaildropRequest request;
  request.set_account_id(account_id);
  request.set_holder(std::move(holder));
  request.set_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(length)));
  auto response = co_await rpc::Call(*clients.mailbox, &pb::MailboxService::LockMaildrop, request,
                                     kReadTimeout);
  co_return response.status();
}

net::Awaitable<void> UnlockMaildrop(clients::Clients& clients, int64_t account_id,
                                    std::string holder) {
  pb::UnlockMaildropRequest request;
  request.set_account_id(account_id);
  request.set_holder(std::move(holder));
  // Where this fails the lock ends by itself.
  auto ignored = co_await rpc::Call(*clients.mailbox, &pb::MailboxService::UnlockMaildrop, request,
                                    kReadTimeout);
}

net::Awaitable<absl::Status> DeleteMessages(clients::Clients& clients, int64_t account_id,
                                            int64_t mailbox_id, pop3::DeleteMessages messages) {
  pb::ExpungeRequest request;
  request.set_account_id(account_id);
  request.set_mailbox_id(mailbox_id);
  for (uint32_t uid : messages.uids) request.add_uids(uid);
  request.set_regardless_of_flag(true);
  // To the store no UIDs mean all messages with \Deleted.
  if (request.uids().empty()) co_return absl::OkStatus();
  auto response =
      co_await rpc::Call(*clients.mailbox, &pb::MailboxService::Expunge, request, kWriteTimeout);
  co_return response.status();
}

}  // namespace pennypost::access
