#include "mailauth/arc_verify.h"

#include <algorithm>

#include "base/text.h"
#include "mailauth/auth_results.h"
#include "mailauth/dkim_verify.h"

namespace pennypost::mailauth {
namespace {

std::string Name(std::string_view field, size_t set) {
  return std::string(field) + " " + std::to_string(set + 1);
}

}  // namespace

ArcVerifier::ArcVerifier(std::string_view header, const ArcVerifyOptions& options)
    : header_(header), block_(mail::ParseHeaderBlock(header_)), chain_(ReadArcChain(block_)) {
  if (!chain_.present) return;
  result_.status = ArcStatus::kPass;  // until something fails
  result_.instances = chain_.highest;
  std::string problem = chain_.problem.empty() ? ReadSets(options) : chain_.problem;
  if (!problem.empty()) {
    Fail(std::move(problem));
    return;
  }
  AddHasher(signatures_.back());
  for (size_t i = signatures_.size() - 1; i-- > 0;) {
    // Older signatures decide nothing, so that they get no body hash of a length of their own.
    if (signature_problems_[i].empty() && !signatures_[i].length) AddHasher(signatures_[i]);
  }
}

// Reads the tags of all sets (RFC 8617 5.2 steps 2 to 4). What is wrong where the chain fails.
std::string ArcVerifier::ReadSets(const ArcVerifyOptions& options) {
  uint64_t now = static_cast<uint64_t>(std::max<int64_t>(options.unix_seconds, 0));
  size_t count = chain_.sets.size();
  signatures_.resize(count);
  seals_.resize(count);
  signature_problems_.resize(count);
  for (size_t i = count; i-- > 0;) {
    const ArcSet& set = chain_.sets[i];
    std::string_view cv = set.seal_tags.Get("cv");
    if (cv == "fail") return Name("ARC-Seal", i) + " reports a broken chain";
    if (cv != (i == 0 ? "none" : "pass")) return Name("ARC-Seal", i) + ": wrong cv=";
    std::string problem = ParseSignature(set.seal_tags, SignatureKind::kArcSeal, seals_[i]);
    if (!problem.empty()) return Name("ARC-Seal", i) + ": " + problem;
    problem =
        ParseSignature(set.signature_tags, SignatureKind::kArcMessageSignature, signatures_[i]);
    if (problem.empty() && signatures_[i].expires && *signatures_[i].expires < now)
      problem = "signature expired";
    if (!problem.empty() && i + 1 == count)
      return Name("ARC-Message-Signature", i) + ": " + problem;
    signature_problems_[i] = std::move(problem);
  }
  return "";
}

void ArcVerifier::AddHasher(const DkimSignature& signature) {
  for (const Hasher& known : hashers_) {
    if (known.canon == signature.body_canon && known.length == signature.length) return;
  }
  hashers_.push_back({signature.body_canon, signature.length,
                      BodyHasher(signature.body_canon, signature.length), "", false});
}

void ArcVerifier::Fail(std::string reason) {
  result_.status = ArcStatus::kFail;
  result_.reason = std::move(reason);
  pending_.reset();
  checks_.clear();
}

void ArcVerifier::Body(std::string_view bytes) {
  if (result_.status != ArcStatus::kPass) return;
  for (Hasher& hasher : hashers_) hasher.hasher.Add(bytes);
}

std::string ArcVerifier::BodyProblem(const DkimSignature& signature) const {
  for (const Hasher& hasher : hashers_) {
    if (hasher.canon != signature.body_canon || hasher.length != signature.length) continue;
    if (hasher.hash != signature.body_hash) return "body hash does not match";
    return hasher.covers_all ? "" : "only a part of the body is signed";
  }
  return "body not hashed";
}

void ArcVerifier::EndBody() {
  if (result_.status != ArcStatus::kPass) return;
  for (Hasher& hasher : hashers_) {
    hasher.hash = hasher.hasher.Finish();
    hasher.covers_all = !hasher.length || *hasher.length == hasher.hasher.canonical_size();
  }
  size_t count = signatures_.size();
  std::string problem = BodyProblem(signatures_.back());
  if (!problem.empty()) return Fail(Name("ARC-Message-Signature", count - 1) + ": " + problem);
  CanonicalizeSeals();
  checks_.push_back({Kind::kNewestSignature, count - 1});
  for (size_t i = count; i-- > 0;) checks_.push_back({Kind::kSeal, i});
  for (size_t i = count - 1; i-- > 0;) checks_.push_back({Kind::kOlderSignature, i});
  Advance();
}

// RFC 8617 5.1.1: a seal covers its own set and those before, in the order of the instances, in the
// relaxed form always.
void ArcVerifier::CanonicalizeSeals() {
  for (const ArcSet& set : chain_.sets) {
    sealed_ += CanonicalHeader(set.results->raw, Canon::kRelaxed);
    sealed_ += CanonicalHeader(set.message_signature->raw, Canon::kRelaxed);
    sealed_to_.push_back(sealed_.size());
    sealed_ += CanonicalHeader(set.seal->raw, Canon::kRelaxed);
  }
}

void ArcVerifier::Advance() {
  pending_.reset();
  for (; at_ < checks_.size(); ++at_) {
    const Check& check = checks_[at_];
    const DkimSignature& signature =
        check.kind == Kind::kSeal ? seals_[check.set] : signatures_[check.set];
    bool older = check.kind == Kind::kOlderSignature;
    std::string problem = older ? signature_problems_[check.set] : "";
    if (older && problem.empty()) problem = BodyProblem(signature);
    if (problem.empty()) {
      auto key = keys_.find(signature.KeyName());
      if (key == keys_.end()) {
        pending_ = DnsQuestion{signature.KeyName(), DnsType::kTxt};
        return;
      }
      problem = Verify(check, key->second);
      if (!problem.empty() && !older) result_.temporary = key->second.temporary;
    }
    if (problem.empty()) continue;
    if (older) {
      result_.oldest_pass = static_cast<int>(check.set) + 2;
      break;
    }
    return Fail(Name(check.kind == Kind::kSeal ? "ARC-Seal" : "ARC-Message-Signature", check.set) +
                ": " + problem);
  }
  checks_.clear();
  for (size_t i = seals_.size(); i-- > 0;) result_.sealers.push_back(seals_[i].domain);
  for (const std::string& result : AuthResultsOf(chain_.sets[0].results->value)) {
    bool passed = StartsWithIgnoreCase(result, "dmarc=pass") &&
                  (result.size() == 10 || result[10] == ' ' || result[10] == '(');
    result_.first_saw_dmarc_pass = result_.first_saw_dmarc_pass || passed;
  }
}

void ArcVerifier::Resume(const DnsAnswer& answer) {
  if (!pending_) return;
  Key& key = keys_[pending_->name];
  key.temporary = answer.Temporary();
  if (key.temporary) {
    key.problem = "no answer for the key";
  } else if (answer.records.empty()) {
    key.problem = "no key";
  } else {
    key.parsed = KeyOf(answer);
    if (!key.parsed.key) key.problem = DkimKeyProblemText(key.parsed.problem);
  }
  Advance();
}

// Empty where the signature is good.
std::string ArcVerifier::Verify(const Check& check, const Key& key) const {
  if (!key.problem.empty()) return key.problem;
  const ArcSet& set = chain_.sets[check.set];
  const DkimSignature& signature =
      check.kind == Kind::kSeal ? seals_[check.set] : signatures_[check.set];
  if (key.parsed.key->algorithm() != signature.algorithm) return "key of another algorithm";
  std::string data;
  if (check.kind == Kind::kSeal) {
    std::string own = CanonicalHeader(WithoutSignature(set.seal->raw), Canon::kRelaxed);
    own.resize(own.size() - 2);
    data = sealed_.substr(0, sealed_to_[check.set]) + own;
  } else {
    data =
        DkimSignedData(block_, signature.names, signature.header_canon, set.message_signature->raw);
  }
  return key.parsed.key->Verify(data, signature.signature) ? "" : "signature does not match";
}

}  // namespace pennypost::mailauth
