#include "mailauth/iprev.h"

#include <algorithm>

namespace pennypost::mailauth {
namespace {

// RFC 8601 3 leaves the limit to us; an address has one name, a shared one a handful.
constexpr size_t kMaxNames = 5;

}  // namespace

IprevEvaluator::IprevEvaluator(const IpAddress& ip) : ip_(ip) {
  pending_ = DnsQuestion{ip.ReverseName(), DnsType::kPtr};
}

void IprevEvaluator::AskNext() {
  pending_.reset();
  if (names_.empty()) {
    result_ = trouble_ ? "temperror" : "fail";
    return;
  }
  pending_ = DnsQuestion{names_.back(), ip_.is_v4() ? DnsType::kA : DnsType::kAaaa};
}

void IprevEvaluator::Resume(const DnsAnswer& answer) {
  if (!pending_) return;
  if (pending_->type == DnsType::kPtr) {
    if (answer.Temporary()) {
      result_ = "temperror";
      pending_.reset();
      return;
    }
    if (answer.records.empty()) {  // no name: permerror (RFC 8601 2.7.3)
      pending_.reset();
      return;
    }
    for (const std::string& pointer : answer.records) {
      std::string name = CanonicalName(pointer);
      if (names_.size() < kMaxNames && IsQualifiedName(name)) names_.push_back(std::move(name));
    }
    std::reverse(names_.begin(), names_.end());
    return AskNext();
  }
  trouble_ = trouble_ || answer.Temporary();
  for (const std::string& text : answer.records) {
    if (IpAddress::Parse(text) != ip_) continue;
    name_ = names_.back();
    result_ = "pass";
    pending_.reset();
    return;
  }
  names_.pop_back();
  AskNext();
}

}  // namespace pennypost::mailauth
