#pragma once
// DnsClient with answers in memory, for tests: NXDOMAIN for what is not there.

#include <map>
#include <set>
#include <utility>

#include "services/resolver/core/dns.h"

namespace pennypost::resolver {

class FakeDns final : public DnsClient {
 public:
  void Add(const std::string& name, Type type, std::vector<Record> records, bool secure = false) {
    names_.insert(name);
    Answer& answer = answers_[{name, type}];
    answer.status = Status::kOk;
    answer.records = std::move(records);
    answer.secure = secure;
  }
  void Fail(const std::string& name, Type type, Status status) {
    answers_[{name, type}] = Answer();
    answers_[{name, type}].status = status;
  }
  void Lookup(std::string name, Type type, std::function<void(Answer)> on_done) override {
    auto found = answers_.find({name, type});
    if (found != answers_.end()) return on_done(found->second);
    Answer answer;
    answer.status = names_.count(name) > 0 ? Status::kNoData : Status::kNxDomain;
    on_done(std::move(answer));
  }

 private:
  std::map<std::pair<std::string, Type>, Answer> answers_;
  std::set<std::string> names_;
};

}  // namespace pennypost::resolver
