// body (RFC 5173): :raw, :content, :text.

#include "base/text.h"
#include "mime/decode.h"
#include "mime/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

// Looked at of one message: what stands behind it matches nothing.
constexpr size_t kMaxBody = 8 << 20;

void CheckBody(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

// RFC 5173 5.2: "" is any type, "text" all of it, "text/html" that one. What is neither never
// matches.
bool IsOfType(const mime::Part& part, std::string_view wanted) {
  if (wanted.empty()) return true;
  size_t slash = wanted.find('/');
  if (wanted.find('/', slash + 1) != std::string_view::npos && slash != std::string_view::npos) {
    return false;
  }
  if (!EqualsIgnoreCase(part.type, wanted.substr(0, slash))) return false;
  return slash == std::string_view::npos ||
         EqualsIgnoreCase(part.subtype, wanted.substr(slash + 1));
}

std::string PartText(Run& run, const mime::Part& part) {
  std::string_view message = run.message.bytes();
  if (part.IsMessage()) {
    // RFC 5173 5.2: of a message the header, its parts stand for themselves.
    const mime::Part& inner = run.message.structure().parts[part.children[0]];
    return std::string(message.substr(inner.header_offset, inner.header_size));
  }
  if (part.IsMultipart()) {
    // The same of a multipart: what stands before its first part and behind its last.
    if (part.children.empty()) return {};
    uint64_t first = run.message.structure().parts[part.children[0]].header_offset;
    return std::string(message.substr(part.body_offset, first - part.body_offset));
  }
  std::string_view body = message.substr(part.body_offset, part.body_size);
  return part.type == "text" ? mime::DecodeTextPart(body, part)
                             : mime::DecodeTransferEncoding(body, part.encoding);
}

std::vector<std::string> ContentOf(Run& run, const std::vector<std::string>& types) {
  std::vector<std::string> values;
  size_t total = 0;
  for (const mime::Part& part : run.message.structure().parts) {
    if (!run.Spend() || total > kMaxBody) break;
    bool wanted = false;
    for (const std::string& type : types) wanted = wanted || IsOfType(part, type);
    if (!wanted || !run.Spend(1 + part.body_size / 256)) continue;
    values.push_back(PartText(run, part));
    total += values.back().size();
  }
  return values;
}

std::string RawBody(const Message& message) {
  return message.bytes().substr(std::min(message.header().size, message.bytes().size()), kMaxBody);
}

bool TestBody(Run& run, const Statement& statement) {
  std::vector<std::string> values;
  if (statement.Has("raw")) {
    if (!run.Spend(1 + run.message.bytes().size() / 1024)) return false;
    values.push_back(RawBody(run.message));
  } else if (const Argument* types = statement.Tag("content")) {
    values = ContentOf(run, run.Texts(*types));
  } else {
    values = ContentOf(run, {"text"});
  }
  // RFC 5173 6: wildcards of a body set no match variables.
  std::vector<std::string> kept = run.match_values;
  bool hit = MatchAny(run, statement, values, statement.Last());
  run.match_values = std::move(kept);
  return hit;
}

}  // namespace

Extension BodyExtension() {
  return {.capabilities = {{"body"}},
          .verbs = {{.name = "body",
                     .capability = "body",
                     .positional = "l",
                     .traits = kMatch,
                     .tags = {{.name = "raw", .group = "transform"},
                              {.name = "content", .value = ValueType::kList, .group = "transform"},
                              {.name = "text", .group = "transform"}},
                     .check = CheckBody,
                     .test = TestBody}}};
}

}  // namespace pennypost::sieve
