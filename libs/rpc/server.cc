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

#include <condition_variable>
#include <mutex>
#include <optional>
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

// How many calls can come in at once; each makes room for the next as soon as it is there.
constexpr int kWaitingCalls = 16;

struct Target {
  Service* service;
  const MethodDescriptor* method;
};

// Service and method by path ("/pennypost.filter.v1.FilterService/CheckMessage").
using Targets = std::unordered_map<std::string, Target>;

// What the calls of a server share.
struct Front {
  Targets targets;
  grpc::AsyncGenericService service;
  grpc::ServerCompletionQueue* queue = nullptr;

  // Calls that wait for one to come in; gRPC looks at its server when it gives one back.
  std::mutex mutex;
  std::condition_variable none_waits;
  int waiting = 0;
  void Wait(int change) {
    std::lock_guard lock(mutex);
    waiting += change;
    if (waiting == 0) none_waits.notify_all();
  }
};

// One unary call: waits for one to come in, reads its request, runs the method, writes the
// response. Deletes itself at the end.
class IncomingCall final : public Loop::Event, public google::protobuf::Closure {
 public:
  explicit IncomingCall(Front& front) : front_(front), stream_(&context_) {
    front_.Wait(+1);
    front_.service.RequestCall(&context_, &stream_, front_.queue, front_.queue, this);
  }

  void Done(bool ok) override {
    Front& front = front_;  // this may be gone before the end
    switch (step_) {
      case Step::kWaiting:
        ok ? Enter() : Delete();  // not ok: the server stops
        return front.Wait(-1);
      case Step::kReading:
        return ok ? Call() : End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no request"));
      case Step::kEnding:
        return Delete();
    }
  }

  // The method is done.
  void Run() override {
    if (call_->controller.Failed()) return End(ToGrpc(call_->controller.status()));
    bool own = false;
    buffer_.Clear();
    grpc::Status written = grpc::SerializationTraits<google::protobuf::MessageLite>::Serialize(
        *call_->response, &buffer_, &own);
    if (!written.ok()) return End(grpc::Status(grpc::StatusCode::INTERNAL, "response too large"));
    step_ = Step::kEnding;
    stream_.WriteAndFinish(buffer_, {}, grpc::Status::OK, this);
  }

 private:
  enum class Step { kWaiting, kReading, kEnding };
  struct Method {
    Method(const Target& target, absl::Time deadline)
        : controller(deadline),
          request(target.service->GetRequestPrototype(target.method).New()),
          response(target.service->GetResponsePrototype(target.method).New()) {}
    Controller controller;
    const std::unique_ptr<Message> request;
    const std::unique_ptr<Message> response;
  };

  void Enter() {
    new IncomingCall(front_);  // for the next one
    auto found = front_.targets.find(context_.method());
    if (found == front_.targets.end())
      return End(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method"));
    target_ = &found->second;
    step_ = Step::kReading;
    stream_.Read(&buffer_, this);
  }

  void Call() {
    call_.emplace(*target_, absl::FromChrono(context_.deadline()));
    auto names = context_.auth_context()->FindPropertyValues("x509_common_name");
    if (!names.empty()) call_->controller.set_caller(std::string(names[0].data(), names[0].size()));
    grpc::Status parsed = grpc::SerializationTraits<google::protobuf::MessageLite>::Deserialize(
        &buffer_, call_->request.get());
    if (!parsed.ok())
      return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "malformed request"));
    target_->service->CallMethod(target_->method, &call_->controller, call_->request.get(),
                                 call_->response.get(), this);
  }

  void End(const grpc::Status& status) {
    step_ = Step::kEnding;
    stream_.Finish(status, this);
  }
  void Delete() { delete this; }

  Front& front_;
  Step step_ = Step::kWaiting;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer buffer_;
  const Target* target_ = nullptr;
  std::optional<Method> call_;
};

}  // namespace

struct Server::Impl {
  explicit Impl(Loop& l) : loop(l) {}
  Loop& loop;
  Front front;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Server::Server(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Server::~Server() {
  Stop(absl::InfinitePast());
}

void Server::Add(Service* service) {
  const auto* descriptor = service->GetDescriptor();
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const MethodDescriptor* method = descriptor->method(i);
    impl_->front.targets["/" + descriptor->full_name() + "/" + method->name()] = {service, method};
  }
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
  builder.RegisterAsyncGenericService(&impl_->front.service);
  auto queue = builder.AddCompletionQueue();
  impl_->front.queue = queue.get();
  if (!impl_->loop.Adopt(std::move(queue))) return BugError("the loop has a queue already");
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
  for (int i = 0; i < kWaitingCalls; ++i) new IncomingCall(impl_->front);
  return absl::OkStatus();
}

void Server::Stop(absl::Time deadline) {
  if (!impl_->server) return;
  impl_->server->Shutdown(absl::ToChronoTime(deadline));
  std::unique_lock lock(impl_->front.mutex);
  impl_->front.none_waits.wait(lock, [this] { return impl_->front.waiting == 0; });
  impl_->server.reset();
}

}  // namespace pennypost::rpc
