// mailbox and the metadata tests (RFC 5490), special-use (RFC 8579), mailboxid (RFC 9042).

#include "sieve/extensions/extensions.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

void CheckKeys(Checker& checker, Statement& statement) {
  CheckMatch(checker, statement, statement.Last());
}

bool TestMailboxExists(Run& run, const Statement& statement) {
  for (const std::string& name : run.Texts(statement.Last())) {
    if (!run.host.MailboxExists(name)) return false;
  }
  return true;
}

bool TestMailboxIdExists(Run& run, const Statement& statement) {
  for (const std::string& id : run.Texts(statement.Last())) {
    if (!run.host.MailboxIdExists(id)) return false;
  }
  return true;
}

bool TestSpecialUseExists(Run& run, const Statement& statement) {
  std::optional<std::string> mailbox;
  if (statement.positional.size() > 1) mailbox = run.Text(statement.positional[0]);
  for (const std::string& use : run.Texts(statement.Last())) {
    if (!run.host.SpecialUseExists(use, mailbox ? &*mailbox : nullptr)) return false;
  }
  return true;
}

bool TestMetadata(Run& run, const Statement& statement) {
  bool of_mailbox = statement.positional.size() > 2;
  std::string mailbox = of_mailbox ? run.Text(statement.positional[0]) : "";
  std::string name = run.Text(statement.positional[of_mailbox ? 1 : 0]);
  auto value = run.host.Metadata(of_mailbox ? &mailbox : nullptr, name);
  return value && MatchAny(run, statement, {*value}, statement.Last());
}

bool TestMetadataExists(Run& run, const Statement& statement) {
  bool of_mailbox = statement.positional.size() > 1;
  std::string mailbox = of_mailbox ? run.Text(statement.positional[0]) : "";
  for (const std::string& name : run.Texts(statement.Last())) {
    if (!run.host.Metadata(of_mailbox ? &mailbox : nullptr, name)) return false;
  }
  return true;
}

}  // namespace

Extension MailboxExtension() {
  return {.capabilities = {{"mailbox"}, {"mboxmetadata"}, {"servermetadata"}},
          .verbs = {{.name = "mailboxexists",
                     .capability = "mailbox",
                     .positional = "l",
                     .test = TestMailboxExists},
                    {.name = "metadata",
                     .capability = "mboxmetadata",
                     .positional = "ssl",
                     .traits = kMatch,
                     .check = CheckKeys,
                     .test = TestMetadata},
                    {.name = "metadataexists",
                     .capability = "mboxmetadata",
                     .positional = "sl",
                     .test = TestMetadataExists},
                    {.name = "servermetadata",
                     .capability = "servermetadata",
                     .positional = "sl",
                     .traits = kMatch,
                     .check = CheckKeys,
                     .test = TestMetadata},
                    {.name = "servermetadataexists",
                     .capability = "servermetadata",
                     .positional = "l",
                     .test = TestMetadataExists}},
          .tags = {{.verb = "fileinto", .tag = {.name = "create", .capability = "mailbox"}}}};
}

Extension SpecialUseExtension() {
  return {.capabilities = {{"special-use"}},
          .verbs = {{.name = "specialuse_exists",
                     .capability = "special-use",
                     .positional = "?sl",
                     .test = TestSpecialUseExists}},
          .tags = {{.verb = "fileinto",
                    .tag = {.name = "specialuse",
                            .capability = "special-use",
                            .value = ValueType::kString}}}};
}

Extension MailboxIdExtension() {
  return {
      .capabilities = {{"mailboxid"}},
      .verbs = {{.name = "mailboxidexists",
                 .capability = "mailboxid",
                 .positional = "l",
                 .test = TestMailboxIdExists}},
      .tags = {
          {.verb = "fileinto",
           .tag = {.name = "mailboxid", .capability = "mailboxid", .value = ValueType::kString}}}};
}

}  // namespace pennypost::sieve
