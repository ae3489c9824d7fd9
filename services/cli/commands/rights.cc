// pennypost mailbox rights list, set: who else may do what to a mailbox (RFC 4314). The mail store
// knows no roles: these are the platform's own.

#include "mail/rights.h"
#include "base/text.h"
#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using directory::v1::DirectoryService;
using mailbox::v1::MailboxService;
using mailbox::v1::SetGrantRequest;

constexpr std::string_view kAnyone = "anyone";

struct Options {
  std::string account;
  std::string mailbox;
  std::string who;
  std::string rights;
};

void List(Context& context, const Options& options) {
  auto owner = FindAccount(context, options.account);
  if (!owner) return;
  mailbox::v1::ListGrantsRequest request;
  request.set_account_id(owner->id());
  request.set_mailbox(options.mailbox);
  auto grants = Ask(context.clients.mailbox, &MailboxService::ListGrants, request);
  if (!grants.ok()) return context.Fail(grants.status());
  if (context.json()) return PrintJson(*grants);
  directory::v1::DescribeAccountsRequest who;
  for (const auto& grant : grants->grants()) {
    if (grant.account_id() != 0) who.add_ids(grant.account_id());
  }
  auto known = Ask(context.clients.directory, &DirectoryService::DescribeAccounts, who);
  if (!known.ok()) return context.Fail(known.status());
  std::vector<Row> rows = {{owner->address(), mail::Rights::All().ToString() + " (owner)"}};
  for (const auto& grant : grants->grants()) {
    std::string name = grant.account_id() == 0
                           ? std::string(kAnyone)
                           : fmt::format("account {} (deleted)", grant.account_id());
    for (const auto& account : known->accounts()) {
      if (account.id() == grant.account_id()) name = account.address();
    }
    rows.push_back({name, grant.rights()});
  }
  PrintTable({"WHO", "RIGHTS"}, rows);
}

// "lr", "+s", "-a"; false with the complaint made.
bool ParseChange(Context& context, std::string_view text, SetGrantRequest* request) {
  request->set_mode(text.starts_with('+')   ? SetGrantRequest::MODE_ADD
                    : text.starts_with('-') ? SetGrantRequest::MODE_REMOVE
                                            : SetGrantRequest::MODE_SET);
  if (request->mode() != SetGrantRequest::MODE_SET) text.remove_prefix(1);
  auto rights = text == "none" ? mail::Rights() : mail::Rights::Parse(text);
  if (!rights) {
    context.Fail(fmt::format("RIGHTS {}: letters of {}, with + or - before them to add or take "
                             "away; or none",
                             text, mail::Rights::kLetters),
                 kUsage);
    return false;
  }
  request->mutable_grant()->set_rights(rights->ToString());
  return true;
}

void Set(Context& context, const Options& options) {
  SetGrantRequest request;
  if (!ParseChange(context, options.rights, &request)) return;
  auto owner = FindAccount(context, options.account);
  if (!owner) return;
  request.set_account_id(owner->id());
  request.set_mailbox(options.mailbox);
  request.set_tenant_id(owner->tenant_id());
  if (!EqualsIgnoreCase(options.who, kAnyone)) {
    auto grantee = FindAccount(context, options.who);
    if (!grantee) return;
    if (grantee->tenant_id() != owner->tenant_id()) {
      return context.Fail(
          fmt::format("{} is of another tenant than {}", grantee->address(), owner->address()));
    }
    request.mutable_grant()->set_account_id(grantee->id());
  }
  auto set = Ask(context.clients.mailbox, &MailboxService::SetGrant, request);
  if (!set.ok()) return context.Fail(set.status());
  List(context, options);
}

}  // namespace

void AddRightsCommands(CLI::App& mailbox, Context& context) {
  auto* rights = mailbox.add_subcommand("rights", "who else may do what to a mailbox");
  rights->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* list = rights->add_subcommand("list", "the rights to a mailbox");
  auto* set = rights->add_subcommand(
      "set",
      "share a mailbox, change the rights to it, or end them: l look it up, r read, s set seen, "
      "w set other flags, i insert, p post, k create below it, x delete it, t mark as deleted, "
      "e expunge, a change rights");
  for (auto* command : {list, set}) {
    command->add_option("ACCOUNT", options->account, "address of the owner")->required();
    command->add_option("MAILBOX", options->mailbox, "its name, as the owner sees it")->required();
  }
  set->add_option("WHO", options->who, "an address of the same tenant, or anyone for all of it")
      ->required();
  set->add_option("RIGHTS", options->rights, "letters: lr; +s and -s change what is there; none")
      ->required();
  list->callback([&context, options] { List(context, *options); });
  set->callback([&context, options] { Set(context, *options); });
}

}  // namespace pennypost::cli
