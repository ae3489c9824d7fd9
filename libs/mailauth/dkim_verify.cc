#include "mailauth/dkim_verify.h"

#include <algorithm>
#include <unordered_map>

#include "base/base64.h"
#include "base/text.h"
#include "mailauth/tag_list.h"

namespace pennypost::mailauth {
namespace {

constexpr size_t kMaxSignatureField = 16 * 1024;
constexpr size_t kMaxNames = 512;

std::optional<Canon> ParseCanon(std::string_view name) {
  if (name == "simple") return Canon::kSimple;
  if (name == "relaxed") return Canon::kRelaxed;
  return std::nullopt;
}

// The field with an empty b= and without its line end (RFC 6376 3.7).
std::string WithoutSignature(std::string_view raw) {
  while (raw.ends_with('\n') || raw.ends_with('\r')) raw.remove_suffix(1);
  size_t begin = raw.find(':') + 1;
  while (begin <= raw.size()) {
    size_t end = std::min(raw.find(';', begin), raw.size());
    size_t equals = raw.find('=', begin);
    if (equals < end && Trim(raw.substr(begin, equals - begin)) == "b") {
      return std::string(raw.substr(0, equals + 1)) + std::string(raw.substr(end));
    }
    begin = end + 1;
  }
  return std::string(raw);
}

void PermError(DkimResult& result, std::string_view reason) {
  result.status = DkimStatus::kPermError;
  result.reason = reason;
}

}  // namespace

std::string_view DkimStatusName(DkimStatus status) {
  constexpr std::string_view kNames[] = {"none",    "pass",      "fail",     "policy",
                                         "neutral", "temperror", "permerror"};
  return kNames[static_cast<size_t>(status)];
}

std::string DkimSignedData(const mail::HeaderBlock& block, const std::vector<std::string>& names,
                           Canon canon, std::string_view signature_field) {
  // Each name's fields in the order of the message: the last one not yet taken is the next to sign.
  std::unordered_map<std::string, std::vector<const mail::HeaderField*>> fields;
  for (const std::string& name : names) fields.try_emplace(name);
  for (const mail::HeaderField& field : block.fields) {
    auto found = fields.find(ToLower(field.name));
    if (found != fields.end()) found->second.push_back(&field);
  }
  std::string data;
  for (const std::string& name : names) {
    std::vector<const mail::HeaderField*>& left = fields[name];
    if (left.empty()) continue;  // signed as absent
    data += CanonicalHeader(left.back()->raw, canon);
    left.pop_back();
  }
  std::string own = CanonicalHeader(WithoutSignature(signature_field), canon);
  own.resize(own.size() - 2);
  return data + own;
}

DkimVerifier::DkimVerifier(std::string_view header, const DkimVerifyOptions& options)
    : header_(header), block_(mail::ParseHeaderBlock(header_)) {
  for (const mail::HeaderField& field : block_.fields) {
    if (!EqualsIgnoreCase(field.name, "DKIM-Signature")) continue;
    if (signatures_.size() == static_cast<size_t>(options.max_signatures)) {
      ++ignored_;
      continue;
    }
    Signature& signature = signatures_.emplace_back();
    signature.field = field;
    ParseFields(signature, options);
    if (signature.result.status == DkimStatus::kNone) AssignHasher(signature);
  }
}

// RFC 6376 6.1.1
void DkimVerifier::ParseFields(Signature& signature, const DkimVerifyOptions& options) {
  DkimResult& result = signature.result;
  if (signature.field.raw.size() > kMaxSignatureField)
    return PermError(result, "signature field too long");
  std::optional<TagList> tags = TagList::Parse(signature.field.value);
  if (!tags) return PermError(result, "syntax error");
  result.domain = CanonicalName(tags->Get("d"));
  result.selector = CanonicalName(tags->Get("s"));
  result.algorithm = std::string(tags->Get("a"));
  result.signature = WithoutSpace(tags->Get("b"));
  result.partial_body = tags->Find("l") != nullptr;
  result.identity = std::string(tags->Get("i", "@" + result.domain));

  if (tags->Get("v") != "1") return PermError(result, "unknown version");
  for (std::string_view required : {"a", "b", "bh", "d", "h", "s"}) {
    if (tags->Get(required).empty())
      return PermError(result, "tag missing: " + std::string(required));
  }
  if (result.algorithm == "rsa-sha256") {
    signature.algorithm = DkimAlgorithm::kRsaSha256;
  } else if (result.algorithm == "ed25519-sha256") {
    signature.algorithm = DkimAlgorithm::kEd25519Sha256;
  } else {
    return PermError(result, "algorithm not accepted");  // RFC 8301 3.1: rsa-sha1 among them
  }
  if (!IsQualifiedName(result.domain) || !IsAscii(result.domain) || !IsAscii(result.selector) ||
      !IsQualifiedName(result.selector + "._domainkey." + result.domain)) {
    return PermError(result, "bad domain or selector");
  }
  size_t at = result.identity.rfind('@');
  if (at == std::string::npos ||
      !IsSameOrSubdomain(CanonicalName(std::string_view(result.identity).substr(at + 1)),
                         result.domain)) {
    return PermError(result, "identity outside of the domain");
  }
  std::vector<std::string_view> canons = Split(tags->Get("c", "simple/simple"), '/');
  std::optional<Canon> header_canon = ParseCanon(canons[0]);
  std::optional<Canon> body_canon = canons.size() > 1 ? ParseCanon(canons[1]) : Canon::kSimple;
  if (!header_canon || !body_canon || canons.size() > 2)
    return PermError(result, "unknown canonical form");
  signature.header_canon = *header_canon;
  signature.body_canon = *body_canon;

  for (std::string_view name : ColonList(tags->Get("h"))) signature.names.push_back(ToLower(name));
  if (signature.names.size() > kMaxNames) return PermError(result, "too many signed fields");
  if (std::find(signature.names.begin(), signature.names.end(), "from") == signature.names.end()) {
    return PermError(result, "From not signed");
  }
  std::vector<std::string_view> methods = ColonList(tags->Get("q", "dns/txt"));
  if (std::find(methods.begin(), methods.end(), "dns/txt") == methods.end()) {
    return PermError(result, "unknown query method");
  }
  ParseNumbers(signature, *tags, options);
}

// b=, bh=, l=, t= and x=.
void DkimVerifier::ParseNumbers(Signature& signature, const TagList& tags,
                                const DkimVerifyOptions& options) {
  DkimResult& result = signature.result;
  std::optional<std::string> bytes = Base64Decode(result.signature);
  std::optional<std::string> body_hash = Base64Decode(WithoutSpace(tags.Get("bh")));
  if (!bytes || !body_hash || body_hash->size() != 32) return PermError(result, "bad base64");
  signature.signature = *std::move(bytes);
  signature.body_hash = *std::move(body_hash);
  std::optional<uint64_t> made, expires;
  for (auto [name, slot] : {std::pair("l", &signature.length), {"t", &made}, {"x", &expires}}) {
    const std::string_view* text = tags.Find(name);
    if (text == nullptr) continue;
    *slot = ParseUint(*text);
    if (!*slot) return PermError(result, "bad number: " + std::string(name));
  }
  uint64_t now = static_cast<uint64_t>(std::max<int64_t>(options.unix_seconds, 0));
  if (made && expires && *expires <= *made) return PermError(result, "expires before it was made");
  if (expires && *expires < now) {
    result.status = DkimStatus::kFail;
    result.reason = "signature expired";
  } else if (made && *made > now && *made - now > static_cast<uint64_t>(options.clock_skew)) {
    result.status = DkimStatus::kPolicy;
    result.reason = "signed in the future";
  }
}

// Signatures with the same canonical form and length share the work on the body.
void DkimVerifier::AssignHasher(Signature& signature) {
  for (size_t i = 0; i < hashers_.size(); ++i) {
    if (hashers_[i].canon == signature.body_canon && hashers_[i].length == signature.length) {
      signature.hasher = i;
      return;
    }
  }
  signature.hasher = hashers_.size();
  hashers_.push_back({signature.body_canon, signature.length,
                      BodyHasher(signature.body_canon, signature.length), ""});
}

void DkimVerifier::Body(std::string_view bytes) {
  for (Hasher& hasher : hashers_) hasher.hasher.Add(bytes);
}

void DkimVerifier::EndBody() {
  for (Hasher& hasher : hashers_) hasher.hash = hasher.hasher.Finish();
  for (Signature& signature : signatures_) {
    if (signature.result.status != DkimStatus::kNone) continue;
    const Hasher& hasher = hashers_[signature.hasher];
    if (signature.length && *signature.length > hasher.hasher.canonical_size()) {
      PermError(signature.result, "l= beyond the body");
    } else if (hasher.hash != signature.body_hash) {
      signature.result.status = DkimStatus::kFail;
      signature.result.reason = "body hash does not match";
    }
  }
  at_ = 0;
  AskNext();
}

void DkimVerifier::AskNext() {
  pending_.reset();
  while (at_ < signatures_.size() && signatures_[at_].result.status != DkimStatus::kNone) ++at_;
  if (at_ == signatures_.size()) return;
  const DkimResult& result = signatures_[at_].result;
  pending_ = DnsQuestion{result.selector + "._domainkey." + result.domain, DnsType::kTxt};
}

void DkimVerifier::Resume(const DnsAnswer& answer) {
  if (!pending_) return;
  Check(signatures_[at_], answer);
  AskNext();
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
  // RFC 6376 3.6.2.2 leaves several records undefined: the first counts.
  DkimPublicKey::Parsed parsed = DkimPublicKey::Parse(answer.records[0]);
  if (!parsed.key) return PermError(result, DkimKeyProblemText(parsed.problem));
  const DkimPublicKey& key = *parsed.key;
  result.testing = key.testing();
  result.secure = answer.secure;
  if (key.algorithm() != signature.algorithm) return PermError(result, "key of another algorithm");
  std::string_view identity_domain = result.identity;
  identity_domain.remove_prefix(identity_domain.rfind('@') + 1);
  if (key.strict_domain() && CanonicalName(identity_domain) != result.domain) {
    return PermError(result, "identity in a subdomain");  // RFC 6376 3.6.1 t=s
  }
  bool good = key.Verify(
      DkimSignedData(block_, signature.names, signature.header_canon, signature.field.raw),
      signature.signature);
  result.status = good ? DkimStatus::kPass : DkimStatus::kFail;
  if (!good) result.reason = "signature does not match";
}

std::vector<DkimResult> DkimVerifier::results() const {
  std::vector<DkimResult> out;
  for (const Signature& signature : signatures_) out.push_back(signature.result);
  return out;
}

}  // namespace pennypost::mailauth
