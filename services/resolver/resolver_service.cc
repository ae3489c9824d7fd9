#include "services/resolver/resolver_service.h"

#include <optional>

#include "metrics/metrics.h"
#include "rpc/controller.h"

namespace pennypost::resolver {
namespace {

v1::DnsStatus ToProto(Status status) {
  switch (status) {
    case Status::kOk:
      return v1::DNS_STATUS_OK;
    case Status::kNxDomain:
      return v1::DNS_STATUS_NXDOMAIN;
    case Status::kNoData:
      return v1::DNS_STATUS_NODATA;
    case Status::kTemporary:
      return v1::DNS_STATUS_TEMPORARY;
    case Status::kBogus:
      return v1::DNS_STATUS_BOGUS;
  }
  return v1::DNS_STATUS_TEMPORARY;
}

std::optional<Type> FromProto(v1::RecordType type) {
  switch (type) {
    case v1::RECORD_TYPE_A:
      return Type::kA;
    case v1::RECORD_TYPE_AAAA:
      return Type::kAaaa;
    case v1::RECORD_TYPE_MX:
      return Type::kMx;
    case v1::RECORD_TYPE_TXT:
      return Type::kTxt;
    case v1::RECORD_TYPE_PTR:
      return Type::kPtr;
    case v1::RECORD_TYPE_CNAME:
      return Type::kCname;
    case v1::RECORD_TYPE_TLSA:
      return Type::kTlsa;
    case v1::RECORD_TYPE_NS:
      return Type::kNs;
    case v1::RECORD_TYPE_SOA:
      return Type::kSoa;
    default:
      return std::nullopt;
  }
}

void Count(std::string_view what, Status status) {
  constexpr const char* kNames[] = {"ok", "nxdomain", "nodata", "temporary", "bogus"};
  metrics::Counter("pennypost_resolver_answers_total", "Answers given, by call and outcome.",
                   {{"call", std::string(what)}, {"status", kNames[static_cast<size_t>(status)]}})
      .Increment();
}

}  // namespace

ResolverService::ResolverService(DnsClient& dns, uint32_t seed) : dns_(dns), random_(seed) {}

uint32_t ResolverService::Below(uint32_t bound) {
  std::lock_guard lock(mutex_);
  return std::uniform_int_distribution<uint32_t>(0, bound - 1)(random_);
}

void ResolverService::Lookup(google::protobuf::RpcController* controller,
                             const v1::LookupRequest* request, v1::LookupResponse* response,
                             google::protobuf::Closure* done) {
  std::optional<Type> type = FromProto(request->type());
  if (!type || request->name().empty()) {
    return rpc::Finish(controller, done, SyntaxError("a look-up needs a name and a record type"));
  }
  dns_.Lookup(request->name(), *type, [response, done](Answer answer) {
    response->set_status(ToProto(answer.status));
    response->set_secure(answer.secure);
    response->set_canonical_name(answer.canonical_name);
    response->set_ttl_seconds(answer.ttl_seconds);
    response->set_detail(answer.detail);
    for (Record& record : answer.records) {
      v1::DnsRecord* out = response->add_records();
      out->set_value(std::move(record.value));
      out->set_preference(record.preference);
      out->set_usage(record.usage);
      out->set_selector(record.selector);
      out->set_matching(record.matching);
    }
    Count("lookup", answer.status);
    done->Run();
  });
}

void ResolverService::ResolveRoute(google::protobuf::RpcController* controller,
                                   const v1::ResolveRouteRequest* request,
                                   v1::ResolveRouteResponse* response,
                                   google::protobuf::Closure* done) {
  if (request->domain().empty())
    return rpc::Finish(controller, done, SyntaxError("a route needs a domain"));
  Random random = [this](uint32_t bound) { return Below(bound); };
  FindRoute(dns_, request->domain(), std::move(random), [response, done](Route route) {
    response->set_status(ToProto(route.status));
    response->set_null_mx(route.null_mx);
    response->set_implicit(route.implicit);
    response->set_detail(route.detail);
    for (RouteHost& host : route.hosts) {
      v1::MxHost* out = response->add_hosts();
      out->set_name(std::move(host.name));
      out->set_preference(host.preference);
      out->set_secure(host.secure);
      out->set_status(ToProto(host.status));
      for (std::string& address : host.addresses) out->add_addresses(std::move(address));
    }
    Count("route", route.status);
    done->Run();
  });
}

void ResolverService::VerifyPtr(google::protobuf::RpcController*,
                                const v1::VerifyPtrRequest* request,
                                v1::VerifyPtrResponse* response, google::protobuf::Closure* done) {
  resolver::VerifyPtr(dns_, request->ip(), [response, done](PtrNames found) {
    response->set_status(ToProto(found.status));
    for (std::string& name : found.names) response->add_names(std::move(name));
    Count("ptr", found.status);
    done->Run();
  });
}

}  // namespace pennypost::resolver
