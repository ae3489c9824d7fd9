// pennypost mailbox scrub: whether all stored contents still are what was stored. pennypost mailbox
// reindex: the search index anew.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using mailbox::v1::MailboxService;

void Scrub(Context& context, bool start) {
  if (!context.Connect()) return;
  if (start) {
    auto started =
        Ask(context.clients.mailbox, &MailboxService::StartScrub, mailbox::v1::StartScrubRequest());
    if (!started.ok()) return context.Fail(started.status());
  }
  mailbox::v1::GetScrubRequest request;
  auto state = Ask(context.clients.mailbox, &MailboxService::GetScrub, request);
  if (!state.ok()) return context.Fail(state.status());
  if (!state->corrupt().empty()) context.exit_code = kCheckFailed;
  if (context.json()) return PrintJson(*state);
  printf("%-15s %s\n%-15s %s\n%-15s %s\n%-15s %llu (%llu bytes)\n%-15s %d\n", "state",
         state->running() ? "running"
         : start          ? "starting"
                          : "between rounds",
         "started (UTC)", FormatTime(state->started_at()).c_str(), "last end (UTC)",
         FormatTime(state->finished_at()).c_str(), "looked at",
         static_cast<unsigned long long>(state->contents()),
         static_cast<unsigned long long>(state->bytes()), "corrupt", state->corrupt_size());
  if (state->corrupt().empty()) return;
  std::vector<Row> rows;
  for (const auto& content : state->corrupt()) {
    rows.push_back({content.blob_id(), FormatTime(content.found_at()),
                    content.account_id() == 0 ? "-" : std::to_string(content.account_id()),
                    content.email_id().empty() ? "-" : content.email_id()});
  }
  PrintTable({"CONTENT", "FOUND (UTC)", "ACCOUNT ID", "MAIL ID"}, rows);
}

// What is deleted of an index goes in one transaction, large accounts included.
constexpr absl::Duration kReindexTimeout = absl::Minutes(5);

absl::Status Reindex(Context& context, int64_t account_id) {
  mailbox::v1::ReindexAccountRequest request;
  request.set_account_id(account_id);
  return Ask(context.clients.mailbox, &MailboxService::ReindexAccount, request, kReindexTimeout)
      .status();
}

void PrintBegun(const Context& context, int accounts) {
  std::string text = fmt::format("{} account{} indexed anew in the background\n", accounts,
                                 accounts == 1 ? " is" : "s are");
  if (context.json()) text = fmt::format("{{\"accounts\": {}}}\n", accounts);
  fputs(text.c_str(), stdout);
}

void ReindexAll(Context& context) {
  if (!context.Connect()) return;
  directory::v1::ListAccountsRequest request;
  auto all = AskForAll(context, &directory::v1::DirectoryService::ListAccounts, request);
  if (!all.ok()) return context.Fail(all.status());
  for (const auto& account : all->accounts()) {
    absl::Status begun = Reindex(context, account.id());
    if (begun.ok()) continue;
    // Which ones were begun is in the order of `account list`.
    return context.Fail(fmt::format("{}: {}", account.address(), Describe(begun)));
  }
  PrintBegun(context, all->accounts_size());
}

void ReindexOne(Context& context, const std::string& address) {
  std::optional<directory::v1::Account> found = FindAccount(context, address);
  if (!found) return;
  absl::Status begun = Reindex(context, found->id());
  if (!begun.ok()) return context.Fail(begun);
  PrintBegun(context, 1);
}

}  // namespace

void AddMailboxCommands(CLI::App& app, Context& context) {
  auto* mailbox = app.add_subcommand("mailbox", "the mail store");
  mailbox->require_subcommand(1);
  auto start = std::make_shared<bool>(false);
  auto* scrub = mailbox->add_subcommand(
      "scrub",
      "the look at all stored contents in the background: how far it is, and which do not fit "
      "their checksum (exit code 4 if there are any)");
  scrub->add_flag("--start", *start, "begin a new round now");
  scrub->callback([&context, start] { Scrub(context, *start); });

  auto address = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  auto* reindex = mailbox->add_subcommand(
      "reindex",
      "make the search index of an account anew, in the background; searches find the same all the "
      "while, slower");
  auto* one = reindex->add_option("ACCOUNT", *address, "address of the account");
  reindex->add_flag("--all", *all, "all accounts")->excludes(one);
  reindex->callback([&context, address, all] {
    if (*all) return ReindexAll(context);
    if (address->empty()) return context.Fail("mailbox reindex needs ACCOUNT or --all", kUsage);
    ReindexOne(context, *address);
  });

  AddRightsCommands(*mailbox, context);
}

}  // namespace pennypost::cli
