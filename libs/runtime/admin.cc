#include "runtime/admin.h"

#include "metrics/metrics.h"
#include "rpc/controller.h"

namespace pennypost::runtime {

using grpc::health::v1::HealthCheckResponse;

namespace {
net::Awaitable<http::Response> Immediate(http::Response response) {
  co_return response;
}
}  // namespace

Admin::Admin(boost::asio::io_context& io, std::string name, const net::TlsServerContext* tls)
    : name_(std::move(name)),
      tls_(tls),
      listener_(io, {.max_connections = 200, .max_per_address = 200, .refusal = ""},
                [this](std::shared_ptr<net::Stream> stream, net::Peer peer,
                       const net::DrainSignal& drain) {
                  http::Handler handler = [this](const http::Request& request) {
                    return Immediate(Answer(request));
                  };
                  return http::Serve(std::move(stream), peer, drain, std::move(handler), {});
                }) {}

absl::Status Admin::Listen(const std::string& address) {
  return listener_.Start(address);
}

void Admin::SetServices(const std::vector<std::unique_ptr<Component>>* services) {
  services_ = services;
}

void Admin::SetDraining() {
  draining_ = true;
}

std::string Admin::Report(bool* all) const {
  const auto* services = services_.load();
  if (services == nullptr) {
    *all = false;
    return "starting\n";
  }
  *all = !draining_;
  std::string text = draining_ ? "draining\n" : "";
  for (const auto& service : *services) {
    absl::Status status = service->Ready();
    *all = *all && status.ok();
    text += fmt::format("{} {}\n", service->name(), status.ok() ? "ready" : Describe(status));
  }
  return text;
}

http::Response Admin::Answer(const http::Request& request) const {
  if (request.method != "GET" && request.method != "HEAD")
    return {.status = 405, .body = "GET only\n", .headers = {}};
  if (request.path == "/livez") return {.body = "ok\n", .headers = {}};
  if (request.path == "/version")
    return {.body = name_ + " " PENNYPOST_VERSION "\n", .headers = {}};
  if (request.path == "/metrics") {
    if (tls_ != nullptr) {
      metrics::Gauge("pennypost_tls_certificate_expiry_timestamp_seconds",
                     "When the certificate of the mail and web listeners ends")
          .Set(static_cast<double>(tls_->ExpiresAt()));
    }
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics::Scrape(),
            .headers = {}};
  }
  if (request.path == "/startupz") {
    bool started = services_.load() != nullptr;
    return {.status = started ? 200 : 503, .body = started ? "ok\n" : "starting\n", .headers = {}};
  }
  if (request.path == "/readyz") {
    bool all = false;
    std::string report = Report(&all);
    return {.status = all ? 200 : 503, .body = report, .headers = {}};
  }
  return {.status = 404,
          .body = "no such page; try /livez /readyz /startupz /metrics /version\n",
          .headers = {}};
}

void Admin::Check(google::protobuf::RpcController* controller,
                  const grpc::health::v1::HealthCheckRequest*, HealthCheckResponse* response,
                  google::protobuf::Closure* done) {
  bool all = false;
  Report(&all);
  response->set_status(all ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  rpc::Finish(controller, done, absl::OkStatus());
}

}  // namespace pennypost::runtime
