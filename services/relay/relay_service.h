#pragma once
// The gRPC face of the queue: proto to domain and back.

#include <functional>

#include "base/clock.h"
#include "pennypost/directory/v1/directory_service.pb.h"
#include "pennypost/relay/v1/relay_service.pb.h"
#include "rpc/worker_pool.h"
#include "services/relay/store/store.h"

namespace pennypost::relay {

class RelayService final : public v1::RelayService {
 public:
  // `on_due` runs after a commit that made something due. `directory` is read at each call: it is
  // set only when all services are connected. References outlive the service.
  RelayService(Store& store, rpc::WorkerPool& pool, const Clock& clock,
               std::function<void()> on_due, directory::v1::DirectoryService* const& directory)
      : store_(store),
        pool_(pool),
        clock_(clock),
        on_due_(std::move(on_due)),
        directory_(directory) {}

  using Controller = google::protobuf::RpcController;
  using Done = google::protobuf::Closure;
  void Enqueue(Controller* controller, const v1::EnqueueRequest* request,
               v1::EnqueueResponse* response, Done* done) override;
  void CheckRoom(Controller* controller, const v1::CheckRoomRequest* request,
                 v1::CheckRoomResponse* response, Done* done) override;
  void ListDeliveries(Controller* controller, const v1::ListDeliveriesRequest* request,
                      v1::ListDeliveriesResponse* response, Done* done) override;
  void ChangeDeliveries(Controller* controller, const v1::ChangeDeliveriesRequest* request,
                        v1::ChangeDeliveriesResponse* response, Done* done) override;
  void GetQueueStats(Controller* controller, const v1::GetQueueStatsRequest* request,
                     v1::GetQueueStatsResponse* response, Done* done) override;
  void RecordEvents(Controller* controller, const v1::RecordEventsRequest* request,
                    v1::RecordEventsResponse* response, Done* done) override;
  void GetHistory(Controller* controller, const v1::GetHistoryRequest* request,
                  v1::GetHistoryResponse* response, Done* done) override;

 private:
  // `work` on the pool, where directory says that the actor may; the platform itself may.
  void RunFor(Controller* controller, Done* done, const std::string& actor, const char* action,
              std::function<absl::Status()> work);

  Store& store_;
  rpc::WorkerPool& pool_;
  const Clock& clock_;
  std::function<void()> on_due_;
  directory::v1::DirectoryService* const& directory_;
};

}  // namespace pennypost::relay
