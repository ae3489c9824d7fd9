#include "services/relay/relay_service.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/mutant.h"
#include "rpc/call.h"
#include "rpc/timestamp.h"
#include "services/relay/proto_convert.h"

namespace pennypost::relay {
namespace {

constexpr int kMaxPage = 1000;
constexpr absl::Duration kTimeout = absl::Seconds(10);

int Limited(int asked) {
  return asked <= 0 || asked > kMaxPage ? kMaxPage : asked;
}

}  // namespace

void RelayService::RunFor(Controller* controller, Done* done, const std::string& actor,
                          const char* action, std::function<absl::Status()> work) {
  if (actor.empty()) return pool_.Run(controller, done, std::move(work));
  if (directory_ == nullptr)
    return rpc::Finish(controller, done, UnavailableError("no directory service"));
  directory::v1::AuthorizeRequest question;
  question.set_actor(actor);
  question.set_action(action);
  rpc::CallAsync<directory::v1::DirectoryService, directory::v1::AuthorizeRequest,
                 directory::v1::AuthorizeResponse>(
      *directory_, &directory::v1::DirectoryService::Authorize, std::move(question), kTimeout,
      [this, controller, done,
       work = std::move(work)](const absl::StatusOr<directory::v1::AuthorizeResponse>& answer) {
        if (!answer.ok()) return rpc::Finish(controller, done, answer.status());
        pool_.Run(controller, done, work);
      });
}

void RelayService::Enqueue(Controller* controller, const v1::EnqueueRequest* request,
                           v1::EnqueueResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    // The little that is left on a full disk is for the outcomes of what is queued.
    RETURN_IF_ERROR(store_.Room());
    ASSIGN_OR_RETURN(NewMessage message, FromProto(*request, clock_.Now()));
    if constexpr (kMutant == Mutant::kM10) on_due_();
    RETURN_IF_ERROR(Failpoint("relay.before_enqueue"));
    RETURN_IF_ERROR(store_.Enqueue(message).status());
    RETURN_IF_ERROR(Failpoint("relay.before_hint"));
    if constexpr (kMutant != Mutant::kM10) on_due_();
    return Failpoint("relay.before_reply");
  });
}

void RelayService::CheckRoom(Controller* controller, const v1::CheckRoomRequest*,
                             v1::CheckRoomResponse*, Done* done) {
  rpc::Finish(controller, done, store_.Room());
}

void RelayService::ListDeliveries(Controller* controller, const v1::ListDeliveriesRequest* request,
                                  v1::ListDeliveriesResponse* response, Done* done) {
  RunFor(controller, done, request->actor(), "queue.read",
         [this, request, response]() -> absl::Status {
           ASSIGN_OR_RETURN(DeliveryFilter filter, FromProto(request->filter()));
           ASSIGN_OR_RETURN(Position after, PositionFromToken(request->page_token()));
           int limit = Limited(request->page_size());
           ASSIGN_OR_RETURN(std::vector<DeliveryRow> rows, store_.List(filter, after, limit));
           for (const DeliveryRow& row : rows) ToProto(row, *response->add_deliveries());
           if (static_cast<int>(rows.size()) == limit)
             response->set_next_page_token(TokenOf(rows.back()));
           return absl::OkStatus();
         });
}

void RelayService::ChangeDeliveries(Controller* controller,
                                    const v1::ChangeDeliveriesRequest* request,
                                    v1::ChangeDeliveriesResponse* response, Done* done) {
  RunFor(controller, done, request->actor(), "queue.change",
         [this, request, response]() -> absl::Status {
           ASSIGN_OR_RETURN(Change change, FromProto(request->action()));
           ASSIGN_OR_RETURN(DeliveryFilter filter, FromProto(request->filter()));
           if (filter.IsEmpty())
             return SyntaxError("say which deliveries: an empty filter would mean all");
           auto matched =
               request->dry_run()
                   ? store_.CountChangeable(change, filter)
                   : store_.ChangeDeliveries(change, filter, {request->reason(), request->actor()},
                                             clock_.Now());
           RETURN_IF_ERROR(matched.status());
           response->set_matched(static_cast<uint64_t>(*matched));
           on_due_();
           return absl::OkStatus();
         });
}

void RelayService::GetQueueStats(Controller* controller, const v1::GetQueueStatsRequest*,
                                 v1::GetQueueStatsResponse* response, Done* done) {
  pool_.Run(controller, done, [this, response]() -> absl::Status {
    ASSIGN_OR_RETURN(QueueStats stats, store_.Stats());
    response->set_queued(stats.queued);
    response->set_leased(stats.leased);
    response->set_held(stats.held);
    if (stats.oldest_queued_at)
      rpc::SetTime(*stats.oldest_queued_at, response->mutable_oldest_queued_at());
    return absl::OkStatus();
  });
}

void RelayService::RecordEvents(Controller* controller, const v1::RecordEventsRequest* request,
                                v1::RecordEventsResponse*, Done* done) {
  pool_.Run(controller, done, [this, request]() -> absl::Status {
    std::vector<Event> events;
    for (const history::v1::Event& event : request->events()) {
      // Best effort: one that is malformed takes no other with it.
      absl::StatusOr<Event> converted = FromProto(event, clock_.Now());
      if (converted.ok()) events.push_back(*std::move(converted));
    }
    return store_.RecordEvents(events);
  });
}

void RelayService::GetHistory(Controller* controller, const v1::GetHistoryRequest* request,
                              v1::GetHistoryResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    std::optional<Uuid> mail_id = Uuid::FromString(request->mail_id());
    if (!request->mail_id().empty() && !mail_id) return SyntaxError("mail_id must be a UUID");
    if (!mail_id && request->address().empty())
      return SyntaxError("a history needs a mail_id or an address");
    auto events = mail_id ? store_.History(*mail_id)
                          : store_.HistoryOf(request->address(), Limited(request->limit()));
    RETURN_IF_ERROR(events.status());
    for (const Event& event : *events) ToProto(event, *response->add_events());
    return absl::OkStatus();
  });
}

}  // namespace pennypost::relay
