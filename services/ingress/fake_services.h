#pragma once
// The services ingress calls, in memory and under the control of a test.

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "clients/clients.h"
#include "rpc/controller.h"
#include "sasl/scram.h"

namespace pennypost::ingress {

using google::protobuf::Closure;
using google::protobuf::RpcController;

// Statuses for the next calls; OK when there are none left.
class Failures {
 public:
  void Add(absl::Status status) { queue_.push_back(std::move(status)); }
  absl::Status Next() {
    if (queue_.empty()) return absl::OkStatus();
    absl::Status status = queue_.front();
    queue_.pop_front();
    return status;
  }

 private:
  std::deque<absl::Status> queue_;
};

// example.org is ours: bob (1), carol (2), full (3), the alias team (bob, carol), and fan (bob and
// remote).
class FakeDirectory : public directory::v1::DirectoryService {
 public:
  Failures failures;
  std::string last_password;

  void ResolveRecipient(RpcController* controller,
                        const directory::v1::ResolveRecipientRequest* request,
                        directory::v1::ResolveRecipientResponse* response, Closure* done) override {
    using Response = directory::v1::ResolveRecipientResponse;
    absl::Status status = failures.Next();
    if (!status.ok()) return rpc::Finish(controller, done, status);
    const std::string& address = request->address();
    auto add = [&](int64_t id, const std::string& where) {
      auto* target = response->add_targets();
      target->set_account_id(id);
      target->set_address(where);
      target->set_quota_bytes(1000);
    };
    response->set_kind(Response::KIND_DELIVERABLE);
    if (!address.ends_with("@example.org") && !address.ends_with("@mx.example.org")) {
      response->set_kind(Response::KIND_REMOTE_DOMAIN);
    } else if (address.starts_with("bob@") || address.starts_with("postmaster@")) {
      add(1, "bob@example.org");
    } else if (address.starts_with("carol@")) {
      add(2, "carol@example.org");
    } else if (address.starts_with("full@")) {
      add(3, "full@example.org");
    } else if (address.starts_with("team@")) {
      add(1, "bob@example.org");
      add(2, "carol@example.org");
    } else if (address.starts_with("fan@")) {
      add(1, "bob@example.org");
      add(0, "fan@remote.example");
    } else if (address.starts_with("loop@")) {
      response->set_kind(Response::KIND_LOOP);
    } else if (address.starts_with("off@")) {
      response->set_kind(Response::KIND_DISABLED);
    } else if (address.starts_with("later@")) {
      response->set_kind(Response::KIND_SUSPENDED);
    } else if (address.starts_with("empty@")) {
      response->set_kind(Response::KIND_EMPTY_GROUP);
    } else if (address.starts_with("huge@")) {
      response->set_kind(Response::KIND_TOO_LARGE);
    } else if (address.starts_with("closed@") && request->poster().account_id() != 1 &&
               request->poster().sender() != "member@remote.example") {
      response->set_kind(Response::KIND_NOT_ALLOWED);
      response->set_detail("only members may send to this group");
    } else if (address.starts_with("closed@")) {
      add(1, "bob@example.org");
    } else {
      response->set_kind(Response::KIND_UNKNOWN_USER);
    }
    done->Run();
  }

  void Authenticate(RpcController* controller, const directory::v1::AuthenticateRequest* request,
                    directory::v1::AuthenticateResponse* response, Closure* done) override {
    absl::Status status = failures.Next();
    last_password = request->password();
    if (status.ok() && (request->user() != "bob@example.org" || request->password() != "secret")) {
      status = MakeError(absl::StatusCode::kUnauthenticated, Reason::kBadCredentials, "no");
    }
    if (!status.ok()) return rpc::Finish(controller, done, status);
    SetBob(response);
    done->Run();
  }

  void GetScramKeys(RpcController* controller, const directory::v1::GetScramKeysRequest*,
                    directory::v1::GetScramKeysResponse* response, Closure* done) override {
    absl::Status status = failures.Next();
    if (!status.ok()) return rpc::Finish(controller, done, status);
    sasl::ScramKeys keys = sasl::DeriveScramKeys("secret", "saltsalt", 4096);
    response->set_salt(keys.salt);
    response->set_iterations(4096);
    response->set_stored_key(keys.stored_key);
    response->set_server_key(keys.server_key);
    done->Run();
  }

  void FinishScram(RpcController* controller, const directory::v1::FinishScramRequest* request,
                   directory::v1::AuthenticateResponse* response, Closure* done) override {
    absl::Status status = failures.Next();
    if (status.ok() && !request->success()) {
      status = MakeError(absl::StatusCode::kUnauthenticated, Reason::kBadCredentials, "no");
    }
    if (!status.ok()) return rpc::Finish(controller, done, status);
    SetBob(response);
    done->Run();
  }

  void CheckSender(RpcController* controller, const directory::v1::CheckSenderRequest* request,
                   directory::v1::CheckSenderResponse* response, Closure* done) override {
    absl::Status status = failures.Next();
    if (!status.ok()) return rpc::Finish(controller, done, status);
    for (const std::string& address : request->addresses()) {
      if (request->account_id() != 1 || address != "bob@example.org")
        response->add_refused(address);
    }
    done->Run();
  }

 private:
  static void SetBob(directory::v1::AuthenticateResponse* response) {
    response->mutable_account()->set_id(1);
    response->mutable_account()->set_address("bob@example.org");
  }
};

class FakeMailbox : public mailbox::v1::MailboxService {
 public:
  Failures failures;
  absl::Status room;
  bool store_before_failing = false;  // the commit happens, its answer is lost
  std::map<std::string, mailbox::v1::DeliverRequest> delivered;  // by mail_id
  int calls = 0, quota_questions = 0;

  // Account 3 is full, the others have plenty of room.
  void CheckQuota(RpcController* controller, const mailbox::v1::CheckQuotaRequest* request,
                  mailbox::v1::CheckQuotaResponse* response, Closure* done) override {
    ++quota_questions;
    absl::Status status;
    response->set_plenty(request->account_id() != 3);
    if (request->account_id() == 3) {
      status = MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverQuota, "full");
    }
    rpc::Finish(controller, done, status);
  }

  void CheckRoom(RpcController* controller, const mailbox::v1::CheckRoomRequest*,
                 mailbox::v1::CheckRoomResponse*, Closure* done) override {
    rpc::Finish(controller, done, room);
  }

  void Deliver(RpcController* controller, const mailbox::v1::DeliverRequest* request,
               mailbox::v1::DeliverResponse*, Closure* done) override {
    ++calls;
    absl::Status status = failures.Next();
    if (status.ok() || store_before_failing) delivered[request->mail_id()] = *request;
    rpc::Finish(controller, done, status);
  }
};

class FakeRelay : public relay::v1::RelayService {
 public:
  Failures failures;
  absl::Status room;
  std::map<std::string, relay::v1::EnqueueRequest> queued;
  std::vector<history::v1::Event> events;

  void Enqueue(RpcController* controller, const relay::v1::EnqueueRequest* request,
               relay::v1::EnqueueResponse*, Closure* done) override {
    absl::Status status = failures.Next();
    if (status.ok()) queued[request->mail_id()] = *request;
    rpc::Finish(controller, done, status);
  }

  void CheckRoom(RpcController* controller, const relay::v1::CheckRoomRequest*,
                 relay::v1::CheckRoomResponse*, Closure* done) override {
    rpc::Finish(controller, done, room);
  }

  void RecordEvents(RpcController*, const relay::v1::RecordEventsRequest* request,
                    relay::v1::RecordEventsResponse*, Closure* done) override {
    events.insert(events.end(), request->events().begin(), request->events().end());
    done->Run();
  }
};

class FakeFilter : public filter::v1::FilterService {
 public:
  // By stage; ALLOW where nothing is set.
  std::map<int, filter::v1::CheckResponse> answers;
  Failures failures;
  std::vector<filter::v1::CheckRequest> asked;

  void Check(RpcController* controller, const filter::v1::CheckRequest* request,
             filter::v1::CheckResponse* response, Closure* done) override {
    asked.push_back(*request);
    absl::Status status = failures.Next();
    if (!status.ok()) return rpc::Finish(controller, done, status);
    auto it = answers.find(request->stage());
    if (it != answers.end()) {
      *response = it->second;
    } else {
      response->set_action(filter::v1::CheckResponse::ACTION_ALLOW);
    }
    done->Run();
  }
};

}  // namespace pennypost::ingress
