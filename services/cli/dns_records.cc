#include "services/cli/dns_records.h"

#include <fmt/format.h>

#include "base/id.h"
#include "base/text.h"

namespace pennypost::cli {

std::vector<DnsRecord> RecordsOf(const directory::v1::Domain& domain, const DnsPlan& plan) {
  const std::string& name = domain.name();
  std::vector<DnsRecord> records = {
      {name, "MX", fmt::format("10 {}.", plan.hostname), "mail for the domain comes here"},
      {name, "TXT", "v=spf1 mx -all", "only we send mail of this domain (SPF)"},
  };
  for (const auto& key : domain.keys()) {
    records.push_back({fmt::format("{}._domainkey.{}", key.selector(), name), "TXT", key.txt(),
                       fmt::format("checks our signatures (DKIM, {})", key.algorithm())});
  }
  records.push_back({fmt::format("_dmarc.{}", name), "TXT",
                     fmt::format("v=DMARC1; p=quarantine; rua=mailto:postmaster@{}", name),
                     "what others do with forged mail (DMARC)"});
  if (plan.mta_sts_mode != "none") {
    // The id says which policy it is: it changes with the policy.
    std::string id = HexEncode(Sha256(plan.mta_sts_mode + plan.hostname)).substr(0, 20);
    records.push_back({fmt::format("_mta-sts.{}", name), "TXT", fmt::format("v=STSv1; id={}", id),
                       "others use TLS to us (MTA-STS)", true});
    records.push_back({fmt::format("mta-sts.{}", name), "CNAME", plan.hostname + ".",
                       "serves the MTA-STS policy", true});
  }
  records.push_back({fmt::format("_smtp._tls.{}", name), "TXT",
                     fmt::format("v=TLSRPTv1; rua=mailto:postmaster@{}", name),
                     "reports of TLS trouble", true});
  records.push_back({fmt::format("autoconfig.{}", name), "CNAME", plan.hostname + ".",
                     "Thunderbird sets itself up", true});
  records.push_back({fmt::format("autodiscover.{}", name), "CNAME", plan.hostname + ".",
                     "Outlook sets itself up", true});
  records.push_back({fmt::format("_imaps._tcp.{}", name), "SRV",
                     fmt::format("0 1 {} {}.", plan.imaps_port, plan.hostname),
                     "other clients set themselves up (RFC 6186)", true});
  records.push_back({fmt::format("_submissions._tcp.{}", name), "SRV",
                     fmt::format("0 1 {} {}.", plan.submissions_port, plan.hostname),
                     "other clients set themselves up (RFC 8314)", true});
  return records;
}

std::string ZoneLine(const DnsRecord& record) {
  std::string value = record.value;
  if (record.type == "TXT") {
    constexpr size_t kLongestString = 255;  // RFC 1035 3.3
    value.clear();
    for (size_t at = 0; at < record.value.size(); at += kLongestString) {
      value += (at == 0 ? "\"" : " \"") + record.value.substr(at, kLongestString) + "\"";
    }
  }
  return fmt::format("{}. 3600 IN {} {}", record.name, record.type, value);
}

}  // namespace pennypost::cli
