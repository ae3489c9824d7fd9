#pragma once
// The gRPC face: checks names and flags, hands reads and changes to a pool and deliveries to the
// queue of the writers.

#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "rpc/worker_pool.h"
#include "services/mailbox/change_feed.h"
#include "services/mailbox/delivery_queue.h"

namespace pennypost::mailbox {

class MailboxServiceImpl : public v1::MailboxService {
 public:
  using Controller = google::protobuf::RpcController;
  using Done = google::protobuf::Closure;

  MailboxServiceImpl(Store& store, const QueueOptions& queue, size_t threads);

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
  PP_METHOD(OpenMailbox);
  PP_METHOD(GetChanges);
  PP_METHOD(WaitForChanges);
  PP_METHOD(FetchMessages);
  PP_METHOD(ReadContent);
  PP_METHOD(StoreFlags);
  PP_METHOD(CopyMessages);
  PP_METHOD(Expunge);
  PP_METHOD(Append);
  PP_METHOD(MultiAppend);
  PP_METHOD(Search);
  PP_METHOD(Sort);
  PP_METHOD(Thread);
  PP_METHOD(GetQuota);
  PP_METHOD(LockMaildrop);
  PP_METHOD(UnlockMaildrop);
  PP_METHOD(DeleteAccountData);
  PP_METHOD(GetHistory);
#undef PP_METHOD

 private:
  void Enqueue(std::unique_ptr<Delivery> delivery, Controller* controller, Done* done,
               std::function<void(const Delivery&)> fill);
  // Parses and hashes the content, where that may take its time, then enqueues.
  void PrepareAndEnqueue(std::unique_ptr<Delivery> delivery, std::string_view content,
                         Controller* controller, Done* done,
                         std::function<void(const Delivery&)> fill);

  Store& store_;
  ChangeFeed feed_;
  DeliveryQueue queue_;
  rpc::WorkerPool pool_;
};

}  // namespace pennypost::mailbox
