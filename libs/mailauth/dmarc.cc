#include "mailauth/dmarc.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

constexpr size_t kMaxWalk = 8;  // RFC 9989 4.10

size_t LabelsOf(std::string_view name) {
  return static_cast<size_t>(std::count(name.begin(), name.end(), '.')) + 1;
}

// The last `count` labels.
std::string LastLabels(std::string_view name, size_t count) {
  size_t skip = LabelsOf(name) - std::min(LabelsOf(name), count);
  for (; skip > 0; --skip) name.remove_prefix(name.find('.') + 1);
  return std::string(name);
}

// RFC 9989 4.7 t=: one level below what the record says.
DmarcPolicy OneLower(DmarcPolicy policy) {
  return policy == DmarcPolicy::kReject ? DmarcPolicy::kQuarantine : DmarcPolicy::kNone;
}

bool Worse(const DmarcResult& a, const DmarcResult& b) {
  // Of several authors the one decides who leaves the least: DNS trouble, a failure with the
  // strictest policy, a record in error, no record, a pass (RFC 7489 6.6.1).
  auto rank = [](DmarcStatus status) {
    constexpr int kRanks[] = {1, 0, 3, 4, 2};
    return kRanks[static_cast<size_t>(status)];
  };
  if (rank(a.status) != rank(b.status)) return rank(a.status) > rank(b.status);
  return a.policy > b.policy;
}

}  // namespace

std::string_view DmarcStatusName(DmarcStatus status) {
  constexpr std::string_view kNames[] = {"none", "pass", "fail", "temperror", "permerror"};
  return kNames[static_cast<size_t>(status)];
}

DmarcEvaluator::DmarcEvaluator(DmarcRequest request) : request_(std::move(request)) {
  request_.spf.domain = CanonicalName(request_.spf.domain);
  for (DmarcIdentifier& dkim : request_.dkim) dkim.domain = CanonicalName(dkim.domain);
  Run();
}

void DmarcEvaluator::Resume(DnsAnswer answer) {
  if (!pending_) return;
  answers_.insert_or_assign(*pending_, std::move(answer));
  Run();
}

void DmarcEvaluator::Run() {
  pending_.reset();
  stopped_.clear();
  const DmarcAuthors& authors = request_.authors;
  DmarcResult worst;
  for (const std::string& author : authors.domains) {
    std::optional<DmarcResult> result = Judge(author);
    if (pending_) return;
    if (!result) {
      result = DmarcResult{
          DmarcStatus::kTempError, stopped_, DmarcPolicy::kNone, author, author, "", {}};
      stopped_.clear();
    }
    if (worst.author.empty() || Worse(*result, worst)) worst = *std::move(result);
  }
  // Whatever a reader shows of a From field like that, nobody vouched for it.
  if (!authors.problem.empty()) {
    if (worst.status == DmarcStatus::kPass) worst.status = DmarcStatus::kFail;
    if (worst.status == DmarcStatus::kNone) worst.status = DmarcStatus::kPermError;
    worst.reason = authors.problem;
  }
  result_ = std::move(worst);
}

const DnsAnswer* DmarcEvaluator::Ask(std::string name, DnsType type) {
  static const DnsAnswer kNothing{DnsStatus::kNxDomain, {}, false};
  if (name.size() > 253) return &kNothing;
  DnsQuestion question{std::move(name), type};
  auto known = answers_.find(question);
  if (known != answers_.end()) return &known->second;
  if (static_cast<int>(answers_.size()) >= request_.max_queries) {
    stopped_ = "too many DNS queries";
    return nullptr;
  }
  pending_ = std::move(question);
  return nullptr;
}

// RFC 9989 4.10, 4.10.2
std::optional<DmarcEvaluator::Walk> DmarcEvaluator::WalkUp(const std::string& domain) {
  Walk walk;
  walk.org_domain = domain;
  std::string name = domain;
  for (size_t labels = LabelsOf(domain);;) {
    const DnsAnswer* answer = Ask("_dmarc." + name, DnsType::kTxt);
    if (answer == nullptr) return std::nullopt;
    if (answer->Temporary()) {
      walk.cut_at = name;
      if (!walk.found.empty() && walk.found[0].domain == domain) return walk;
      stopped_ = "no answer for the record of " + name;
      return std::nullopt;
    }
    std::vector<DmarcRecord> records;
    for (const std::string& txt : answer->records) {
      std::optional<DmarcRecord> record = ParseDmarcRecord(txt);
      if (record) records.push_back(*std::move(record));
    }
    if (records.size() == 1) {  // several count as none
      DmarcSuffix suffix = records[0].suffix;
      walk.found.push_back({name, std::move(records[0])});
      walk.org_domain = name;
      if (suffix == DmarcSuffix::kYes && name != domain)
        walk.org_domain = LastLabels(domain, LabelsOf(name) + 1);
      if (suffix != DmarcSuffix::kUnsaid) break;
    }
    if (labels == 1) break;
    labels = labels >= kMaxWalk ? kMaxWalk - 1 : labels - 1;
    name = LastLabels(domain, labels);
  }
  return walk;
}

// RFC 9989 3.2: a domain without A, AAAA and MX records is not there.
std::optional<bool> DmarcEvaluator::Exists(const std::string& domain) {
  for (DnsType type : {DnsType::kA, DnsType::kAaaa, DnsType::kMx}) {
    const DnsAnswer* answer = Ask(domain, type);
    if (answer == nullptr) return std::nullopt;
    if (answer->status == DnsStatus::kNxDomain) return false;
    // With DNS in trouble the policy for what is there is as good a guess as any.
    if (!answer->records.empty() || answer->Temporary()) return true;
  }
  return false;
}

// RFC 9989 4.10.1: p= for the domain itself, sp= or np= for one below.
std::optional<DmarcPolicy> DmarcEvaluator::PolicyFor(const std::string& author,
                                                     const Found& found) {
  const DmarcRecord& record = found.record;
  if (record.bad_policy) return DmarcPolicy::kNone;
  DmarcPolicy own = record.policy.value_or(DmarcPolicy::kNone);
  if (found.domain == author) return own;
  DmarcPolicy existing = record.subdomains.value_or(own);
  if (!record.absent || *record.absent == existing) return existing;
  std::optional<bool> exists = Exists(author);
  if (!exists) return std::nullopt;
  return *exists ? existing : *record.absent;
}

// RFC 9989 4.4
std::optional<bool> DmarcEvaluator::Aligned(const std::string& domain, const std::string& author,
                                            const std::string& org_domain,
                                            DmarcAlignment alignment) {
  if (domain == author) return true;
  if (alignment == DmarcAlignment::kStrict || !IsSameOrSubdomain(domain, org_domain)) return false;
  std::optional<Walk> walk = WalkUp(domain);
  if (walk && !walk->cut_at.empty()) stopped_ = "no answer for the record of " + walk->cut_at;
  if (!walk || !walk->cut_at.empty()) return std::nullopt;
  return walk->org_domain == org_domain;
}

// Where the domain's own record is there and only what stands above it is not: a pass for the very
// domain is a pass, and where nothing passed or may yet pass the organization does not matter.
std::optional<DmarcStatus> DmarcEvaluator::CheckWithoutOrganization(
    const std::string& author) const {
  std::vector<DmarcIdentifier> all = request_.dkim;
  all.push_back(request_.spf);
  bool open = false;
  for (const DmarcIdentifier& identifier : all) {
    bool passed = identifier.outcome == DmarcIdentifier::Outcome::kPass;
    if (identifier.domain.empty()) continue;
    if (passed && identifier.domain == author) return DmarcStatus::kPass;
    open = open || passed || identifier.outcome == DmarcIdentifier::Outcome::kTempError;
  }
  return open ? std::nullopt : std::optional<DmarcStatus>(DmarcStatus::kFail);
}

std::optional<DmarcStatus> DmarcEvaluator::CheckIdentifiers(const DmarcResult& result) {
  bool unsure = false;
  auto check = [&](const DmarcIdentifier& identifier,
                   DmarcAlignment alignment) -> std::optional<bool> {
    if (identifier.domain.empty()) return false;
    if (identifier.outcome == DmarcIdentifier::Outcome::kTempError)
      unsure = unsure || IsSameOrSubdomain(identifier.domain, result.org_domain);
    if (identifier.outcome != DmarcIdentifier::Outcome::kPass) return false;
    return Aligned(identifier.domain, result.author, result.org_domain, alignment);
  };
  for (const DmarcIdentifier& dkim : request_.dkim) {
    std::optional<bool> aligned = check(dkim, result.record.dkim);
    if (!aligned) return std::nullopt;
    if (*aligned) return DmarcStatus::kPass;
  }
  std::optional<bool> aligned = check(request_.spf, result.record.spf);
  if (!aligned) return std::nullopt;
  if (*aligned) return DmarcStatus::kPass;
  // RFC 9989 5.3.2: what could not be checked now has not failed.
  return unsure ? DmarcStatus::kTempError : DmarcStatus::kFail;
}

std::optional<DmarcResult> DmarcEvaluator::Judge(const std::string& author) {
  std::optional<Walk> walk = WalkUp(author);
  if (!walk) return std::nullopt;
  DmarcResult result;
  result.author = author;
  result.org_domain = walk->org_domain;
  // RFC 9989 4.10.1: the record of the domain, of the organization, of the public suffix.
  const Found* found = nullptr;
  for (const Found& candidate : walk->found) {
    bool counts = candidate.domain == author || candidate.domain == walk->org_domain ||
                  candidate.record.suffix == DmarcSuffix::kYes;
    if (found == nullptr && counts) found = &candidate;
  }
  if (found == nullptr) return result;
  result.record_domain = found->domain;
  result.record = found->record;
  if (found->record.bad_policy && found->record.reports.empty()) {
    result.status = DmarcStatus::kPermError;
    result.reason = "the record of " + found->domain + " has a policy that does not exist";
    return result;
  }
  std::optional<DmarcPolicy> policy = PolicyFor(author, *found);
  if (!policy) return std::nullopt;
  result.policy = found->record.testing ? OneLower(*policy) : *policy;
  std::optional<DmarcStatus> status =
      walk->cut_at.empty() ? CheckIdentifiers(result) : CheckWithoutOrganization(author);
  if (!status && stopped_.empty() && !pending_)
    stopped_ = "no answer for the record of " + walk->cut_at;
  if (!status) return std::nullopt;
  result.status = *status;
  if (result.status == DmarcStatus::kFail) result.reason = "no aligned identifier passed";
  if (result.status == DmarcStatus::kTempError) result.reason = "SPF or DKIM could not be checked";
  return result;
}

}  // namespace pennypost::mailauth
