#include "rpc/server.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unordered_map>

#include "rpc/controller.h"
#include "rpc/credentials.h"
#include "rpc/grpc_status.h"
#include "rpc/limits.h"

namespace pennypost::rpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::Service;

struct Target {
  Service* service;
  const MethodDescriptor* method;
};

// One unary call: read the request, run the method, write the response. Deletes itself at the end.
class CallReactor : public grpc::ServerGenericBidiReactor, public google::protobuf::Closure {
 public:
  CallReactor(grpc::GenericCallbackServerContext* context, Target target)
      : target_(target),
        controller_(absl::FromChrono(context->deadline())),
        request_(target.service->GetRequestPrototype(target.method).New()),
        response_(target.service->GetResponsePrototype(target.method).New()) {
    auto names = context->auth_context()->FindPropertyValues("x509_common_name");
    if (!names.empty()) controller_.set_caller(std::string(names[0].data(), names[0].size()));
    StartRead(&buffer_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no request"));
      return;
    }
    grpc::Status parsed = grpc::SerializationTraits<google::protobuf::MessageLite>::Deserialize(
        &buffer_, request_.get());
    if (!parsed.ok()) {
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "malformed request"));
      return;
    }
    target_.service->CallMethod(target_.method, &controller_, request_.get(), response_.get(),
                                this);
  }

  // The method is done.
  void Run() override {
    if (controller_.Failed()) {
      Finish(ToGrpc(controller_.status()));
      return;
    }
    bool own = false;
    buffer_.Clear();
    grpc::Status written = grpc::SerializationTraits<google::protobuf::MessageLite>::Serialize(
        *response_, &buffer_, &own);
    if (!written.ok()) {
      Finish(grpc::Status(grpc::StatusCode::INTERNAL, "response too large"));
      return;
    }
    StartWriteAndFinish(&buffer_, {}, grpc::Status::OK);
  }

  void OnDone() override { delete this; }

 private:
  Target target_;
  Controller controller_;
  std::unique_ptr<Message> request_;
  std::unique_ptr<Message> response_;
  grpc::ByteBuffer buffer_;
};

class UnknownMethod : public grpc::ServerGenericBidiReactor {
 public:
  UnknownMethod() { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method")); }
  void OnDone() override { delete this; }
};

class Dispatcher : public grpc::CallbackGenericService {
 public:
  void Add(Service* service) {
    const auto* descriptor = service->GetDescriptor();
    for (int i = 0; i < descriptor->method_count(); ++i) {
      const MethodDescriptor* method = descriptor->method(i);
      targets_["/" + descriptor->full_name() + "/" + method->name()] = {service, method};
    }
  }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    auto it = targets_.find(context->method());
    if (it == targets_.end()) return new UnknownMethod;
    return new CallReactor(context, it->second);
  }

 private:
  std::unordered_map<std::string, Target> targets_;
};

}  // namespace

struct Server::Impl {
  Dispatcher dispatcher;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Server::Server() : impl_(std::make_unique<Impl>()) {}
Server::~Server() {
  Stop(absl::InfinitePast());
}

void Server::Add(Service* service) {
  impl_->dispatcher.Add(service);
}
int Server::port() const {
  return impl_->port;
}

absl::Status Server::Start(const std::string& endpoint, const TlsFiles& tls) {
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (IsUnix(endpoint)) {
    unlink(endpoint.c_str() + 5);  // left behind by a crash
    credentials = grpc::InsecureServerCredentials();
  } else {
    if (tls.empty()) {
      return SyntaxError(fmt::format(
          "{}: calls over TCP need common.rpc.ca_file, certificate_file and key_file", endpoint));
    }
    grpc::experimental::TlsServerCredentialsOptions options(WatchFiles(tls));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    credentials = grpc::experimental::TlsServerCredentials(options);
  }
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000);
  builder.RegisterCallbackGenericService(&impl_->dispatcher);
  builder.AddListeningPort(endpoint, credentials, &impl_->port);
  // The socket file is ours alone from the moment it exists.
  mode_t before = umask(0177);
  impl_->server = builder.BuildAndStart();
  umask(before);
  if (!impl_->server || impl_->port == 0) {
    impl_->server.reset();
    return UnavailableError(
        fmt::format("cannot listen on {} for calls between services", endpoint));
  }
  return absl::OkStatus();
}

void Server::Stop(absl::Time deadline) {
  if (!impl_->server) return;
  impl_->server->Shutdown(absl::ToChronoTime(deadline));
  impl_->server.reset();
}

}  // namespace pennypost::rpc
