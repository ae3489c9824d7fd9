#pragma once
// The gRPC face: checks names and flags, hands reads and changes to a pool and deliveries to the
// queue of the writers.

#include "base/body_budget.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "rpc/worker_pool.h"
#include "services/mailbox/change_feed.h"
#include "services/mailbox/delivery_queue.h"
#include "services/mailbox/permission.h"
#include "services/mailbox/scripts/outbox.h"
#include "services/mailbox/scripts/script_runner.h"

namespace pennypost::mailbox {

class MailboxServiceImpl : public v1::MailboxService {
 public:
  using Controller = google::protobuf::RpcController;
  using Done = google::protobuf::Closure;

  struct Scripting {
    std::string hostname;
    ResolveRecipient resolve;
    Outbox::Enqueue enqueue;
  };
  MailboxServiceImpl(Store& store, const QueueOptions& queue, size_t threads, Scripting scripting);
  // Stores what waits. No call comes any more.
  ~MailboxServiceImpl() override;

  // Mail of scripts goes out from here on. `tell` hears of each account that this process changes;
  // it must not block.
  void Start(std::function<void(int64_t)> tell);
  // The housekeeping changed the account, for all instances to hear.
  void ChangedHere(int64_t account_id) { Changed(account_id); }
  // Another instance changed the account.
  void ChangedElsewhere(int64_t account_id) { feed_.Notify(account_id); }

#define PP_METHOD(Name) \
  void Name(Controller*, const v1::Name##Request*, v1::Name##Response*, Done*) override
  PP_METHOD(Deliver);
  PP_METHOD(CheckQuota);
  PP_METHOD(CheckRoom);
  PP_METHOD(ListMailboxes);
  PP_METHOD(CreateMailbox);
  PP_METHOD(RenameMailbox);
  PP_METHOD(DeleteMailbox);
  PP_METHOD(Subscribe);
  // mailbox_service_rights.cc
  PP_METHOD(ListGrants);
  PP_METHOD(SetGrant);
  PP_METHOD(OpenMailbox);
  PP_METHOD(GetChanges);
  PP_METHOD(WaitForChanges);
  PP_METHOD(FetchMessages);
  PP_METHOD(ReadContent);
  PP_METHOD(StoreFlags);
  PP_METHOD(CopyMessages);
  PP_METHOD(Expunge);
  // mailbox_service_keeping.cc
  PP_METHOD(ListDeleted);
  PP_METHOD(RestoreDeleted);
  PP_METHOD(GetScrub);
  PP_METHOD(StartScrub);
  PP_METHOD(ReindexAccount);
  PP_METHOD(Append);
  PP_METHOD(MultiAppend);
  PP_METHOD(FindStored);
  PP_METHOD(Search);
  PP_METHOD(Sort);
  PP_METHOD(Thread);
  PP_METHOD(GetQuota);
  PP_METHOD(GetMetadata);
  PP_METHOD(SetMetadata);
  PP_METHOD(LockMaildrop);
  PP_METHOD(UnlockMaildrop);
  PP_METHOD(DeleteAccountData);
  PP_METHOD(GetHistory);
  // script_methods.cc
  PP_METHOD(ListScripts);
  PP_METHOD(GetScript);
  PP_METHOD(PutScript);
  PP_METHOD(CheckScript);
  PP_METHOD(SetActiveScript);
  PP_METHOD(DeleteScript);
  PP_METHOD(RenameScript);
  PP_METHOD(CheckScriptRoom);
#undef PP_METHOD

 private:
  // A message on its way in, and how its call ends.
  struct Incoming {
    explicit Incoming(BodyBudget& budget) : lease(budget) {}

    BodyLease lease;
    std::unique_ptr<Delivery> delivery;
    std::string_view content;
    const v1::DeliverRequest* request = nullptr;  // nullptr: no scripts run (APPEND)
    Controller* controller = nullptr;
    Done* done = nullptr;
    std::function<void(const Delivery&)> fill;
    int script_runs = 0;
  };
  using IncomingPtr = std::shared_ptr<Incoming>;  // std::function wants copyable callables

  // A change was committed.
  void Changed(int64_t account_id);
  // With the flags that the rights allow.
  void AppendWith(mail::Rights rights, Controller* controller, const v1::AppendRequest* request,
                  v1::AppendResponse* response, Done* done);
  void Receive(IncomingPtr mail);
  // On the pool, for what may block or take its time: scripts, parsing of large content.
  void ReceiveOnPool(IncomingPtr mail, ScriptRunner::Scripts scripts);
  // By way of the object store, if its content is kept there.
  void Enqueue(IncomingPtr mail);
  void EnqueueNow(IncomingPtr mail);
  void Finish(const IncomingPtr& mail, std::unique_ptr<Delivery> stored);
  // Room for contents of so many bytes: on the disk, and in memory until `lease` ends.
  absl::Status RoomFor(size_t bytes, BodyLease& lease);
  static void Refuse(const Incoming& mail, const absl::Status& status);

  Store& store_;
  const Permission permission_{store_};
  BodyBudget bodies_;
  ChangeFeed feed_;
  std::function<void(int64_t)> tell_;
  ScriptRunner scripts_;
  Outbox outbox_;
  std::mutex stop_mutex_;
  bool stopping_ = false;
  DeliveryQueue queue_;
  rpc::WorkerPool outside_pool_;
  rpc::WorkerPool pool_;
};

}  // namespace pennypost::mailbox
