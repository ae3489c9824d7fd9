// pennypost mailbox scrub: whether all stored contents still are what was stored.

#include "services/cli/context.h"

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
}

}  // namespace pennypost::cli
