// addheader and deleteheader (RFC 5293).

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "mime/encoded_word.h"
#include "sieve/extensions/extensions.h"
#include "sieve/field_value.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

bool IsFieldName(std::string_view name) {
  return !name.empty() && name.size() < 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != ':';
  });
}

// RFC 5293 4: the trace of a message is not the user's to change, and Auto-Submitted stops loops.
bool IsProtected(std::string_view name) {
  for (std::string_view field :
       {"Received", "Auto-Submitted", "Return-Path", "Delivered-To", "DKIM-Signature",
        "Authentication-Results", "Original-Subject", "Original-From"}) {
    if (EqualsIgnoreCase(name, field)) return true;
  }
  return false;
}

void CheckAdd(Checker& checker, Statement& statement) {
  checker.CheckHeaderNames(statement.positional[0]);
}

void CheckDelete(Checker& checker, Statement& statement) {
  checker.CheckHeaderNames(statement.positional[0]);
  if (statement.Has("last") && !statement.Has("index")) {
    checker.Fail(statement.at, "':last' needs ':index'");
  }
  if (statement.positional.size() > 1) CheckMatch(checker, statement, statement.Last());
}

Flow RunAddHeader(Run& run, const Statement& statement) {
  std::string name = run.Text(statement.positional[0]);
  std::string value = FieldValue(run.Text(statement.positional[1]));
  if (run.failed() || !run.Spend(1 + run.message.bytes().size() / 4096)) return Flow::kStop;
  if (!IsFieldName(name)) {
    run.Fail(statement.at, fmt::format("addheader: '{}' is not the name of a header field", name));
    return Flow::kStop;
  }
  if (IsProtected(name)) return Flow::kNext;
  bool last = statement.Has("last");
  run.message.AddField(name, value, last);
  run.result.edits.push_back({HeaderEdit::Kind::kAdd, std::move(name), std::move(value), last});
  return Flow::kNext;
}

// Indices in header().fields that :index leaves.
std::vector<size_t> Candidates(Run& run, const Statement& statement, std::string_view name) {
  std::vector<size_t> found;
  const auto& fields = run.message.header().fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (EqualsIgnoreCase(fields[i].name, name)) found.push_back(i);
  }
  const Argument* index = statement.Tag("index");
  if (index == nullptr) return found;
  if (index->number == 0 || index->number > found.size()) return {};
  size_t at = statement.Has("last") ? found.size() - index->number : index->number - 1;
  return {found[at]};
}

Flow RunDeleteHeader(Run& run, const Statement& statement) {
  std::string name = run.Text(statement.positional[0]);
  if (IsProtected(name)) return Flow::kNext;
  std::vector<size_t> candidates = Candidates(run, statement, name);
  std::vector<std::string> kept = run.match_values;
  // From the end, so that the indices still to come stay right.
  for (auto at = candidates.rbegin(); at != candidates.rend(); ++at) {
    if (!run.Spend(1 + run.message.bytes().size() / 4096)) break;
    std::string value(run.message.header().fields[*at].value);
    std::string text(Trim(mime::DecodeHeader(value)));
    if (statement.positional.size() > 1 && !MatchAny(run, statement, {text}, statement.Last())) {
      continue;
    }
    run.message.DeleteField(*at);
    run.result.edits.push_back({HeaderEdit::Kind::kDelete, name, std::move(value), false});
  }
  run.match_values = std::move(kept);
  return Flow::kNext;
}

}  // namespace

Extension EditHeaderExtension() {
  return {.capabilities = {{"editheader"}},
          .verbs = {{.name = "addheader",
                     .capability = "editheader",
                     .positional = "ss",
                     .tags = {{.name = "last"}},
                     .check = CheckAdd,
                     .run = RunAddHeader},
                    {.name = "deleteheader",
                     .capability = "editheader",
                     .positional = "s?l",
                     .traits = kMatch,
                     .tags = {{.name = "index", .value = ValueType::kNumber}, {.name = "last"}},
                     .check = CheckDelete,
                     .run = RunDeleteHeader}}};
}

}  // namespace pennypost::sieve
