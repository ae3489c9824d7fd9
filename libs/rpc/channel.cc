#include "rpc/channel.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <atomic>

#include "log/log.h"
#include "rpc/controller.h"
#include "rpc/credentials.h"
#include "rpc/grpc_status.h"
#include "rpc/limits.h"

namespace pennypost::rpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageLite;
using google::protobuf::MethodDescriptor;

constexpr int64_t kSecondsBetweenComplaints = 10;

class GrpcChannel : public google::protobuf::RpcChannel {
 public:
  GrpcChannel(std::string endpoint, std::shared_ptr<grpc::Channel> channel)
      : endpoint_(std::move(endpoint)), stub_(std::move(channel)) {}

  void CallMethod(const MethodDescriptor* method, google::protobuf::RpcController* controller,
                  const Message* request, Message* response,
                  google::protobuf::Closure* done) override {
    auto* ours = static_cast<Controller*>(controller);
    auto context = std::make_shared<grpc::ClientContext>();
    if (ours->deadline() != absl::InfiniteFuture())
      context->set_deadline(absl::ToChronoTime(ours->deadline()));
    std::string path = "/" + method->service()->full_name() + "/" + method->name();
    stub_.UnaryCall(context.get(), path, {}, request, response,
                    [this, context, ours, done](const grpc::Status& status) {
                      // With details it is an answer of the service: it is there.
                      if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                          status.error_details().empty())
                        Complain(status);
                      ours->SetStatus(FromGrpc(status));
                      done->Run();
                    });
  }

 private:
  // Why a service cannot be reached (it is down, its certificate is of another CA) is for the
  // operator alone, and once in a while.
  void Complain(const grpc::Status& status) {
    int64_t now = absl::ToUnixSeconds(absl::Now());
    int64_t due = complain_at_.load(std::memory_order_relaxed);
    if (now < due || !complain_at_.compare_exchange_strong(due, now + kSecondsBetweenComplaints))
      return;
    log::Warning("rpc.unavailable", {{"endpoint", endpoint_}, {"error", status.error_message()}});
  }

  const std::string endpoint_;
  std::atomic<int64_t> complain_at_{0};
  grpc::TemplatedGenericStub<MessageLite, MessageLite> stub_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<google::protobuf::RpcChannel>> Connect(const std::string& endpoint,
                                                                      const TlsFiles& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // This one is also the time an attempt gets, TLS handshake included: on a busy machine 100 ms is
  // not enough.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (IsUnix(endpoint)) {
    credentials = grpc::InsecureChannelCredentials();
  } else {
    if (tls.empty()) {
      return SyntaxError(fmt::format(
          "{}: calls over TCP need common.rpc.ca_file, certificate_file and key_file", endpoint));
    }
    grpc::experimental::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(WatchFiles(tls));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    // Our CA signs services only, each certificate names its service; pods come and go under
    // changing host names.
    options.set_check_call_host(false);
    options.set_certificate_verifier(
        std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
    options.set_verify_server_certs(true);
    credentials = grpc::experimental::TlsCredentials(options);
  }
  std::unique_ptr<google::protobuf::RpcChannel> channel = std::make_unique<GrpcChannel>(
      endpoint, grpc::CreateCustomChannel(endpoint, credentials, arguments));
  return channel;
}

}  // namespace pennypost::rpc
