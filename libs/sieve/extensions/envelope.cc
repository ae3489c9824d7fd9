// envelope (RFC 5228 5.4).

#include <fmt/format.h>

#include "base/text.h"
#include "sieve/address_part.h"
#include "sieve/extensions/extensions.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

void CheckEnvelope(Checker& checker, Statement& statement) {
  const Argument& names = statement.positional[0];
  for (const std::string& name : names.strings) {
    if (checker.IsConstant(name) && !EqualsIgnoreCase(name, "from") &&
        !EqualsIgnoreCase(name, "to")) {
      checker.Fail(names.at, fmt::format("the envelope has no '{}': from or to", name));
    }
  }
  CheckMatch(checker, statement, statement.Last());
}

bool TestEnvelope(Run& run, const Statement& statement) {
  std::vector<std::string> values;
  for (const std::string& name : run.Texts(statement.positional[0])) {
    bool from = EqualsIgnoreCase(name, "from");
    if (!from && !EqualsIgnoreCase(name, "to")) continue;
    std::string_view address = from ? run.envelope.from : run.envelope.to;
    size_t at = address.rfind('@');
    std::string_view domain = at == std::string_view::npos ? "" : address.substr(at + 1);
    auto value = AddressPart(statement.TagOf("address-part"), address.substr(0, at), domain);
    if (value) values.push_back(*std::move(value));
  }
  return MatchAny(run, statement, values, statement.Last());
}

}  // namespace

Extension EnvelopeExtension() {
  return {.capabilities = {{"envelope"}},
          .verbs = {{.name = "envelope",
                     .capability = "envelope",
                     .positional = "ll",
                     .traits = kMatch | kAddressPart,
                     .check = CheckEnvelope,
                     .test = TestEnvelope}}};
}

}  // namespace pennypost::sieve
