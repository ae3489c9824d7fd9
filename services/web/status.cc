#include "services/web/status.h"

#include <nlohmann/json.hpp>

#include "rpc/call.h"

namespace pennypost::web {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);

// A cheap question that a service answers when it and what it needs are well.
template <class Service, class Request, class Response>
net::Awaitable<std::string> Probe(Service* service, rpc::Method<Service, Request, Response> method,
                                  Request request) {
  if (service == nullptr) co_return "not configured";
  auto call =
      rpc::Call<Service, Request, Response>(*service, method, std::move(request), kPatience);
  absl::StatusOr<Response> answer = co_await std::move(call);
  if (answer.ok()) co_return "ready";
  // The probe may ask what the service refuses; that is an answer of one that is well.
  bool refused = answer.status().code() == absl::StatusCode::kInvalidArgument;
  co_return refused ? "ready" : "away";
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

}  // namespace

net::Awaitable<std::string> CollectStatus(const clients::Clients& clients) {
  nlohmann::json out;
  directory::v1::ListDomainsRequest domains;
  domains.set_page_size(1);
  auto directory = Probe<directory::v1::DirectoryService, directory::v1::ListDomainsRequest,
                         directory::v1::ListDomainsResponse>(
      clients.directory, &directory::v1::DirectoryService::ListDomains, domains);
  out["services"]["directory"] = co_await std::move(directory);
  filter::v1::CheckRequest check;
  check.set_stage(filter::v1::CheckRequest::STAGE_RECIPIENT);
  auto filter =
      Probe<filter::v1::FilterService, filter::v1::CheckRequest, filter::v1::CheckResponse>(
          clients.filter, &filter::v1::FilterService::Check, check);
  out["services"]["filter"] = co_await std::move(filter);
  resolver::v1::VerifyPtrRequest nothing;
  auto resolver = Probe<resolver::v1::ResolverService, resolver::v1::VerifyPtrRequest,
                        resolver::v1::VerifyPtrResponse>(
      clients.resolver, &resolver::v1::ResolverService::VerifyPtr, nothing);
  out["services"]["resolver"] = co_await std::move(resolver);

  out["recent"] = nlohmann::json::array();
  out["services"]["mailbox"] = "not configured";
  if (clients.mailbox != nullptr) {
    mailbox::v1::GetHistoryRequest history;
    history.set_limit(20);
    auto call =
        rpc::Call(*clients.mailbox, &mailbox::v1::MailboxService::GetHistory, history, kPatience);
    absl::StatusOr<mailbox::v1::GetHistoryResponse> recent = co_await std::move(call);
    out["services"]["mailbox"] = recent.ok() ? "ready" : "away";
    for (const auto& event :
         recent.ok() ? recent->events() : mailbox::v1::GetHistoryResponse().events()) {
      if (event.kind() != "stored") continue;
      out["recent"].push_back({{"time", TimeText(event.time())},
                               {"mail_id", event.mail_id()},
                               {"sender", event.sender()},
                               {"recipient", event.recipient()},
                               {"detail", event.detail()}});
    }
  }
  out["services"]["relay"] = "not configured";
  if (clients.relay != nullptr) {
    relay::v1::GetQueueStatsRequest request;
    auto call =
        rpc::Call(*clients.relay, &relay::v1::RelayService::GetQueueStats, request, kPatience);
    absl::StatusOr<relay::v1::GetQueueStatsResponse> stats = co_await std::move(call);
    out["services"]["relay"] = stats.ok() ? "ready" : "away";
    if (stats.ok())
      out["queue"] = {
          {"queued", stats->queued()}, {"under_way", stats->leased()}, {"held", stats->held()}};
  }
  // Bytes of peers may not be UTF-8: they are shown, not trusted.
  co_return out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace pennypost::web
