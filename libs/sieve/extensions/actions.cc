// keep, discard, redirect (RFC 5228 4) and fileinto (4.1).

#include <fmt/format.h>

#include "base/text.h"
#include "mail/address.h"
#include "sieve/extensions/extensions.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

// IMAP names of more are refused by every server we know.
constexpr size_t kMaxMailboxName = 1024;

bool IsMailboxName(std::string_view name) {
  if (name.empty() || name.size() > kMaxMailboxName || !IsUtf8(name)) return false;
  for (char c : name) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) return false;
  }
  return true;
}

void CheckFileInto(Checker& checker, Statement& statement) {
  const std::string& name = statement.Last().strings[0];
  if (checker.IsConstant(name) && !IsMailboxName(name)) {
    checker.Fail(statement.Last().at, "this cannot be the name of a mailbox");
  }
}

void CheckRedirect(Checker& checker, Statement& statement) {
  checker.CheckAddress(statement.Last());
}

Flow RunKeep(Run& run, const Statement& statement) {
  run.Act(statement.at, Keep{run.FlagsFor(statement)});
  return Flow::kNext;
}

Flow RunDiscard(Run& run, const Statement& statement) {
  run.Act(statement.at, Discard{});
  return Flow::kNext;
}

Flow RunFileInto(Run& run, const Statement& statement) {
  FileInto action;
  action.mailbox = run.Text(statement.Last());
  if (!IsMailboxName(action.mailbox)) {
    run.Fail(statement.at, "fileinto: this cannot be the name of a mailbox");
    return Flow::kStop;
  }
  if (EqualsIgnoreCase(action.mailbox, "INBOX")) action.mailbox = "INBOX";
  if (const Argument* use = statement.Tag("specialuse")) action.special_use = run.Text(*use);
  if (const Argument* id = statement.Tag("mailboxid")) action.mailbox_id = run.Text(*id);
  action.create = statement.Has("create");
  action.flags = run.FlagsFor(statement);
  run.Act(statement.at, std::move(action));
  if (!statement.Has("copy")) run.result.implicit_keep = false;
  return Flow::kNext;
}

Flow RunRedirect(Run& run, const Statement& statement) {
  std::string text = run.Text(statement.Last());
  auto address = mail::ParseAddress(text, mail::Utf8Policy::kAllow);
  if (!address.ok()) {
    run.Fail(statement.at, fmt::format("redirect: '{}' is not an address", text));
    return Flow::kStop;
  }
  run.Act(statement.at, Redirect{address->ToString()});
  if (!statement.Has("copy")) run.result.implicit_keep = false;
  return Flow::kNext;
}

}  // namespace

Extension ActionsExtension() {
  return {.capabilities = {{"fileinto"}},
          .verbs = {
              {.name = "keep", .run = RunKeep},
              {.name = "discard", .run = RunDiscard},
              {.name = "fileinto",
               .capability = "fileinto",
               .positional = "s",
               .check = CheckFileInto,
               .run = RunFileInto},
              {.name = "redirect", .positional = "s", .check = CheckRedirect, .run = RunRedirect},
          }};
}

}  // namespace pennypost::sieve
