#include "services/mailbox/mailbox_service.h"

#include <absl/time/clock.h>

#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/core/search.h"
#include "services/mailbox/message_index.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kPoolQueue = 2000;
// Parsing and hashing more than this takes longer than an io thread may be held.
constexpr size_t kPrepareInline = 256 << 10;
constexpr uint64_t kDefaultFetchBytes = 4 << 20;
constexpr absl::Duration kLongestWait = absl::Minutes(5);

template <class Flags>
absl::StatusOr<std::string> Joined(const Flags& flags) {
  return JoinFlags({flags.begin(), flags.end()});
}

absl::StatusOr<Uuid> ParseId(const std::string& text) {
  auto id = Uuid::FromString(text);
  if (!id) return SyntaxError(fmt::format("'{}' is no message id", text));
  return *id;
}

absl::Time TimeOf(const google::protobuf::Timestamp& stamp) {
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

// Recipients by account: several addresses of one account get one copy. `index` says where each
// recipient's answer is.
absl::StatusOr<std::unique_ptr<Delivery>> ToDelivery(const v1::DeliverRequest& request,
                                                     std::vector<size_t>* index) {
  auto delivery = std::make_unique<Delivery>();
  ASSIGN_OR_RETURN(delivery->mail_id, ParseId(request.mail_id()));
  if (request.recipients().empty()) return SyntaxError("no recipients");
  delivery->sender = request.envelope().sender();
  delivery->internal_date = absl::Now();
  v1::DeliverRequest events;
  *events.mutable_events() = request.events();
  delivery->events = events.SerializeAsString();
  std::map<int64_t, size_t> by_account;
  for (const auto& recipient : request.recipients()) {
    if (recipient.account_id() <= 0) return SyntaxError("a recipient has no account");
    auto [it, is_new] = by_account.emplace(recipient.account_id(), delivery->recipients.size());
    index->push_back(it->second);
    if (!is_new) continue;
    Delivery::Recipient to;
    to.account_id = recipient.account_id();
    to.address = recipient.address();
    to.quota_bytes = recipient.quota_bytes();
    if (!recipient.folder().empty()) {
      // A folder that plus-addressing or a rule named badly is no reason to lose mail.
      to.mailbox = CanonicalName(recipient.folder()).value_or("INBOX");
    }
    ASSIGN_OR_RETURN(to.flags, Joined(recipient.flags()));
    delivery->recipients.push_back(std::move(to));
  }
  return delivery;
}

}  // namespace

MailboxServiceImpl::MailboxServiceImpl(Store& store, const QueueOptions& queue, size_t threads)
    : store_(store), feed_(store), queue_(store, queue), pool_(threads, kPoolQueue) {}

void MailboxServiceImpl::Enqueue(std::unique_ptr<Delivery> delivery, Controller* controller,
                                 Done* done, std::function<void(const Delivery&)> fill) {
  auto finish = [this, controller, done, fill = std::move(fill)](Delivery& stored) {
    if (stored.status.ok()) fill(stored);
    absl::Status status = stored.status;
    std::vector<int64_t> accounts;
    for (const auto& recipient : stored.recipients) accounts.push_back(recipient.account_id);
    // `done` ends the request, whose content the delivery borrows.
    rpc::Finish(controller, done, status);
    for (int64_t account : accounts) feed_.Notify(account);
  };
  absl::Status added = queue_.Add(std::move(delivery), std::move(finish));
  if (!added.ok()) rpc::Finish(controller, done, added);
}

void MailboxServiceImpl::PrepareAndEnqueue(std::unique_ptr<Delivery> delivery,
                                           std::string_view content, Controller* controller,
                                           Done* done, std::function<void(const Delivery&)> fill) {
  if (content.size() <= kPrepareInline) {
    delivery->email = PrepareEmail(content, delivery->mail_id);
    Enqueue(std::move(delivery), controller, done, std::move(fill));
    return;
  }
  // std::function wants copyable callables.
  auto shared = std::make_shared<std::unique_ptr<Delivery>>(std::move(delivery));
  bool queued = pool_.Submit([this, shared, content, controller, done, fill] {
    (*shared)->email = PrepareEmail(content, (*shared)->mail_id);
    Enqueue(std::move(*shared), controller, done, fill);
  });
  if (!queued) {
    rpc::Finish(controller, done,
                MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded, "too busy"));
  }
}

void MailboxServiceImpl::Deliver(Controller* controller, const v1::DeliverRequest* request,
                                 v1::DeliverResponse* response, Done* done) {
  std::vector<size_t> index;
  auto delivery = ToDelivery(*request, &index);
  // The little that is left on a full disk is for removals.
  absl::Status status = delivery.ok() ? store_.Room() : delivery.status();
  if (!status.ok()) {
    rpc::Finish(controller, done, status);
    return;
  }
  auto fill = [response, index = std::move(index)](const Delivery& stored) {
    for (size_t at : index) {
      auto* result = response->add_results();
      result->set_mailbox_id(stored.results[at].mailbox_id);
      result->set_uid(stored.results[at].uid);
      result->set_duplicate(stored.results[at].duplicate);
    }
  };
  PrepareAndEnqueue(*std::move(delivery), request->content(), controller, done, std::move(fill));
}

void MailboxServiceImpl::Append(Controller* controller, const v1::AppendRequest* request,
                                v1::AppendResponse* response, Done* done) {
  auto name = CanonicalName(request->mailbox());
  auto flags = Joined(request->flags());
  auto id = ParseId(request->request_id());
  absl::Status status = !name.ok() ? name.status() : !flags.ok() ? flags.status() : id.status();
  if (status.ok()) status = store_.Room();
  if (!status.ok()) {
    rpc::Finish(controller, done, status);
    return;
  }
  auto delivery = std::make_unique<Delivery>();
  delivery->mail_id = *id;
  delivery->internal_date =
      request->has_internal_date() ? TimeOf(request->internal_date()) : absl::Now();
  delivery->mailbox_must_exist = true;
  delivery->recipients.push_back(
      {request->account_id(), "", *name, *flags, request->quota_bytes()});
  auto fill = [this, request, response, mailbox = *name](const Delivery& stored) {
    const Delivery::Result& result = stored.results[0];
    response->set_uid(result.uid);
    response->set_mailbox_id(result.mailbox_id);
    response->set_uid_validity(result.uid_validity);
    if (result.uid_validity != 0) return;
    // A repeat: the delivery's record does not hold UIDVALIDITY.
    v1::Mailbox found;
    if (store_.FindMailbox(request->account_id(), mailbox, &found).ok())
      response->set_uid_validity(found.uid_validity());
  };
  PrepareAndEnqueue(std::move(delivery), request->content(), controller, done, std::move(fill));
}

void MailboxServiceImpl::CheckQuota(Controller* controller, const v1::CheckQuotaRequest* request,
                                    v1::CheckQuotaResponse*, Done* done) {
  pool_.Run(controller, done, [this, request] { return store_.CheckQuota(*request); });
}

void MailboxServiceImpl::CheckRoom(Controller* controller, const v1::CheckRoomRequest*,
                                   v1::CheckRoomResponse*, Done* done) {
  rpc::Finish(controller, done, store_.Room());
}

void MailboxServiceImpl::ListMailboxes(Controller* controller,
                                       const v1::ListMailboxesRequest* request,
                                       v1::ListMailboxesResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::ListMailboxesRequest canonical = *request;
    if (!request->name().empty()) {
      ASSIGN_OR_RETURN(*canonical.mutable_name(), CanonicalName(request->name()));
    }
    return store_.ListMailboxes(canonical, response);
  });
}

void MailboxServiceImpl::CreateMailbox(Controller* controller,
                                       const v1::CreateMailboxRequest* request,
                                       v1::CreateMailboxResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::CreateMailboxRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_name(), CanonicalName(request->name()));
    RETURN_IF_ERROR(store_.CreateMailbox(canonical, response->mutable_mailbox()));
    feed_.Notify(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::RenameMailbox(Controller* controller,
                                       const v1::RenameMailboxRequest* request,
                                       v1::RenameMailboxResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    v1::RenameMailboxRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_from(), CanonicalName(request->from()));
    ASSIGN_OR_RETURN(*canonical.mutable_to(), CanonicalName(request->to()));
    if (canonical.from() != "INBOX") return store_.RenameMailbox(canonical);
    // RFC 9051 6.3.6: renaming INBOX moves its messages to a new mailbox; INBOX stays.
    v1::CreateMailboxRequest create;
    create.set_account_id(request->account_id());
    create.set_name(canonical.to());
    v1::Mailbox made;
    RETURN_IF_ERROR(store_.CreateMailbox(create, &made));
    v1::Mailbox inbox;
    std::vector<MessageRow> rows;
    RETURN_IF_ERROR(store_.OpenMailbox(request->account_id(), "INBOX", &inbox, &rows));
    v1::CopyMessagesRequest move;
    move.set_account_id(request->account_id());
    move.set_mailbox_id(inbox.id());
    for (const MessageRow& row : rows) move.add_uids(row.uid);
    move.set_destination(canonical.to());
    move.set_move(true);
    v1::CopyMessagesResponse moved;
    return store_.CopyMessages(move, &moved);
  });
}

void MailboxServiceImpl::DeleteMailbox(Controller* controller,
                                       const v1::DeleteMailboxRequest* request,
                                       v1::DeleteMailboxResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    v1::DeleteMailboxRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_name(), CanonicalName(request->name()));
    if (canonical.name() == "INBOX") return PolicyError("INBOX cannot be deleted");
    RETURN_IF_ERROR(store_.DeleteMailbox(canonical));
    feed_.Notify(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::Subscribe(Controller* controller, const v1::SubscribeRequest* request,
                                   v1::SubscribeResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::SubscribeRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_name(), CanonicalName(request->name()));
    return store_.Subscribe(canonical);
  });
}

void MailboxServiceImpl::OpenMailbox(Controller* controller, const v1::OpenMailboxRequest* request,
                                     v1::OpenMailboxResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    ASSIGN_OR_RETURN(std::string name, CanonicalName(request->name()));
    std::vector<MessageRow> rows;
    RETURN_IF_ERROR(
        store_.OpenMailbox(request->account_id(), name, response->mutable_mailbox(), &rows));
    ToIndex(rows, response->mutable_index());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::GetChanges(Controller* controller, const v1::GetChangesRequest* request,
                                    v1::GetChangesResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    std::vector<MessageRow> changed;
    std::vector<uint32_t> vanished;
    RETURN_IF_ERROR(store_.GetChanges(*request, response->mutable_mailbox(), &changed, &vanished));
    ToIndex(changed, response->mutable_changed());
    for (uint32_t uid : vanished) response->add_vanished(uid);
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::WaitForChanges(Controller*, const v1::WaitForChangesRequest* request,
                                        v1::WaitForChangesResponse* response, Done* done) {
  absl::Duration wait = std::min(absl::Milliseconds(request->max_wait_ms()), kLongestWait);
  feed_.Wait(request->account_id(), request->since_modseq(), absl::Now() + wait,
             [response, done](uint64_t modseq) {
               response->set_modseq(modseq);
               done->Run();
             });
}

void MailboxServiceImpl::FetchMessages(Controller* controller,
                                       const v1::FetchMessagesRequest* request,
                                       v1::FetchMessagesResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    Store::Want want{request->want_structure(), request->want_header(), request->want_content()};
    uint64_t budget = request->max_bytes() == 0 ? kDefaultFetchBytes : request->max_bytes();
    // Whole contents are loaded few at a time, so that one call never holds a folder in memory.
    size_t step = want.content ? 8 : 500;
    uint64_t bytes = 0;
    auto total = static_cast<size_t>(request->uids_size());
    size_t at = 0;
    while (at < total && bytes < budget) {
      size_t end = std::min(at + step, total);
      std::vector<uint32_t> uids(request->uids().begin() + static_cast<int>(at),
                                 request->uids().begin() + static_cast<int>(end));
      ASSIGN_OR_RETURN(auto contents,
                       store_.Fetch(request->account_id(), request->mailbox_id(), uids, want));
      for (MessageContent& content : contents) {
        bytes += content.structure.size() + content.header.size() + content.content.size();
        auto* message = response->add_messages();
        message->set_uid(content.uid);
        message->set_structure(std::move(content.structure));
        message->set_header(std::move(content.header));
        message->set_content(std::move(content.content));
        message->set_email_id(std::move(content.email_id));
        message->set_thread_id(std::move(content.thread_id));
        message->mutable_save_date()->set_seconds(absl::ToUnixSeconds(content.save_date));
      }
      at = end;
    }
    response->set_processed(static_cast<uint32_t>(at));
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::ReadContent(Controller* controller, const v1::ReadContentRequest* request,
                                     v1::ReadContentResponse* response, Done* done) {
  pool_.Run(controller, done,
            [this, request, response] { return store_.ReadContent(*request, response); });
}

void MailboxServiceImpl::StoreFlags(Controller* controller, const v1::StoreFlagsRequest* request,
                                    v1::StoreFlagsResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (request->mode() == v1::StoreFlagsRequest::MODE_UNSPECIFIED) return SyntaxError("no mode");
    ASSIGN_OR_RETURN(std::string flags, Joined(request->flags()));
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    RETURN_IF_ERROR(store_.StoreFlags(*request, flags, &rows, &modified));
    ToIndex(rows, response->mutable_index());
    for (uint32_t uid : modified) response->add_modified(uid);
    feed_.Notify(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::CopyMessages(Controller* controller,
                                      const v1::CopyMessagesRequest* request,
                                      v1::CopyMessagesResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    v1::CopyMessagesRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_destination(), CanonicalName(request->destination()));
    // A move may be on its way to the trash.
    if (!request->move()) RETURN_IF_ERROR(store_.Room());
    RETURN_IF_ERROR(store_.CopyMessages(canonical, response));
    feed_.Notify(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::Expunge(Controller* controller, const v1::ExpungeRequest* request,
                                 v1::ExpungeResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.Expunge(*request, response));
    feed_.Notify(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::Search(Controller* controller, const v1::SearchRequest* request,
                                v1::SearchResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(auto rows, store_.ListMessages(request->account_id(), request->mailbox_id()));
    Loader load = [&](const std::vector<uint32_t>& uids, Store::Want want) {
      return store_.Fetch(request->account_id(), request->mailbox_id(), uids, want);
    };
    ASSIGN_OR_RETURN(auto found, mailbox::Search(request->key(), rows, absl::Now(), load));
    uint64_t highest = 0;
    for (const MessageRow& row : found) {
      response->add_uids(row.uid);
      highest = std::max(highest, row.modseq);
    }
    response->set_highest_modseq(highest);
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::GetQuota(Controller* controller, const v1::GetQuotaRequest* request,
                                  v1::GetQuotaResponse* response, Done* done) {
  pool_.Run(controller, done,
            [this, request, response] { return store_.GetQuota(request->account_id(), response); });
}

void MailboxServiceImpl::DeleteAccountData(Controller* controller,
                                           const v1::DeleteAccountDataRequest* request,
                                           v1::DeleteAccountDataResponse*, Done* done) {
  pool_.Run(controller, done,
            [this, request] { return store_.DeleteAccount(request->account_id()); });
}

void MailboxServiceImpl::GetHistory(Controller* controller, const v1::GetHistoryRequest* request,
                                    v1::GetHistoryResponse* response, Done* done) {
  pool_.Run(controller, done,
            [this, request, response] { return store_.GetHistory(*request, response); });
}

}  // namespace pennypost::mailbox
