#include "mailauth/dkim_verify.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

void PermError(DkimResult& result, std::string_view reason) {
  result.status = DkimStatus::kPermError;
  result.reason = reason;
}

void Policy(DkimResult& result, std::string_view reason) {
  result.status = DkimStatus::kPolicy;
  result.reason = reason;
}

// RFC 5322 3.6, RFC 2045: fields that stand once, and that a reader shows or goes by.
constexpr std::string_view kOnce[] = {
    "from",    "sender", "reply-to",   "to",           "cc",
    "subject", "date",   "message-id", "content-type", "content-transfer-encoding"};

}  // namespace

std::string_view DkimStatusName(DkimStatus status) {
  constexpr std::string_view kNames[] = {"none",    "pass",      "fail",     "policy",
                                         "neutral", "temperror", "permerror"};
  return kNames[static_cast<size_t>(status)];
}

DkimVerifier::DkimVerifier(std::string_view header, const DkimVerifyOptions& options)
    : header_(header), block_(mail::ParseHeaderBlock(header_)) {
  for (const mail::HeaderField& field : block_.fields) {
    if (!EqualsIgnoreCase(field.name, "DKIM-Signature")) continue;
    if (signatures_.size() == static_cast<size_t>(options.max_signatures)) {
      Ignore(field);
      continue;
    }
    Signature& signature = signatures_.emplace_back();
    signature.field = field;
    Read(signature, options);
    if (signature.result.status == DkimStatus::kNone) AssignHasher(signature);
  }
}

void DkimVerifier::Ignore(const mail::HeaderField& field) {
  constexpr size_t kMaxIgnored = 100;
  if (ignored_.size() == kMaxIgnored) return;
  DkimResult& result = ignored_.emplace_back();
  Policy(result, "more signatures than are checked");
  std::optional<TagList> tags = TagList::Parse(field.value);
  if (!tags) return;
  result.domain = CanonicalName(tags->Get("d"));
  result.selector = CanonicalName(tags->Get("s"));
}

void DkimVerifier::Read(Signature& signature, const DkimVerifyOptions& options) const {
  DkimResult& result = signature.result;
  const DkimSignature& parsed = signature.parsed;
  std::string problem =
      ParseSignature(signature.field.value, SignatureKind::kDkim, signature.parsed);
  result.domain = parsed.domain;
  result.selector = parsed.selector;
  result.identity = parsed.identity;
  result.algorithm = parsed.algorithm_name;
  result.signature = parsed.encoded;
  if (!problem.empty()) return PermError(result, problem);
  uint64_t now = static_cast<uint64_t>(std::max<int64_t>(options.unix_seconds, 0));
  if (parsed.expires && *parsed.expires < now) return PermError(result, "signature expired");
  if (parsed.made && *parsed.made > now &&
      *parsed.made - now > static_cast<uint64_t>(options.clock_skew)) {
    return Policy(result, "signed in the future");
  }
  std::string_view doubled = UnsignedDouble(parsed);
  if (!doubled.empty()) Policy(result, "not every " + std::string(doubled) + " field is signed");
}

// RFC 6376 8.15: the signature vouches for one field, a reader may show the other. The name of such
// a field, empty for none.
std::string_view DkimVerifier::UnsignedDouble(const DkimSignature& signature) const {
  for (std::string_view name : kOnce) {
    size_t covered =
        static_cast<size_t>(std::count(signature.names.begin(), signature.names.end(), name));
    if (covered == 0) continue;
    size_t there = block_.Count(name);
    if (there > 1 && there > covered) return name;
  }
  return {};
}

// Signatures with the same canonical form and length share the work on the body.
void DkimVerifier::AssignHasher(Signature& signature) {
  const DkimSignature& parsed = signature.parsed;
  for (size_t i = 0; i < hashers_.size(); ++i) {
    if (hashers_[i].canon == parsed.body_canon && hashers_[i].length == parsed.length) {
      signature.hasher = i;
      return;
    }
  }
  signature.hasher = hashers_.size();
  hashers_.push_back(
      {parsed.body_canon, parsed.length, BodyHasher(parsed.body_canon, parsed.length), ""});
}

void DkimVerifier::Body(std::string_view bytes) {
  for (Hasher& hasher : hashers_) hasher.hasher.Add(bytes);
}

void DkimVerifier::EndBody() {
  for (Hasher& hasher : hashers_) hasher.hash = hasher.hasher.Finish();
  for (Signature& signature : signatures_) {
    if (signature.result.status != DkimStatus::kNone) continue;
    const Hasher& hasher = hashers_[signature.hasher];
    const std::optional<uint64_t>& length = signature.parsed.length;
    if (length && *length > hasher.hasher.canonical_size()) {
      PermError(signature.result, "l= beyond the body");
    } else if (hasher.hash != signature.parsed.body_hash) {
      signature.result.status = DkimStatus::kFail;
      signature.result.reason = "body hash does not match";
    } else if (length && *length < hasher.hasher.canonical_size()) {
      // RFC 6376 8.2: anything may stand behind what is signed (ROBUSTNESS D1).
      Policy(signature.result, "only a part of the body is signed");
    }
  }
  at_ = 0;
  AskNext();
}

void DkimVerifier::AskNext() {
  pending_.reset();
  while (at_ < signatures_.size() && signatures_[at_].result.status != DkimStatus::kNone) ++at_;
  if (at_ == signatures_.size()) return;
  pending_ = DnsQuestion{signatures_[at_].parsed.KeyName(), DnsType::kTxt};
}

void DkimVerifier::Resume(const DnsAnswer& answer) {
  if (!pending_) return;
  Check(signatures_[at_], answer);
  AskNext();
}

DkimPublicKey::Parsed KeyOf(const DnsAnswer& answer) {
  constexpr size_t kMaxRecords = 5;
  DkimPublicKey::Parsed first;
  for (size_t i = 0; i < std::min(answer.records.size(), kMaxRecords); ++i) {
    DkimPublicKey::Parsed parsed = DkimPublicKey::Parse(answer.records[i]);
    if (parsed.key) return parsed;
    if (i == 0) first = std::move(parsed);
  }
  return first;
}

// RFC 6376 6.1.2 and 6.1.3
void DkimVerifier::Check(Signature& signature, const DnsAnswer& answer) const {
  DkimResult& result = signature.result;
  if (answer.Temporary()) {
    result.status = DkimStatus::kTempError;
    result.reason = "no answer for the key";
    return;
  }
  if (answer.records.empty()) return PermError(result, "no key");
  DkimPublicKey::Parsed parsed = KeyOf(answer);
  if (!parsed.key) return PermError(result, DkimKeyProblemText(parsed.problem));
  const DkimPublicKey& key = *parsed.key;
  result.testing = key.testing();
  result.secure = answer.secure;
  if (key.algorithm() != signature.parsed.algorithm)
    return PermError(result, "key of another algorithm");
  std::string_view identity_domain = result.identity;
  identity_domain.remove_prefix(identity_domain.rfind('@') + 1);
  if (key.strict_domain() && CanonicalName(identity_domain) != result.domain) {
    return PermError(result, "identity in a subdomain");  // RFC 6376 3.6.1 t=s
  }
  bool good = key.Verify(DkimSignedData(block_, signature.parsed.names,
                                        signature.parsed.header_canon, signature.field.raw),
                         signature.parsed.signature);
  result.status = good ? DkimStatus::kPass : DkimStatus::kFail;
  if (!good) result.reason = "signature does not match";
}

std::vector<DkimResult> DkimVerifier::results() const {
  std::vector<DkimResult> out;
  for (const Signature& signature : signatures_) out.push_back(signature.result);
  return out;
}

}  // namespace pennypost::mailauth
