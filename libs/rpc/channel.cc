#include "rpc/channel.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
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
// How long a call waits for a service that was out of reach a moment ago: a pod that starts anew is
// back within that, and nobody is told to come again for it.
constexpr absl::Duration kPatience = absl::Seconds(3);

class GrpcChannel;

// Deletes itself at its end.
class OutgoingCall final : public Loop::Event {
 public:
  OutgoingCall(GrpcChannel& channel, std::string path, Controller& controller,
               const Message& request, Message& response, google::protobuf::Closure& done)
      : channel_(channel),
        path_(std::move(path)),
        controller_(controller),
        request_(request),
        response_(response),
        done_(done) {}

  void Start();
  void Done(bool ok) override;

 private:
  void Send();

  GrpcChannel& channel_;
  const std::string path_;
  Controller& controller_;
  const Message& request_;
  Message& response_;
  google::protobuf::Closure& done_;
  grpc::ClientContext context_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<MessageLite>> reader_;  // once it is sent
};

class GrpcChannel final : public google::protobuf::RpcChannel {
 public:
  GrpcChannel(std::string endpoint, std::shared_ptr<grpc::Channel> channel, Loop& loop)
      : endpoint_(std::move(endpoint)), channel_(channel), stub_(std::move(channel)), loop_(loop) {}

  void CallMethod(const MethodDescriptor* method, google::protobuf::RpcController* controller,
                  const Message* request, Message* response,
                  google::protobuf::Closure* done) override {
    std::string path = "/" + method->service()->full_name() + "/" + method->name();
    auto* call = new OutgoingCall(*this, std::move(path), *static_cast<Controller*>(controller),
                                  *request, *response, *done);
    call->Start();
  }

 private:
  friend class OutgoingCall;

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
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::TemplatedGenericStub<MessageLite, MessageLite> stub_;
  Loop& loop_;
};

void OutgoingCall::Start() {
  constexpr auto kAway = GRPC_CHANNEL_TRANSIENT_FAILURE;
  if (channel_.channel_->GetState(true) != kAway) return Send();
  absl::Time until = std::min(controller_.deadline(), absl::Now() + kPatience);
  channel_.channel_->NotifyOnStateChange(kAway, absl::ToChronoTime(until), &channel_.loop_.queue(),
                                         this);
}

void OutgoingCall::Send() {
  if (controller_.deadline() != absl::InfiniteFuture())
    context_.set_deadline(absl::ToChronoTime(controller_.deadline()));
  reader_ = channel_.stub_.PrepareUnaryCall(&context_, path_, request_, &channel_.loop_.queue());
  reader_->StartCall();
  reader_->Finish(&response_, &status_, this);
}

void OutgoingCall::Done(bool) {
  // The end of the wait: the service is back, or it is not, and then the call says so.
  if (!reader_) return Send();
  std::unique_ptr<OutgoingCall> self(this);
  // With details it is an answer of the service: it is there.
  if (status_.error_code() == grpc::StatusCode::UNAVAILABLE && status_.error_details().empty())
    channel_.Complain(status_);
  controller_.SetStatus(FromGrpc(status_));
  done_.Run();
}

// Our CA signs services only, and each certificate names its service: what is asked of `mailbox`
// goes to no other, whoever has its address now. Host names do not matter, pods come and go under
// changing ones. `standalone` is all services.
class IsService final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit IsService(std::string name) : name_(std::move(name)) {}
  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>, grpc::Status* status) override {
    std::vector<grpc::string_ref> names = request->dns_names();
    names.push_back(request->common_name());
    for (const grpc::string_ref& name : names) {
      if (name == name_ || name == "standalone") return true;
    }
    std::string common(request->common_name().data(), request->common_name().size());
    *status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                           "the certificate is of \"" + common + "\", not of " + name_);
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string name_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<google::protobuf::RpcChannel>> Connect(const std::string& service,
                                                                      const std::string& endpoint,
                                                                      const TlsFiles& tls,
                                                                      Loop& loop) {
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
  // A pod that starts anew may have another address; gRPC's own value is half a minute.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
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
    options.set_check_call_host(false);
    options.set_certificate_verifier(
        grpc::experimental::ExternalCertificateVerifier::Create<IsService>(service));
    options.set_verify_server_certs(true);
    credentials = grpc::experimental::TlsCredentials(options);
  }
  std::unique_ptr<google::protobuf::RpcChannel> channel = std::make_unique<GrpcChannel>(
      endpoint, grpc::CreateCustomChannel(endpoint, credentials, arguments), loop);
  return channel;
}

}  // namespace pennypost::rpc
