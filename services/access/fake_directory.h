#pragma once
// A directory with one user, for tests: ann with the password "secret".

#include "pennypost/directory/v1/directory_service.pb.h"
#include "rpc/controller.h"
#include "sasl/scram.h"

namespace pennypost::access {

class FakeDirectory : public directory::v1::DirectoryService {
 public:
  void FailWith(absl::Status status) { failure_ = std::move(status); }
  // Of the last Authenticate.
  const std::string& last_client_ip() const { return last_client_ip_; }

  void Authenticate(google::protobuf::RpcController* c,
                    const directory::v1::AuthenticateRequest* request,
                    directory::v1::AuthenticateResponse* response,
                    google::protobuf::Closure* done) override {
    last_client_ip_ = request->client_ip();
    End(c, done, response, request->user() == "ann" && request->password() == "secret");
  }
  void GetScramKeys(google::protobuf::RpcController* c, const directory::v1::GetScramKeysRequest*,
                    directory::v1::GetScramKeysResponse* response,
                    google::protobuf::Closure* done) override {
    sasl::ScramKeys keys = sasl::DeriveScramKeys("secret", "saltsaltsalt", 4096);
    response->set_salt(keys.salt);
    response->set_iterations(static_cast<uint32_t>(keys.iterations));
    response->set_stored_key(keys.stored_key);
    response->set_server_key(keys.server_key);
    rpc::Finish(c, done, failure_);
  }
  void FinishScram(google::protobuf::RpcController* c,
                   const directory::v1::FinishScramRequest* request,
                   directory::v1::AuthenticateResponse* response,
                   google::protobuf::Closure* done) override {
    End(c, done, response, request->success());
  }

 private:
  void End(google::protobuf::RpcController* c, google::protobuf::Closure* done,
           directory::v1::AuthenticateResponse* response, bool good) {
    response->mutable_account()->set_id(1);
    response->mutable_account()->set_address("ann@example.org");
    response->mutable_account()->set_quota_bytes(1 << 20);
    absl::Status wrong =
        MakeError(absl::StatusCode::kUnauthenticated, Reason::kBadCredentials, "wrong");
    rpc::Finish(c, done, !failure_.ok() ? failure_ : good ? absl::OkStatus() : wrong);
  }

  absl::Status failure_;
  std::string last_client_ip_;
};

}  // namespace pennypost::access
