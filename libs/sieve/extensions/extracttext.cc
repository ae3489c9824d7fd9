// extracttext (RFC 5703 7): the text of the part at hand into a variable.

#include <fmt/format.h>

#include "mime/text.h"
#include "sieve/extensions/extensions.h"
#include "sieve/run.h"
#include "sieve/utf8.h"
#include "sieve/variable_name.h"

namespace pennypost::sieve {
namespace {

void CheckExtractText(Checker& checker, Statement& statement) {
  const Argument& name = statement.Last();
  if (!checker.Requires("variables")) {
    checker.Fail(statement.at, "'extracttext' needs require \"variables\"");
  }
  if (checker.loop_depth() == 0) {
    checker.Fail(statement.at, "'extracttext' outside of foreverypart");
  }
  if (!IsVariableName(name.strings[0])) {
    checker.Fail(name.at, fmt::format("'{}' is not the name of a variable", name.strings[0]));
  }
}

Flow RunExtractText(Run& run, const Statement& statement) {
  const mime::Part& part = run.message.structure().parts[run.PartAtHand()];
  std::string text;
  // RFC 5703 7: what is no text leaves the variable empty.
  if (part.type == "text") {
    if (!run.Spend(1 + part.body_size / 256)) return Flow::kStop;
    std::string_view bytes = run.message.bytes();
    text = mime::DecodeTextPart(bytes.substr(part.body_offset, part.body_size), part);
    if (part.subtype == "html") text = mime::HtmlToText(text);
  }
  if (const Argument* first = statement.Tag("first")) {
    size_t end = 0;
    for (uint64_t i = 0; i < first->number && end < text.size(); ++i) end += CharLength(text, end);
    text.resize(end);
  }
  run.SetVariable(statement.at, statement.Last().strings[0],
                  ModifyValue(statement, std::move(text)));
  return Flow::kNext;
}

}  // namespace

Extension ExtractTextExtension() {
  std::vector<TagSpec> tags = ModifierTags();
  tags.push_back({.name = "first", .value = ValueType::kNumber});
  return {.capabilities = {{"extracttext"}},
          .verbs = {{.name = "extracttext",
                     .capability = "extracttext",
                     .positional = "s",
                     .tags = std::move(tags),
                     .check = CheckExtractText,
                     .run = RunExtractText}}};
}

}  // namespace pennypost::sieve
