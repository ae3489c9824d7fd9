#include "services/filter/resolver_dns.h"

#include "rpc/call.h"

namespace pennypost::filter {
namespace {

using resolver::v1::ResolverService;

constexpr size_t kCacheBytes = 8 << 20;
constexpr size_t kEntryBytes = 200;  // of an entry beside its texts
constexpr absl::Duration kLongestLife = absl::Hours(1);

resolver::v1::RecordType TypeOf(mailauth::DnsType type) {
  switch (type) {
    case mailauth::DnsType::kA:
      return resolver::v1::RECORD_TYPE_A;
    case mailauth::DnsType::kAaaa:
      return resolver::v1::RECORD_TYPE_AAAA;
    case mailauth::DnsType::kMx:
      return resolver::v1::RECORD_TYPE_MX;
    case mailauth::DnsType::kTxt:
      return resolver::v1::RECORD_TYPE_TXT;
    case mailauth::DnsType::kPtr:
      return resolver::v1::RECORD_TYPE_PTR;
  }
  return resolver::v1::RECORD_TYPE_UNSPECIFIED;
}

mailauth::DnsStatus StatusOf(resolver::v1::DnsStatus status) {
  switch (status) {
    case resolver::v1::DNS_STATUS_OK:
      return mailauth::DnsStatus::kOk;
    case resolver::v1::DNS_STATUS_NXDOMAIN:
      return mailauth::DnsStatus::kNxDomain;
    case resolver::v1::DNS_STATUS_NODATA:
      return mailauth::DnsStatus::kNoData;
    default:
      return mailauth::DnsStatus::kServFail;
  }
}

// RFC 9520 3.2: trouble is remembered too, for a second at least.
absl::Duration LifeOf(const mailauth::DnsAnswer& answer, uint32_t ttl_seconds) {
  if (answer.Temporary()) return absl::Seconds(1);
  return std::min(absl::Seconds(ttl_seconds), kLongestLife);
}

size_t CostOf(const std::string& key, const mailauth::DnsAnswer& answer) {
  size_t bytes = key.size() + kEntryBytes;
  for (const std::string& record : answer.records) bytes += record.size() + sizeof record;
  return bytes;
}

}  // namespace

ResolverDns::ResolverDns(resolver::v1::ResolverService* const& resolver, const Clock& clock)
    : resolver_(resolver), known_(clock, kCacheBytes) {}

net::Awaitable<mailauth::DnsAnswer> ResolverDns::Ask(mailauth::DnsQuestion question,
                                                     absl::Duration timeout) {
  std::string key = fmt::format("{} {}", static_cast<int>(question.type), question.name);
  if (std::optional<mailauth::DnsAnswer> known = known_.Find(key)) co_return *std::move(known);
  mailauth::DnsAnswer answer{mailauth::DnsStatus::kTimeout, {}, false};
  if (resolver_ == nullptr) co_return answer;
  resolver::v1::LookupRequest request;
  request.set_name(question.name);
  request.set_type(TypeOf(question.type));
  auto call = rpc::Call(*resolver_, &ResolverService::Lookup, std::move(request), timeout);
  absl::StatusOr<resolver::v1::LookupResponse> response = co_await std::move(call);
  if (!response.ok()) co_return answer;
  answer.status = StatusOf(response->status());
  answer.secure = response->secure();
  for (const resolver::v1::DnsRecord& record : response->records())
    answer.records.push_back(record.value());
  size_t cost = CostOf(key, answer);
  known_.Put(std::move(key), answer, LifeOf(answer, response->ttl_seconds()), cost);
  co_return answer;
}

}  // namespace pennypost::filter
