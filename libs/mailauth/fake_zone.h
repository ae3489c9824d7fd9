#pragma once
// A zone in memory for tests: names to records, NXDOMAIN for what is not there.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mailauth/dns.h"

namespace pennypost::mailauth {

class FakeZone {
 public:
  void Add(std::string_view name, DnsType type, std::vector<std::string> records) {
    names_.insert(CanonicalName(name));
    answers_[{CanonicalName(name), type}] = {DnsStatus::kOk, std::move(records), false};
  }
  void Fail(std::string_view name, DnsType type, DnsStatus status) {
    answers_[{CanonicalName(name), type}] = {status, {}, false};
  }
  DnsAnswer Ask(const DnsQuestion& question) const {
    auto found = answers_.find({CanonicalName(question.name), question.type});
    if (found != answers_.end()) return found->second;
    bool exists = names_.count(CanonicalName(question.name)) > 0;
    return {exists ? DnsStatus::kNoData : DnsStatus::kNxDomain, {}, false};
  }

 private:
  std::map<DnsQuestion, DnsAnswer> answers_;
  std::set<std::string> names_;
};

}  // namespace pennypost::mailauth
