#pragma once
// What a domain has to publish, from its keys and the name of the platform.

#include <string>
#include <vector>

#include "pennypost/directory/v1/directory_service.pb.h"

namespace pennypost::cli {

struct DnsRecord {
  std::string name;  // absolute, without the last dot
  std::string type;
  std::string value;  // as in a zone file; for MX and SRV with the numbers in front, names with
                      // their last dot
  std::string purpose;
  // A domain works without it; a check then warns instead of failing.
  bool optional = false;
};

struct DnsPlan {
  std::string hostname;  // of the platform, where MX points
  std::string mta_sts_mode;
  int imaps_port = 993;
  int submissions_port = 465;
};

std::vector<DnsRecord> RecordsOf(const directory::v1::Domain& domain, const DnsPlan& plan);

// One line of a zone file; long TXT values become several strings.
std::string ZoneLine(const DnsRecord& record);

}  // namespace pennypost::cli
