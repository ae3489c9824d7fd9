#pragma once
// DMARC policy records (RFC 9989 4.7, and what RFC 7489 6.3 had besides): text to values.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mailauth {

enum class DmarcPolicy { kNone, kQuarantine, kReject };
std::string_view DmarcPolicyName(DmarcPolicy policy);  // "quarantine"

enum class DmarcAlignment { kRelaxed, kStrict };
enum class DmarcSuffix { kUnsaid, kYes, kNo };  // psd=

struct DmarcRecord {
  std::optional<DmarcPolicy> policy, subdomains, absent;  // p=, sp=, np=
  // A policy tag is there and makes no sense: then the record counts as p=none where it asks for
  // reports, and as an error else (RFC 7489 6.6.3, RFC 9989 4.10.1).
  bool bad_policy = false;
  bool testing = false;  // t=y
  DmarcSuffix suffix = DmarcSuffix::kUnsaid;
  DmarcAlignment dkim = DmarcAlignment::kRelaxed, spf = DmarcAlignment::kRelaxed;
  int percent = 100;                 // pct= of RFC 7489, for the record only
  std::vector<std::string> reports;  // rua=, URIs
};

// Whether a TXT record is a DMARC record at all: "v=DMARC1" comes first, in this case.
bool IsDmarcRecord(std::string_view txt);

// Errors behind the version are passed over (RFC 9989 4.7). Nothing where it is no DMARC record.
std::optional<DmarcRecord> ParseDmarcRecord(std::string_view txt);

}  // namespace pennypost::mailauth
