#pragma once
// The scripts of one account in memory, for tests of the ManageSieve driver. A script "bad" does
// not compile.

#include <map>
#include <string>

#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "rpc/controller.h"

namespace pennypost::access {

class FakeScripts : public mailbox::v1::MailboxService {
 public:
  using RpcController = google::protobuf::RpcController;
  using Closure = google::protobuf::Closure;

  void FailWith(absl::Status status) { failure_ = std::move(status); }
  const std::map<std::string, std::string>& scripts() const { return scripts_; }
  const std::string& active() const { return active_; }

  void ListScripts(RpcController* c, const mailbox::v1::ListScriptsRequest*,
                   mailbox::v1::ListScriptsResponse* response, Closure* done) override {
    for (const auto& [name, content] : scripts_) {
      auto* script = response->add_scripts();
      script->set_name(name);
      script->set_active(name == active_);
    }
    End(c, done, absl::OkStatus());
  }
  void GetScript(RpcController* c, const mailbox::v1::GetScriptRequest* request,
                 mailbox::v1::GetScriptResponse* response, Closure* done) override {
    if (!scripts_.contains(request->name())) return End(c, done, NotFoundError("no such script"));
    response->set_content(scripts_[request->name()]);
    End(c, done, absl::OkStatus());
  }
  void PutScript(RpcController* c, const mailbox::v1::PutScriptRequest* request,
                 mailbox::v1::PutScriptResponse*, Closure* done) override {
    if (request->content() == "bad") return End(c, done, Bad());
    if (failure_.ok()) scripts_[request->name()] = request->content();
    End(c, done, absl::OkStatus());
  }
  void CheckScript(RpcController* c, const mailbox::v1::CheckScriptRequest* request,
                   mailbox::v1::CheckScriptResponse*, Closure* done) override {
    End(c, done, request->content() == "bad" ? Bad() : absl::OkStatus());
  }
  void SetActiveScript(RpcController* c, const mailbox::v1::SetActiveScriptRequest* request,
                       mailbox::v1::SetActiveScriptResponse*, Closure* done) override {
    if (!request->name().empty() && !scripts_.contains(request->name()))
      return End(c, done, NotFoundError("no such script"));
    active_ = request->name();
    End(c, done, absl::OkStatus());
  }
  void DeleteScript(RpcController* c, const mailbox::v1::DeleteScriptRequest* request,
                    mailbox::v1::DeleteScriptResponse*, Closure* done) override {
    if (request->name() == active_) {
      return End(c, done,
                 MakeError(absl::StatusCode::kFailedPrecondition, Reason::kBadSequence, "active"));
    }
    End(c, done, scripts_.erase(request->name()) == 1 ? absl::OkStatus() : NotFoundError("none"));
  }
  void RenameScript(RpcController* c, const mailbox::v1::RenameScriptRequest* request,
                    mailbox::v1::RenameScriptResponse*, Closure* done) override {
    auto node = scripts_.extract(request->from());
    node.key() = request->to();
    scripts_.insert(std::move(node));
    End(c, done, absl::OkStatus());
  }
  void CheckScriptRoom(RpcController* c, const mailbox::v1::CheckScriptRoomRequest* request,
                       mailbox::v1::CheckScriptRoomResponse*, Closure* done) override {
    absl::Status full = MakeError(absl::StatusCode::kInvalidArgument, Reason::kTooBig, "too big");
    End(c, done, request->size_bytes() > 1000 ? full : absl::OkStatus());
  }

 private:
  static absl::Status Bad() { return SyntaxError("line 1: a\nline 2: b"); }
  void End(RpcController* c, Closure* done, const absl::Status& status) {
    rpc::Finish(c, done, failure_.ok() ? status : failure_);
  }

  std::map<std::string, std::string> scripts_;
  std::string active_;
  absl::Status failure_;
};

}  // namespace pennypost::access
