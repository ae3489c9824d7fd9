#include "mailauth/dkim_signature.h"

#include <algorithm>
#include <unordered_map>

#include "base/base64.h"
#include "base/text.h"
#include "mailauth/dns.h"

namespace pennypost::mailauth {
namespace {

constexpr size_t kMaxSignatureField = 16 * 1024;
constexpr size_t kMaxNames = 512;

std::optional<Canon> ParseCanon(std::string_view name) {
  if (name == "simple") return Canon::kSimple;
  if (name == "relaxed") return Canon::kRelaxed;
  return std::nullopt;
}

// RFC 6376 2.11 dkim-quoted-printable: white space means nothing, "=40" is "@".
std::optional<std::string> DecodeQuotedPrintable(std::string_view text) {
  std::string plain = WithoutSpace(text), out;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] != '=') {
      out.push_back(plain[i]);
      continue;
    }
    std::optional<std::string> byte = HexDecode(std::string_view(plain).substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

std::string ParseAlgorithm(DkimSignature& signature) {
  if (signature.algorithm_name == "rsa-sha256") {
    signature.algorithm = DkimAlgorithm::kRsaSha256;
  } else if (signature.algorithm_name == "ed25519-sha256") {
    signature.algorithm = DkimAlgorithm::kEd25519Sha256;
  } else {
    return "algorithm not accepted";  // RFC 8301 3.1: rsa-sha1 among them
  }
  return "";
}

std::string ParseIdentity(const TagList& tags, DkimSignature& signature) {
  const std::string_view* text = tags.Find("i");
  signature.identity = "@" + signature.domain;
  if (text == nullptr) return "";
  std::optional<std::string> identity = DecodeQuotedPrintable(*text);
  size_t at = identity ? identity->rfind('@') : std::string::npos;
  if (at == std::string::npos) return "bad identity";
  if (!IsSameOrSubdomain(CanonicalName(std::string_view(*identity).substr(at + 1)),
                         signature.domain)) {
    return "identity outside of the domain";
  }
  signature.identity = *std::move(identity);
  return "";
}

std::string ParseCanons(const TagList& tags, SignatureKind kind, DkimSignature& signature) {
  // ARC's drafts had relaxed/relaxed where c= is absent, and so have its validators (RFC 8617 is
  // silent).
  std::string_view otherwise = kind == SignatureKind::kDkim ? "simple/simple" : "relaxed/relaxed";
  std::vector<std::string_view> canons = Split(tags.Get("c", otherwise), '/');
  std::optional<Canon> header = ParseCanon(canons[0]);
  std::optional<Canon> body = canons.size() > 1 ? ParseCanon(canons[1]) : Canon::kSimple;
  if (!header || !body || canons.size() > 2) return "unknown canonical form";
  signature.header_canon = *header;
  signature.body_canon = *body;
  return "";
}

// h= and what must or must not stand in it.
std::string ParseNames(const TagList& tags, SignatureKind kind, DkimSignature& signature) {
  for (std::string_view name : ColonList(tags.Get("h"))) signature.names.push_back(ToLower(name));
  if (signature.names.size() > kMaxNames) return "too many signed fields";
  auto has = [&signature](std::string_view name) {
    return std::find(signature.names.begin(), signature.names.end(), name) != signature.names.end();
  };
  if (kind == SignatureKind::kDkim && !has("from")) return "From not signed";
  // RFC 8617 4.1.2
  if (kind == SignatureKind::kArcMessageSignature && has("arc-seal")) return "ARC-Seal signed";
  return "";
}

// l=, t= and x=.
std::string ParseNumbers(const TagList& tags, DkimSignature& signature) {
  for (auto [name, slot] :
       {std::pair("l", &signature.length), {"t", &signature.made}, {"x", &signature.expires}}) {
    const std::string_view* text = tags.Find(name);
    if (text == nullptr) continue;
    *slot = ParseUint(*text);
    if (!*slot) return "bad number: " + std::string(name);
  }
  if (signature.made && signature.expires && *signature.expires <= *signature.made)
    return "expires before it was made";
  return "";
}

// b= and bh=.
std::string ParseBytes(const TagList& tags, SignatureKind kind, DkimSignature& signature) {
  std::optional<std::string> bytes = Base64Decode(signature.encoded);
  if (!bytes) return "bad base64";
  signature.signature = *std::move(bytes);
  if (kind == SignatureKind::kArcSeal) return "";
  signature.body_hash = Base64Decode(WithoutSpace(tags.Get("bh"))).value_or("");
  if (signature.body_hash.size() != 32) return "bad base64";
  return "";
}

// The tags that must be there. ARC allows an empty h=, as its validators do.
std::string CheckRequired(const TagList& tags, SignatureKind kind) {
  for (std::string_view required : {"a", "b", "bh", "d", "h", "s"}) {
    bool body = required == "bh" || required == "h";
    if (body && kind == SignatureKind::kArcSeal) continue;
    bool may_be_empty = required == "h" && kind == SignatureKind::kArcMessageSignature;
    if (may_be_empty ? tags.Find(required) == nullptr : tags.Get(required).empty())
      return "tag missing: " + std::string(required);
  }
  // RFC 8617 4.1.3
  if (kind == SignatureKind::kArcSeal && tags.Find("h") != nullptr) return "h= in ARC-Seal";
  return "";
}

}  // namespace

// RFC 6376 6.1.1
std::string ParseSignature(const TagList& tags, SignatureKind kind, DkimSignature& signature) {
  signature.domain = CanonicalName(tags.Get("d"));
  signature.selector = CanonicalName(tags.Get("s"));
  signature.algorithm_name = std::string(tags.Get("a"));
  signature.encoded = WithoutSpace(tags.Get("b"));
  signature.identity = "@" + signature.domain;
  if (kind == SignatureKind::kDkim && tags.Get("v") != "1") return "unknown version";
  std::string problem = CheckRequired(tags, kind);
  if (problem.empty()) problem = ParseAlgorithm(signature);
  if (!problem.empty()) return problem;
  if (!IsQualifiedName(signature.domain) || !IsAscii(signature.domain) ||
      !IsAscii(signature.selector) || !IsQualifiedName(signature.KeyName())) {
    return "bad domain or selector";
  }
  if (kind == SignatureKind::kDkim) problem = ParseIdentity(tags, signature);
  if (problem.empty() && kind != SignatureKind::kArcSeal) {
    problem = ParseCanons(tags, kind, signature);
    if (problem.empty()) problem = ParseNames(tags, kind, signature);
  }
  if (!problem.empty()) return problem;
  std::vector<std::string_view> methods = ColonList(tags.Get("q", "dns/txt"));
  if (std::find(methods.begin(), methods.end(), "dns/txt") == methods.end())
    return "unknown query method";
  problem = ParseBytes(tags, kind, signature);
  return problem.empty() ? ParseNumbers(tags, signature) : problem;
}

std::string ParseSignature(std::string_view value, SignatureKind kind, DkimSignature& signature) {
  if (value.size() > kMaxSignatureField) return "signature field too long";
  std::optional<TagList> tags = TagList::Parse(value);
  if (!tags) return "syntax error";
  return ParseSignature(*tags, kind, signature);
}

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

std::string DkimSignedData(const mail::HeaderBlock& block, const std::vector<std::string>& names,
                           Canon canon, std::string_view signature_field) {
  // Each name's fields in the order of the message: the last one not yet taken is the next to sign.
  std::unordered_map<std::string, std::vector<const mail::HeaderField*>> fields;
  for (const std::string& name : names) fields.try_emplace(name);
  for (const mail::HeaderField& field : block.fields) {
    if (field.raw.data() == signature_field.data()) continue;
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

}  // namespace pennypost::mailauth
