#pragma once
// Reverse and forward names of a client's address (RFC 8601 3, "iprev") as a step machine.

#include <map>
#include <optional>
#include <string>

#include "mailauth/dns.h"
#include "mailauth/ip.h"

namespace pennypost::mailauth {

class IprevEvaluator {
 public:
  explicit IprevEvaluator(const IpAddress& ip);

  const DnsQuestion* Next() const { return pending_ ? &*pending_ : nullptr; }
  void Resume(const DnsAnswer& answer);

  // "pass", "fail", "temperror", "permerror": the words of RFC 8601 2.7.3.
  std::string_view result() const { return result_; }
  // The name that leads back to the address; empty for none.
  const std::string& name() const { return name_; }

 private:
  void AskNext();

  IpAddress ip_;
  std::optional<DnsQuestion> pending_;
  std::vector<std::string> names_;  // of the address, the next to ask for last
  bool trouble_ = false;
  std::string_view result_ = "permerror";
  std::string name_;
};

}  // namespace pennypost::mailauth
