#pragma once
// What the authentication code asks of DNS, and what it is told.
//
// Nothing here sends a query. SpfEvaluator and DkimVerifier name the record they need next (`Next`)
// and go on when the owner hands the answer in (`Resume`), so the same code runs on a resolver, on
// a zone in a test and under a fuzzer.

#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mailauth {

enum class DnsType { kA, kAaaa, kMx, kTxt, kPtr };

enum class DnsStatus {
  kOk,
  kNxDomain,  // the name does not exist
  kNoData,    // the name exists, without such a record
  kServFail,  // a server failed, or the signatures of the zone are bogus
  kTimeout,
};

struct DnsQuestion {
  std::string
      name;  // without the final dot; for PTR the address' name under in-addr.arpa or ip6.arpa
  DnsType type = DnsType::kTxt;

  auto operator<=>(const DnsQuestion&) const = default;
};

struct DnsAnswer {
  DnsStatus status = DnsStatus::kServFail;
  // A, AAAA: the address as text. MX: the exchange, without preference. PTR: the name. TXT: the
  // strings of one record joined without anything between them (RFC 7208 3.3, RFC 6376 3.6.2.2).
  std::vector<std::string> records;
  bool secure = false;  // validated by DNSSEC

  // Neither "yes" nor "no": to be asked again later.
  bool Temporary() const { return status == DnsStatus::kServFail || status == DnsStatus::kTimeout; }
  // RFC 7208 4.6.4 "void look-up".
  bool Void() const { return !Temporary() && records.empty(); }
};

// True for two or more labels of 1 to 63 bytes, 253 in all, without a final dot.
bool IsQualifiedName(std::string_view name);

// Without the final dot, in lower case: names compare equal as bytes then.
std::string CanonicalName(std::string_view name);

// True where `name` is `parent` or stands below it. Both canonical.
bool IsSameOrSubdomain(std::string_view name, std::string_view parent);

}  // namespace pennypost::mailauth
