#include "mailauth/spf.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

constexpr SpfResult kQualifierResult[] = {SpfResult::kPass, SpfResult::kFail, SpfResult::kSoftFail,
                                          SpfResult::kNeutral};

// Include and redirect each cost a look-up, so that this is reached only with raised limits.
constexpr int kMaxDepth = 20;

std::string_view MechanismName(SpfMechanism mechanism) {
  constexpr std::string_view kNames[] = {"all", "include", "a",   "mx",
                                         "ptr", "ip4",     "ip6", "exists"};
  return kNames[static_cast<size_t>(mechanism)];
}

}  // namespace

std::string_view SpfResultName(SpfResult result) {
  constexpr std::string_view kNames[] = {"none",     "neutral",   "pass",     "fail",
                                         "softfail", "temperror", "permerror"};
  return kNames[static_cast<size_t>(result)];
}

SpfEvaluator::SpfEvaluator(SpfRequest request) : request_(std::move(request)) {
  // RFC 7208 2.4: without a sender, postmaster at the HELO name stands for it.
  size_t at = request_.mail_from.rfind('@');
  local_part_ = at == std::string::npos ? "" : request_.mail_from.substr(0, at);
  if (local_part_.empty()) local_part_ = "postmaster";
  std::string_view domain = request_.mail_from;
  if (at != std::string::npos) domain.remove_prefix(at + 1);
  if (request_.mail_from.empty()) domain = request_.helo;
  sender_domain_ = CanonicalName(domain);
  domain_ = sender_domain_;
  Run();
}

void SpfEvaluator::Resume(DnsAnswer answer) {
  if (!pending_) return;
  answers_.insert_or_assign(*pending_, std::move(answer));
  Run();
}

void SpfEvaluator::Run() {
  pending_.reset();
  stopped_.reset();
  lookups_ = voids_ = 0;
  exp_ = nullptr;
  reason_.clear();
  std::optional<SpfResult> result = CheckHost(domain_, 0);
  if (pending_) return;
  result_ = result ? *result : *stopped_;
  if (result_ != SpfResult::kFail || exp_ == nullptr) return;
  // The explanation is asked for last and outside of all limits but the one on questions (RFC
  // 7208 4.6.4).
  std::string why = reason_;
  std::optional<std::string> text = Explain(*exp_, exp_domain_);
  reason_ = std::move(why);
  if (text) explanation_ = *text;
}

std::nullopt_t SpfEvaluator::Stop(SpfResult result, std::string_view why) {
  stopped_ = result;
  reason_ = why;
  return std::nullopt;
}

// nullptr: the run ends here, for want of the answer or because enough was asked.
const DnsAnswer* SpfEvaluator::Ask(std::string_view name, DnsType type) {
  DnsQuestion question{CanonicalName(name), type};
  auto known = answers_.find(question);
  if (known != answers_.end()) return &known->second;
  if (static_cast<int>(answers_.size()) >= request_.limits.max_queries) {
    Stop(SpfResult::kPermError, "too many DNS queries");
    return nullptr;
  }
  pending_ = std::move(question);
  return nullptr;
}

// RFC 7208 4.6.4
bool SpfEvaluator::CountLookup() {
  if (++lookups_ <= request_.limits.lookups) return true;
  Stop(SpfResult::kPermError, "too many DNS look-ups");
  return false;
}

bool SpfEvaluator::CountVoid(const DnsAnswer& answer) {
  if (!answer.Void() || ++voids_ <= request_.limits.void_lookups) return true;
  Stop(SpfResult::kPermError, "too many void look-ups");
  return false;
}

const SpfRecord* SpfEvaluator::Parsed(const std::string& domain, const std::string& txt) {
  auto known = records_.find(domain);
  if (known == records_.end()) known = records_.emplace(domain, ParseSpfRecord(txt)).first;
  return known->second ? &*known->second : nullptr;
}

// RFC 7208 4.3 to 4.7. Nothing where the run stopped.
std::optional<SpfResult> SpfEvaluator::CheckHost(const std::string& domain, int depth) {
  if (!IsQualifiedName(domain)) return SpfResult::kNone;
  if (depth > kMaxDepth) return Stop(SpfResult::kPermError, "includes too deep");
  const DnsAnswer* answer = Ask(domain, DnsType::kTxt);
  if (answer == nullptr) return std::nullopt;
  if (answer->Temporary())
    return Stop(SpfResult::kTempError, "no answer for the record of " + domain);
  const std::string* txt = nullptr;
  for (const std::string& record : answer->records) {
    if (!IsSpfRecord(record)) continue;
    if (txt != nullptr) return Stop(SpfResult::kPermError, "more than one record at " + domain);
    txt = &record;
  }
  if (txt == nullptr) return SpfResult::kNone;
  const SpfRecord* record = Parsed(domain, *txt);
  if (record == nullptr)
    return Stop(SpfResult::kPermError, "syntax error in the record of " + domain);

  for (const SpfDirective& directive : record->directives) {
    std::optional<bool> match = Matches(directive, domain, depth);
    if (!match) return std::nullopt;
    if (!*match) continue;
    exp_ = record->exp ? &*record->exp : nullptr;
    exp_domain_ = domain;
    reason_ = std::string(MechanismName(directive.mechanism)) + " of " + domain;
    return kQualifierResult[static_cast<size_t>(directive.qualifier)];
  }
  if (record->redirect) return Redirect(*record->redirect, domain, depth);
  return SpfResult::kNeutral;
}

// RFC 7208 6.1
std::optional<SpfResult> SpfEvaluator::Redirect(const SpfMacroString& macros,
                                                const std::string& domain, int depth) {
  if (!CountLookup()) return std::nullopt;
  std::optional<std::string> target = TargetName(macros, domain);
  if (!target) return std::nullopt;
  std::optional<SpfResult> result = CheckHost(*target, depth + 1);
  if (result == SpfResult::kNone)
    return Stop(SpfResult::kPermError, "redirect to a domain without a record");
  return result;
}

std::optional<bool> SpfEvaluator::Matches(const SpfDirective& directive, const std::string& domain,
                                          int depth) {
  if (directive.mechanism == SpfMechanism::kAll) return true;
  if (directive.mechanism == SpfMechanism::kIp4 || directive.mechanism == SpfMechanism::kIp6) {
    return directive.network.Contains(request_.ip);
  }
  if (!CountLookup()) return std::nullopt;
  std::optional<std::string> target = TargetName(directive.domain, domain);
  if (!target) return std::nullopt;
  if (directive.mechanism == SpfMechanism::kInclude) return MatchInclude(*target, depth);
  // RFC 7208 4.8: what is no name after expansion matches nothing.
  if (!IsQualifiedName(*target)) return false;
  switch (directive.mechanism) {
    case SpfMechanism::kA:
      return MatchAddresses(*target, directive);
    case SpfMechanism::kMx:
      return MatchMx(*target, directive);
    case SpfMechanism::kPtr:
      return MatchPtr(*target);
    default:
      return MatchExists(*target);
  }
}

// RFC 7208 5.2
std::optional<bool> SpfEvaluator::MatchInclude(const std::string& target, int depth) {
  std::optional<SpfResult> result = CheckHost(target, depth + 1);
  if (!result) return std::nullopt;
  if (*result == SpfResult::kNone) {
    return Stop(SpfResult::kPermError, "include of a domain without a record");
  }
  return *result == SpfResult::kPass;
}

// RFC 7208 5.3
std::optional<bool> SpfEvaluator::MatchAddresses(const std::string& target,
                                                 const SpfDirective& directive) {
  bool v4 = request_.ip.is_v4();
  const DnsAnswer* answer = Ask(target, v4 ? DnsType::kA : DnsType::kAaaa);
  if (answer == nullptr) return std::nullopt;
  if (answer->Temporary()) return Stop(SpfResult::kTempError, "no answer for " + target);
  if (!CountVoid(*answer)) return std::nullopt;
  for (const std::string& text : answer->records) {
    std::optional<IpAddress> ip = IpAddress::Parse(text);
    if (ip && request_.ip.InNetwork(*ip, v4 ? directive.prefix4 : directive.prefix6)) return true;
  }
  return false;
}

// RFC 7208 5.4
std::optional<bool> SpfEvaluator::MatchMx(const std::string& target,
                                          const SpfDirective& directive) {
  const DnsAnswer* answer = Ask(target, DnsType::kMx);
  if (answer == nullptr) return std::nullopt;
  if (answer->Temporary()) return Stop(SpfResult::kTempError, "no answer for the MX of " + target);
  if (!CountVoid(*answer)) return std::nullopt;
  if (static_cast<int>(answer->records.size()) > request_.limits.addresses) {
    return Stop(SpfResult::kPermError, "too many MX records at " + target);
  }
  for (const std::string& exchange : answer->records) {
    if (!IsQualifiedName(CanonicalName(exchange))) continue;
    std::optional<bool> match = MatchAddresses(exchange, directive);
    if (!match || *match) return match;
  }
  return false;
}

// RFC 7208 5.5: the names of the peer's address that lead back to it. A DNS failure leaves a name
// out.
std::optional<std::vector<std::string>> SpfEvaluator::ValidatedNames() {
  std::vector<std::string> names;
  const DnsAnswer* pointers = Ask(request_.ip.ReverseName(), DnsType::kPtr);
  if (pointers == nullptr || !CountVoid(*pointers)) return std::nullopt;
  int left = request_.limits.addresses;
  for (const std::string& pointer : pointers->records) {
    if (left-- == 0) break;
    std::string name = CanonicalName(pointer);
    if (!IsQualifiedName(name)) continue;
    const DnsAnswer* answer = Ask(name, request_.ip.is_v4() ? DnsType::kA : DnsType::kAaaa);
    if (answer == nullptr) return std::nullopt;
    bool leads_back = std::any_of(
        answer->records.begin(), answer->records.end(),
        [this](const std::string& text) { return IpAddress::Parse(text) == request_.ip; });
    if (leads_back) names.push_back(std::move(name));
  }
  return names;
}

std::optional<bool> SpfEvaluator::MatchPtr(const std::string& target) {
  std::optional<std::vector<std::string>> names = ValidatedNames();
  if (!names) return std::nullopt;
  return std::any_of(names->begin(), names->end(), [&target](const std::string& name) {
    return IsSameOrSubdomain(name, target);
  });
}

// RFC 7208 5.7: always by A, whatever the family of the peer.
std::optional<bool> SpfEvaluator::MatchExists(const std::string& target) {
  const DnsAnswer* answer = Ask(target, DnsType::kA);
  if (answer == nullptr) return std::nullopt;
  if (answer->Temporary()) return Stop(SpfResult::kTempError, "no answer for " + target);
  if (!CountVoid(*answer)) return std::nullopt;
  return !answer->records.empty();
}

// RFC 7208 6.2: any trouble means there is no explanation.
std::optional<std::string> SpfEvaluator::Explain(const SpfMacroString& macros,
                                                 const std::string& domain) {
  std::optional<std::string> target = TargetName(macros, domain);
  if (!target || !IsQualifiedName(*target)) return std::nullopt;
  const DnsAnswer* answer = Ask(*target, DnsType::kTxt);
  if (answer == nullptr || answer->records.size() != 1) return std::nullopt;
  std::optional<SpfMacroString> text =
      ParseSpfMacros(answer->records[0], SpfMacroPlace::kExplanation);
  if (!text) return std::nullopt;
  return Expand(*text, domain);
}

}  // namespace pennypost::mailauth
