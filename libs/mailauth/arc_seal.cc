#include "mailauth/arc_seal.h"

#include <algorithm>

#include "base/base64.h"
#include "base/status.h"
#include "base/text.h"
#include "mailauth/auth_results.h"
#include "mailauth/dkim_canon.h"
#include "mailauth/dkim_signature.h"
#include "mailauth/dns.h"

namespace pennypost::mailauth {
namespace {

// All results that `authserv_id` wrote, in the order of the message.
std::vector<std::string> ResultsOf(const mail::HeaderBlock& block, std::string_view authserv_id) {
  std::vector<std::string> results;
  for (const mail::HeaderField& field : block.fields) {
    if (!EqualsIgnoreCase(field.name, "Authentication-Results")) continue;
    if (CanonicalName(AuthservId(field.value)) != CanonicalName(authserv_id)) continue;
    std::vector<std::string> more = AuthResultsOf(field.value);
    results.insert(results.end(), more.begin(), more.end());
  }
  // A line of a field has 998 bytes at most (RFC 5322 2.1.1).
  constexpr size_t kMaxResult = 900;
  std::erase_if(results, [](const std::string& result) { return result.size() > kMaxResult; });
  return results;
}

// Line ends in place of spaces where lines grow long: the relaxed form stays the same.
std::string FoldAtSpaces(std::string_view text) {
  constexpr size_t kLine = 76;
  std::string out;
  size_t line = 25;  // the longest name of a field
  while (!text.empty()) {
    size_t space = std::min(text.find(' ', 1), text.size());
    if (line + space > kLine && text[0] == ' ') {
      out += "\r\n";
      line = 0;
    }
    out += text.substr(0, space);
    line += space;
    text.remove_prefix(space);
  }
  return out;
}

// The fields of the set, and the text that its seal covers.
class Sealer {
 public:
  Sealer(std::string_view message, const ArcChain& chain, ArcStatus status,
         const DkimPrivateKey& key, const ArcSealOptions& options)
      : message_(message),
        chain_(chain),
        status_(status),
        key_(key),
        options_(options),
        instance_(std::to_string(chain.highest + 1)),
        time_(std::to_string(options.unix_seconds)) {}

  ArcFields Seal(const mail::HeaderBlock& block) {
    ArcFields fields;
    fields.results = Results(block);
    fields.message_signature = MessageSignature(block, fields.results);
    fields.seal = ArcSealField(fields);
    return fields;
  }

 private:
  std::string Results(const mail::HeaderBlock& block) const {
    std::string text = "i=" + instance_ + "; " + options_.authserv_id;
    std::vector<std::string> results = ResultsOf(block, options_.authserv_id);
    if (results.empty()) results.emplace_back("none");
    for (const std::string& result : results) text += "; " + result;
    return FoldAtSpaces(text);
  }

  // Tags in the order of the alphabet, one space between them: what ARC's public suite signs.
  std::string MessageSignature(const mail::HeaderBlock& block, const std::string& results) const {
    BodyHasher hasher(Canon::kRelaxed);
    hasher.Add(message_.substr(block.size));
    std::vector<std::string> names;
    std::string list;
    for (const std::string& name : options_.names) {
      names.push_back(ToLower(name));
      list += (list.empty() ? "" : ":") + names.back();
    }
    std::string head = Head();
    std::string tail = "; bh=" + Base64Encode(hasher.Finish()) +
                       "; c=relaxed/relaxed; d=" + options_.domain + "; h=" + list +
                       "; i=" + instance_ + "; s=" + options_.selector + "; t=" + time_;
    // The results are a field of the message already.
    std::string header = "ARC-Authentication-Results: " + results + "\r\n";
    header += message_.substr(0, block.size);
    std::string data = DkimSignedData(mail::ParseHeaderBlock(header), names, Canon::kRelaxed,
                                      "ARC-Message-Signature: " + head + tail);
    return FoldAtSpaces(head + Base64Encode(key_.Sign(data)) + tail);
  }

  // RFC 8617 5.1.2: of a broken chain only the own set is sealed.
  std::string ArcSealField(const ArcFields& fields) const {
    std::string data;
    for (const ArcSet& set : chain_.sets) {
      if (status_ == ArcStatus::kFail) break;
      for (const mail::HeaderField* field : {set.results, set.message_signature, set.seal})
        data += CanonicalHeader(field->raw, Canon::kRelaxed);
    }
    data += CanonicalHeader("ARC-Authentication-Results: " + fields.results, Canon::kRelaxed);
    data += CanonicalHeader("ARC-Message-Signature: " + fields.message_signature, Canon::kRelaxed);
    std::string head = Head();
    std::string tail = "; cv=" + std::string(ArcStatusName(status_)) + "; d=" + options_.domain +
                       "; i=" + instance_ + "; s=" + options_.selector + "; t=" + time_;
    data += CanonicalHeader("ARC-Seal: " + head + tail, Canon::kRelaxed);
    data.resize(data.size() - 2);
    return FoldAtSpaces(head + Base64Encode(key_.Sign(data)) + tail);
  }

  std::string Head() const {
    return "a=" + std::string(DkimAlgorithmName(key_.algorithm())) + "; b=";
  }

  std::string_view message_;
  const ArcChain& chain_;
  ArcStatus status_;
  const DkimPrivateKey& key_;
  const ArcSealOptions& options_;
  std::string instance_, time_;
};

absl::Status Check(const ArcSealOptions& options) {
  constexpr size_t kMaxNames = 900;  // h= stands on one line of 998 at most
  size_t names = 0;
  bool from = false;
  for (const std::string& name : options.names) {
    if (name.empty() || name.find_first_of(" \t\r\n:;") != std::string::npos)
      return SyntaxError("not a field name: '" + name + "'");
    if (EqualsIgnoreCase(name, "ARC-Seal"))
      return SyntaxError("ARC-Seal must not be signed (RFC 8617 4.1.2)");
    from = from || EqualsIgnoreCase(name, "From");
    names += name.size() + 1;
  }
  if (!from) return SyntaxError("From must be signed");
  if (names > kMaxNames) return SyntaxError("too many signed fields");
  if (!IsQualifiedName(options.domain)) return SyntaxError("bad domain");
  if (!IsQualifiedName(options.selector + "._domainkey." + options.domain))
    return SyntaxError("bad selector");
  for (const std::string* text : {&options.domain, &options.selector, &options.authserv_id}) {
    if (text->empty() || text->find_first_of(" \t\r\n;=()\"\\") != std::string::npos)
      return SyntaxError("not a name: '" + *text + "'");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ArcFields> ArcSeal(std::string_view message, ArcStatus status,
                                  const DkimPrivateKey& key, const ArcSealOptions& options) {
  RETURN_IF_ERROR(Check(options));
  mail::HeaderBlock block = mail::ParseHeaderBlock(message);
  ArcChain chain = ReadArcChain(block);
  if (chain.highest >= kMaxArcInstance) return ArcFields{};
  if (chain.present && !chain.problem.empty()) status = ArcStatus::kFail;
  if (!chain.present) {
    status = ArcStatus::kNone;
  } else if (status == ArcStatus::kNone) {
    return SyntaxError("a message with a chain, and none was found when it came in");
  }
  bool ended = !chain.sets.empty() && chain.sets.back().seal_tags.Get("cv") == "fail";
  if (ended) return ArcFields{};
  return Sealer(message, chain, status, key, options).Seal(block);
}

std::optional<ArcStatus> RecordedArcStatus(const mail::HeaderBlock& block,
                                           std::string_view authserv_id) {
  std::optional<ArcStatus> recorded;
  for (const std::string& result : ResultsOf(block, authserv_id)) {
    size_t equals = result.find('=');
    if (equals == std::string::npos) continue;
    std::string_view text = result;
    if (!EqualsIgnoreCase(Trim(text.substr(0, equals)), "arc")) continue;
    std::string_view value = Trim(text.substr(equals + 1));
    std::optional<ArcStatus> status = ParseArcStatus(value.substr(0, value.find_first_of(" (")));
    // Two that disagree are a broken record, and so is what has no meaning.
    if (!status || (recorded && *recorded != *status)) return ArcStatus::kFail;
    recorded = status;
  }
  return recorded;
}

}  // namespace pennypost::mailauth
