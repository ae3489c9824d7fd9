// MULTIAPPEND, a batch of its own beside the queue of deliveries, and which messages were stored.

#include <absl/time/clock.h>

#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {
namespace {

constexpr int kMaxIds = 1000;  // of one FindStored

// Borrows the contents of the request.
absl::StatusOr<std::vector<std::unique_ptr<Delivery>>> ToDeliveries(
    const v1::MultiAppendRequest& request, const std::string& mailbox, mail::Rights rights) {
  std::vector<std::unique_ptr<Delivery>> deliveries;
  if (request.messages().empty()) return SyntaxError("no messages");
  for (const auto& message : request.messages()) {
    auto delivery = std::make_unique<Delivery>();
    auto id = Uuid::FromString(message.request_id());
    if (!id) return SyntaxError("a message has no id");
    ASSIGN_OR_RETURN(std::string flags,
                     JoinFlags({message.flags().begin(), message.flags().end()}));
    delivery->mail_id = *id;
    delivery->internal_date = message.has_internal_date()
                                  ? absl::FromUnixSeconds(message.internal_date().seconds())
                                  : absl::Now();
    delivery->mailbox_must_exist = true;
    delivery->runs_scripts = false;
    Delivery::Recipient to;
    to.account_id = request.account_id();
    to.mailbox = mailbox;
    to.flags = ChangeWithRights("", flags, rights);
    to.quota_bytes = request.quota_bytes();
    delivery->recipients.push_back(std::move(to));
    delivery->email = PrepareEmail(message.content(), *id);
    deliveries.push_back(std::move(delivery));
  }
  return deliveries;
}

}  // namespace

void MailboxServiceImpl::MultiAppend(Controller* controller, const v1::MultiAppendRequest* request,
                                     v1::MultiAppendResponse* response, Done* done) {
  size_t bytes = 0;
  for (const auto& message : request->messages()) bytes += message.content().size();
  auto lease = std::make_shared<BodyLease>(bodies_);
  absl::Status room = RoomFor(bytes, *lease);
  if (!room.ok()) return rpc::Finish(controller, done, room);
  pool_.Run(controller, done, [this, request, response, lease]() -> absl::Status {
    RETURN_IF_ERROR(store_.EnsureAccount(request->account_id()));
    ASSIGN_OR_RETURN(std::string mailbox, CanonicalName(request->mailbox()));
    ASSIGN_OR_RETURN(mail::Rights rights, permission_.Demand(*request, mailbox, "i"));
    ASSIGN_OR_RETURN(auto deliveries, ToDeliveries(*request, mailbox, rights));
    std::vector<Delivery*> batch;
    for (const auto& delivery : deliveries) batch.push_back(delivery.get());
    RETURN_IF_ERROR(store_.StoreTogether(batch));
    for (const Delivery* delivery : batch) response->add_uids(delivery->results[0].uid);
    response->set_mailbox_id(batch[0]->results[0].mailbox_id);
    response->set_uid_validity(batch[0]->results[0].uid_validity);
    if (response->uid_validity() == 0) {
      // A repeat: the deliveries' records do not hold UIDVALIDITY.
      v1::Mailbox found;
      if (store_.FindMailbox(request->account_id(), mailbox, &found).ok())
        response->set_uid_validity(found.uid_validity());
    }
    Changed(request->account_id());
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::FindStored(Controller* controller, const v1::FindStoredRequest* request,
                                    v1::FindStoredResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (request->request_ids_size() > kMaxIds) return SyntaxError("too many ids");
    std::vector<Uuid> ids;
    for (const std::string& text : request->request_ids()) {
      auto id = Uuid::FromString(text);
      if (!id) return SyntaxError("an id is none");
      ids.push_back(*id);
    }
    ASSIGN_OR_RETURN(std::vector<bool> stored, store_.FindStored(request->account_id(), ids));
    for (bool one : stored) response->add_stored(one);
    return absl::OkStatus();
  });
}

}  // namespace pennypost::mailbox
