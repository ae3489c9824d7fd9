// The gRPC face over the store in memory.

#include "services/mailbox/mailbox_service.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include "rpc/call.h"
#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {
namespace {

constexpr char kMail[] = "Subject: x\r\n\r\nbody\r\n";

class MailboxService : public ::testing::Test {
 protected:
  // Calls a method and waits for its end.
  template <class Request, class Response>
  absl::Status Call(rpc::Method<v1::MailboxService, Request, Response> method,
                    const Request& request, Response* response) {
    struct Latch : google::protobuf::Closure {
      std::mutex mutex;
      std::condition_variable ready;
      bool done = false;
      void Run() override {
        std::lock_guard lock(mutex);
        done = true;
        ready.notify_all();
      }
    } latch;
    rpc::Controller controller(absl::Now() + absl::Seconds(10));
    (static_cast<v1::MailboxService&>(service_).*method)(&controller, &request, response, &latch);
    std::unique_lock lock(latch.mutex);
    latch.ready.wait(lock, [&latch] { return latch.done; });
    return controller.Failed() ? controller.status() : absl::OkStatus();
  }

  absl::Status Deliver() {
    v1::DeliverRequest request;
    request.set_mail_id(NewUuidV7(absl::Now()).ToString());
    request.set_content(kMail);
    request.add_recipients()->set_account_id(1);
    v1::DeliverResponse response;
    return Call(&v1::MailboxService::Deliver, request, &response);
  }
  absl::Status Append() {
    v1::AppendRequest request;
    request.set_account_id(1);
    request.set_request_id(NewUuidV7(absl::Now()).ToString());
    request.set_mailbox("INBOX");
    request.set_content(kMail);
    v1::AppendResponse response;
    return Call(&v1::MailboxService::Append, request, &response);
  }
  absl::Status Copy(bool move) {
    v1::CopyMessagesRequest request;
    request.set_account_id(1);
    request.set_mailbox_id(1);
    request.add_uids(1);
    request.set_destination("Trash");
    request.set_move(move);
    v1::CopyMessagesResponse response;
    return Call(&v1::MailboxService::CopyMessages, request, &response);
  }
  absl::Status CheckRoom() {
    v1::CheckRoomResponse response;
    return Call(&v1::MailboxService::CheckRoom, v1::CheckRoomRequest(), &response);
  }

  MemoryStore store_;
  static MailboxServiceImpl::Scripting NoOthers() {
    return {"mail.test",
            [](const auto&) {
              return absl::StatusOr<directory::v1::ResolveRecipientResponse>(
                  UnavailableError("no directory"));
            },
            [](const auto&) { return UnavailableError("no relay"); }};
  }
  static constexpr uint64_t kBudget = 4000;
  MailboxServiceImpl service_{store_, QueueOptions{.body_budget = kBudget}, 2, NoOthers()};
};

// ROBUSTNESS 2.8: what would not fit into memory comes again; what was stored takes none.
TEST_F(MailboxService, ContentsBeyondTheBudgetAreTooMuch) {
  ASSERT_TRUE(store_.EnsureAccount(1).ok());
  std::string large = std::string(kMail) + std::string(kBudget, 'x');
  v1::DeliverRequest deliver;
  deliver.set_mail_id(NewUuidV7(absl::Now()).ToString());
  deliver.set_content(large);
  deliver.add_recipients()->set_account_id(1);
  v1::DeliverResponse delivered;
  absl::Status status = Call(&v1::MailboxService::Deliver, deliver, &delivered);
  EXPECT_EQ(ReasonOf(status), Reason::kOverloaded) << Describe(status);
  v1::MultiAppendRequest append;
  append.set_account_id(1);
  append.set_mailbox("INBOX");
  for (int i = 0; i < 2; ++i) {
    auto* message = append.add_messages();
    message->set_request_id(NewUuidV7(absl::Now()).ToString());
    message->set_content(large.substr(0, kBudget * 2 / 3));
  }
  v1::MultiAppendResponse appended;
  status = Call(&v1::MailboxService::MultiAppend, append, &appended);
  EXPECT_EQ(ReasonOf(status), Reason::kOverloaded) << Describe(status);
  append.mutable_messages()->RemoveLast();
  // Calls end a moment before what they held is given back.
  auto patiently = [](const std::function<absl::Status()>& call) {
    absl::Status last = call();
    for (int i = 0; i < 1000 && !last.ok(); ++i) {
      absl::SleepFor(absl::Milliseconds(1));
      last = call();
    }
    return last;
  };
  for (int i = 0; i < 5; ++i) {
    deliver.set_mail_id(NewUuidV7(absl::Now()).ToString());
    deliver.set_content(large.substr(0, kBudget * 2 / 3));
    EXPECT_TRUE(
        patiently([&] { return Call(&v1::MailboxService::Deliver, deliver, &delivered); }).ok());
    append.mutable_messages(0)->set_request_id(NewUuidV7(absl::Now()).ToString());
    EXPECT_TRUE(
        patiently([&] { return Call(&v1::MailboxService::MultiAppend, append, &appended); }).ok());
  }
}

// What is left of the disk is for removals.
TEST_F(MailboxService, K6_AFullDiskKeepsNewMailOutAndNothingElse) {
  ASSERT_TRUE(store_.EnsureAccount(1).ok());
  ASSERT_TRUE(Deliver().ok());
  ASSERT_TRUE(Deliver().ok());
  EXPECT_TRUE(CheckRoom().ok());
  store_.SetRoomForTest(
      MakeError(absl::StatusCode::kResourceExhausted, Reason::kStorageFull, "full"));
  EXPECT_EQ(ReasonOf(CheckRoom()), Reason::kStorageFull);
  EXPECT_EQ(ReasonOf(Deliver()), Reason::kStorageFull);
  EXPECT_EQ(ReasonOf(Append()), Reason::kStorageFull);
  EXPECT_EQ(ReasonOf(Copy(/*move=*/false)), Reason::kStorageFull);
  absl::Status moved = Copy(/*move=*/true);
  EXPECT_TRUE(moved.ok()) << Describe(moved);
  v1::ExpungeRequest expunge;
  expunge.set_account_id(1);
  expunge.set_mailbox_id(1);
  expunge.add_uids(2);
  expunge.set_regardless_of_flag(true);
  v1::ExpungeResponse expunged;
  EXPECT_TRUE(Call(&v1::MailboxService::Expunge, expunge, &expunged).ok());
  EXPECT_EQ(expunged.uids_size(), 1);
  store_.SetRoomForTest(absl::OkStatus());
  EXPECT_TRUE(Deliver().ok());
  EXPECT_TRUE(Append().ok());
}

TEST_F(MailboxService, OnlyWhatCompilesIsStored) {
  v1::PutScriptRequest put;
  put.set_account_id(1);
  put.set_name("rules");
  put.set_content("keep;\nfrobnicate;\n");
  v1::PutScriptResponse done;
  absl::Status refused = Call(&v1::MailboxService::PutScript, put, &done);
  EXPECT_EQ(ReasonOf(refused), Reason::kSyntax);
  EXPECT_EQ(MessageOf(refused), "line 2, column 1: unknown command 'frobnicate'");
  v1::ListScriptsRequest list;
  list.set_account_id(1);
  v1::ListScriptsResponse scripts;
  ASSERT_TRUE(Call(&v1::MailboxService::ListScripts, list, &scripts).ok());
  EXPECT_EQ(scripts.scripts_size(), 0);
  put.set_content("keep;\n");
  ASSERT_TRUE(Call(&v1::MailboxService::PutScript, put, &done).ok());
  put.set_name("a\nb");
  EXPECT_EQ(ReasonOf(Call(&v1::MailboxService::PutScript, put, &done)), Reason::kSyntax);
  v1::CheckScriptRequest check;
  check.set_content("if true {");
  v1::CheckScriptResponse checked;
  EXPECT_EQ(ReasonOf(Call(&v1::MailboxService::CheckScript, check, &checked)), Reason::kSyntax);
}

// Scripts run on what arrives, not on what a client or an import puts into a mailbox.
TEST_F(MailboxService, SeveralMessagesAreStoredTogetherWhateverScriptIsActive) {
  v1::PutScriptRequest put;
  put.set_account_id(1);
  put.set_name("rules");
  put.set_content("discard;\n");
  v1::PutScriptResponse done;
  ASSERT_TRUE(Call(&v1::MailboxService::PutScript, put, &done).ok());
  v1::SetActiveScriptRequest activate;
  activate.set_account_id(1);
  activate.set_name("rules");
  v1::SetActiveScriptResponse active;
  ASSERT_TRUE(Call(&v1::MailboxService::SetActiveScript, activate, &active).ok());
  v1::MultiAppendRequest request;
  request.set_account_id(1);
  request.set_mailbox("INBOX");
  v1::FindStoredRequest find;
  find.set_account_id(1);
  for (int i = 0; i < 2; ++i) {
    auto* message = request.add_messages();
    message->set_content(kMail);
    message->set_request_id(NewUuidV7(absl::Now()).ToString());
    find.add_request_ids(message->request_id());
  }
  find.add_request_ids(NewUuidV7(absl::Now()).ToString());
  v1::MultiAppendResponse response;
  absl::Status stored = Call(&v1::MailboxService::MultiAppend, request, &response);
  EXPECT_TRUE(stored.ok()) << Describe(stored);
  EXPECT_EQ(response.uids_size(), 2);
  v1::FindStoredResponse found;
  ASSERT_TRUE(Call(&v1::MailboxService::FindStored, find, &found).ok());
  EXPECT_TRUE(found.stored(0) && found.stored(1) && !found.stored(2));
}

}  // namespace
}  // namespace pennypost::mailbox
