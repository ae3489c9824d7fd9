#include "services/mailbox/mailbox_service.h"

#include <absl/time/clock.h>

#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/message_index.h"

namespace pennypost::mailbox {
namespace {

constexpr uint64_t kDefaultFetchBytes = 4 << 20;
// Room that no burst of the next moment is likely to fill.
constexpr int64_t kPlenty = 256 << 20;
constexpr absl::Duration kLongestWait = absl::Minutes(5);

template <class Flags>
absl::StatusOr<std::string> Joined(const Flags& flags) {
  return JoinFlags({flags.begin(), flags.end()});
}

// RFC 4314 4: STORE fails only where none of what is asked for may be changed.
absl::Status CheckFlags(v1::StoreFlagsRequest::Mode mode, const std::string& flags,
                        mail::Rights rights) {
  constexpr std::string_view kOfFlags = "swt";
  bool any = std::any_of(kOfFlags.begin(), kOfFlags.end(),
                         [rights](char letter) { return rights.Has(letter); });
  bool all_refused = !flags.empty() && ChangeWithRights("", flags, rights).empty();
  if (any && (mode == v1::StoreFlagsRequest::MODE_SET || !all_refused)) return absl::OkStatus();
  return PolicyError("The right to change these flags is missing");
}

// Those to the destination, where the actor may read here and insert there.
absl::StatusOr<mail::Rights> RightsToCopy(const Permission& permission,
                                          const v1::CopyMessagesRequest& request) {
  RETURN_IF_ERROR(
      permission.Demand(request, request.mailbox_id(), request.move() ? "rte" : "r").status());
  v1::CopyMessagesRequest there;
  bool within = request.destination_account_id() == 0;
  there.set_account_id(within ? request.account_id() : request.destination_account_id());
  if (request.has_actor()) *there.mutable_actor() = request.actor();
  return permission.Demand(there, request.destination(), "i");
}

// One mailbox of another account, or what the actor may know of it.
absl::Status ListForeign(Store& store, const Permission& permission,
                         const v1::ListMailboxesRequest& request,
                         v1::ListMailboxesResponse* response) {
  if (request.name().empty()) return PolicyError("The mailboxes of an account are its owner's");
  RETURN_IF_ERROR(store.ListMailboxes(request, response));
  v1::Mailbox* mailbox = response->mutable_mailboxes(0);
  ASSIGN_OR_RETURN(mail::Rights rights, permission.Demand(request, mailbox->id(), ""));
  mailbox->set_subscribed(false);  // that is the owner's
  mailbox->set_rights(rights.ToString());
  return absl::OkStatus();
}

// The rights of the actor, where it is not the owner's, with which he may read.
template <class Request>
absl::Status DescribeRights(const Permission& permission, const Request& request,
                            v1::Mailbox* mailbox) {
  if (Permission::IsOwn(request)) return absl::OkStatus();
  ASSIGN_OR_RETURN(mail::Rights rights, permission.Demand(request, mailbox->id(), "r"));
  mailbox->set_rights(rights.ToString());
  return absl::OkStatus();
}

}  // namespace

void MailboxServiceImpl::Start(std::function<void(int64_t)> tell) {
  tell_ = std::move(tell);
  outbox_.Start();
}

void MailboxServiceImpl::Changed(int64_t account_id) {
  feed_.Notify(account_id);
  if (tell_) tell_(account_id);
}

void MailboxServiceImpl::CheckQuota(Controller* controller, const v1::CheckQuotaRequest* request,
                                    v1::CheckQuotaResponse* response, Done* done) {
  if (request->quota_bytes() <= 0) return done->Run();
  // The delivery's transaction has the last word; this only spares a client the way there.
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    v1::CheckQuotaRequest plenty = *request;
    plenty.set_size(std::max(request->size(), kPlenty));
    absl::Status room = store_.CheckQuota(plenty);
    response->set_plenty(room.ok());
    return ReasonOf(room) == Reason::kOverQuota ? store_.CheckQuota(*request) : room;
  });
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
    if (!Permission::IsOwn(*request)) return ListForeign(store_, permission_, canonical, response);
    RETURN_IF_ERROR(store_.ListMailboxes(canonical, response));
    return request->want_shared() ? store_.ListShared(request->actor(), response)
                                  : absl::OkStatus();
  });
}

void MailboxServiceImpl::CreateMailbox(Controller* controller,
                                       const v1::CreateMailboxRequest* request,
                                       v1::CreateMailboxResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    v1::CreateMailboxRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_name(), CanonicalName(request->name()));
    RETURN_IF_ERROR(permission_.DemandAbove(*request, canonical.name(), "k").status());
    RETURN_IF_ERROR(store_.CreateMailbox(canonical, response->mutable_mailbox()));
    Changed(request->account_id());
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
    RETURN_IF_ERROR(permission_.Demand(*request, canonical.from(), "x").status());
    RETURN_IF_ERROR(permission_.DemandAbove(*request, canonical.to(), "k").status());
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
    return store_.CopyMessages(move, mail::Rights::All(), &moved);
  });
}

void MailboxServiceImpl::DeleteMailbox(Controller* controller,
                                       const v1::DeleteMailboxRequest* request,
                                       v1::DeleteMailboxResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    v1::DeleteMailboxRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_name(), CanonicalName(request->name()));
    if (canonical.name() == "INBOX") return PolicyError("INBOX cannot be deleted");
    RETURN_IF_ERROR(permission_.Demand(*request, canonical.name(), "x").status());
    RETURN_IF_ERROR(store_.DeleteMailbox(canonical));
    Changed(request->account_id());
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
    RETURN_IF_ERROR(DescribeRights(permission_, *request, response->mutable_mailbox()));
    ToIndex(rows, response->mutable_index());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::GetChanges(Controller* controller, const v1::GetChangesRequest* request,
                                    v1::GetChangesResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(MailboxChanges changes, store_.GetChanges(*request));
    *response->mutable_mailbox() = std::move(changes.mailbox);
    RETURN_IF_ERROR(DescribeRights(permission_, *request, response->mutable_mailbox()));
    ToIndex(changes.changed, response->mutable_changed());
    for (uint32_t uid : changes.vanished) response->add_vanished(uid);
    for (const UidSpan& span : changes.not_there) {
      auto* range = response->add_vanished_ranges();
      range->set_first(span.first);
      range->set_last(span.last);
    }
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
    RETURN_IF_ERROR(permission_.Demand(*request, request->mailbox_id(), "r").status());
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
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(permission_.Demand(*request, request->mailbox_id(), "r").status());
    return store_.ReadContent(*request, response);
  });
}

void MailboxServiceImpl::StoreFlags(Controller* controller, const v1::StoreFlagsRequest* request,
                                    v1::StoreFlagsResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (request->mode() == v1::StoreFlagsRequest::MODE_UNSPECIFIED) return SyntaxError("no mode");
    ASSIGN_OR_RETURN(std::string flags, Joined(request->flags()));
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    ASSIGN_OR_RETURN(mail::Rights rights, permission_.Demand(*request, request->mailbox_id(), ""));
    RETURN_IF_ERROR(CheckFlags(request->mode(), flags, rights));
    RETURN_IF_ERROR(store_.StoreFlags(*request, flags, rights, &rows, &modified));
    ToIndex(rows, response->mutable_index());
    for (uint32_t uid : modified) response->add_modified(uid);
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::CopyMessages(Controller* controller,
                                      const v1::CopyMessagesRequest* request,
                                      v1::CopyMessagesResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    v1::CopyMessagesRequest canonical = *request;
    ASSIGN_OR_RETURN(*canonical.mutable_destination(), CanonicalName(request->destination()));
    ASSIGN_OR_RETURN(mail::Rights rights, RightsToCopy(permission_, canonical));
    // A move may be on its way to the trash.
    if (!request->move()) RETURN_IF_ERROR(store_.Room());
    RETURN_IF_ERROR(store_.CopyMessages(canonical, rights, response));
    Changed(request->account_id());
    if (request->destination_account_id() != 0) Changed(request->destination_account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::Expunge(Controller* controller, const v1::ExpungeRequest* request,
                                 v1::ExpungeResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    RETURN_IF_ERROR(
        permission_
            .Demand(*request, request->mailbox_id(), request->regardless_of_flag() ? "te" : "e")
            .status());
    RETURN_IF_ERROR(store_.Expunge(*request, response));
    Changed(request->account_id());
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
