#pragma once
// DNS as a JSON object, in place of the network: for auth-check.
//
//   {"example.com": [["TXT", "v=spf1 -all"], ["MX", 10, "mx.example.com"], ["TIMEOUT"]]}
//
// A name that is not there does not exist. Records count in their order: ["TIMEOUT"] and
// ["SERVFAIL"] answer what no record before them did, ["TIMEOUT", "TXT"] questions of one type.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "mailauth/dns.h"

namespace pennypost::cli {

class AuthZone {
 public:
  // InvalidArgument for what has another shape.
  static absl::StatusOr<AuthZone> FromJson(const nlohmann::json& dns);

  // Follows CNAME records.
  mailauth::DnsAnswer Ask(const mailauth::DnsQuestion& question) const;

 private:
  struct Record {
    std::string type;
    std::string value;  // of TIMEOUT and SERVFAIL: the type of question, empty for all
  };
  static absl::StatusOr<Record> RecordOf(const nlohmann::json& json);

  std::map<std::string, std::vector<Record>> names_;
};

}  // namespace pennypost::cli
