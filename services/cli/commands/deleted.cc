// pennypost message deleted, restore: mail that was deleted by mistake. The mail store knows no
// roles: these are the platform's own.

#include <absl/strings/numbers.h>
#include <absl/time/clock.h>

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using mailbox::v1::MailboxService;

struct Options {
  std::string account;
  std::vector<std::string> ids;
  std::string since;
  std::string folder;
  std::string into;
  int limit = 1000;
};

// Sets whose mail it is; false with the complaint made.
template <class Request>
bool SetAccount(Context& context, const std::string& address, Request* request) {
  std::optional<directory::v1::Account> found = FindAccount(context, address);
  if (found) request->set_account_id(found->id());
  return found.has_value();
}

// "2026-01-31", "2026-01-31 12:00:00" in UTC as the lists show it, with T and Z too, or "36h",
// "14d" back from now.
bool ParseSince(Context& context, const std::string& text, google::protobuf::Timestamp* since) {
  std::string error;
  absl::Time time;
  int64_t count = 0;
  if (text.size() > 1 && text.size() < 8 && (text.back() == 'd' || text.back() == 'h') &&
      absl::SimpleAtoi(text.substr(0, text.size() - 1), &count) && count > 0) {
    time = absl::Now() - (text.back() == 'd' ? 24 : 1) * absl::Hours(count);
  } else if (!absl::ParseTime("%Y-%m-%d", text, &time, &error) &&
             !absl::ParseTime("%Y-%m-%d %H:%M:%S", text, &time, &error) &&
             !absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    context.Fail(
        fmt::format("--since {}: give a date (2026-01-31), a date and time in UTC, or an age "
                    "(36h, 14d)",
                    text),
        kUsage);
    return false;
  }
  since->set_seconds(absl::ToUnixSeconds(time));
  return true;
}

void List(Context& context, const Options& options) {
  mailbox::v1::ListDeletedRequest request;
  if (!options.since.empty() && !ParseSince(context, options.since, request.mutable_since()))
    return;
  request.set_mailbox(options.folder);
  request.set_limit(options.limit);
  if (!SetAccount(context, options.account, &request)) return;
  auto list = Ask(context.clients.mailbox, &MailboxService::ListDeleted, request);
  if (!list.ok()) return context.Fail(list.status());
  if (context.json()) return PrintJson(*list);
  std::vector<Row> rows;
  for (const auto& message : list->messages()) {
    rows.push_back({message.id(), FormatTime(message.deleted_at()), message.mailbox(),
                    std::to_string(message.size_bytes()),
                    message.from().empty() ? "-" : message.from(),
                    message.subject().empty() ? "-" : message.subject()});
  }
  PrintTable({"ID", "DELETED (UTC)", "FOLDER", "BYTES", "FROM", "SUBJECT"}, rows);
}

void Restore(Context& context, const Options& options) {
  mailbox::v1::RestoreDeletedRequest request;
  bool by_id = !options.ids.empty();
  if (by_id == (!options.since.empty() || !options.folder.empty())) {
    return context.Fail("give either ids (see: pennypost message deleted) or --since, --folder",
                        kUsage);
  }
  if (!options.since.empty() && !ParseSince(context, options.since, request.mutable_since()))
    return;
  for (const std::string& id : options.ids) request.add_ids(id);
  request.set_mailbox(options.folder);
  request.set_into(options.into);
  if (!SetAccount(context, options.account, &request)) return;
  mailbox::v1::RestoreDeletedResponse all;
  do {
    auto done = Ask(context.clients.mailbox, &MailboxService::RestoreDeleted, request);
    if (!done.ok()) {
      context.Fail(done.status());
      break;
    }
    all.MergeFrom(*done);
    all.set_more(done->more());
  } while (all.more());
  if (context.json()) {
    PrintJson(all);
  } else {
    std::map<std::string, int> counts;
    for (const auto& restored : all.restored()) ++counts[restored.mailbox()];
    for (const auto& [mailbox, count] : counts)
      printf("%d restored into %s\n", count, mailbox.c_str());
    if (counts.empty() && context.exit_code == kDone) printf("nothing restored\n");
  }
  for (const std::string& id : all.missing())
    context.Fail(id + ": cannot be restored (it was already, or its time is over)", kNotFound);
}

}  // namespace

void AddDeletedCommands(CLI::App& message, Context& context) {
  auto options = std::make_shared<Options>();
  const char* since = "deleted since then: 2026-01-31, \"2026-01-31 12:00:00\" (UTC), 36h, 14d";
  auto* list = message.add_subcommand("deleted", "deleted messages that can be restored");
  list->add_option("ACCOUNT", options->account, "address of the account")->required();
  list->add_option("--since", options->since, since);
  list->add_option("--folder", options->folder, "from this folder only");
  list->add_option("--limit", options->limit, "messages at most, the newest deletions first")
      ->check(CLI::Range(1, 1000));
  list->callback([&context, options] { List(context, *options); });
  auto* restore = message.add_subcommand(
      "restore",
      "put deleted messages back: same content, flags and date, a new UID; the quota does not "
      "hold it up");
  restore->add_option("ACCOUNT", options->account, "address of the account")->required();
  restore->add_option("ID", options->ids, "ids, as 'message deleted' shows them");
  restore->add_option("--since", options->since, std::string("instead: all ") + since);
  restore->add_option("--folder", options->folder, "instead: all from this folder");
  restore->add_option("--into", options->into,
                      "folder to put them into, made if there is none (default: where each was)");
  restore->callback([&context, options] { Restore(context, *options); });
}

}  // namespace pennypost::cli
