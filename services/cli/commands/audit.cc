// pennypost audit list: who changed what.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

void List(Context& context, ListAuditRequest request, int limit) {
  if (!context.Connect(Acting::kAnyone)) return;
  ListAuditResponse all;
  do {
    request.set_page_size(std::min(limit - all.entries_size(), 1000));
    auto page = AskAs(context, &DirectoryService::ListAudit, request);
    if (!page.ok()) return context.Fail(page.status());
    all.mutable_entries()->MergeFrom(page->entries());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && all.entries_size() < limit);
  if (context.json()) return PrintJson(all);
  std::vector<Row> rows;
  for (const AuditEntry& entry : all.entries()) {
    std::string who = entry.actor();
    if (!entry.caller().empty()) who += " (" + entry.caller() + ")";
    rows.push_back({FormatTime(entry.at()), who, entry.action(), entry.object(), entry.detail()});
  }
  PrintTable({"TIME (UTC)", "WHO (THROUGH)", "WHAT", "OBJECT", "DETAIL"}, rows);
}

}  // namespace

void AddAuditCommands(CLI::App& app, Context& context) {
  auto* audit = app.add_subcommand("audit", "the log of administrative changes");
  audit->require_subcommand(1);
  auto request = std::make_shared<ListAuditRequest>();
  auto limit = std::make_shared<int>(100);
  auto* command = audit->add_subcommand("list", "changes, the newest first");
  command->add_option_function<std::string>(
      "--by", [request](const std::string& v) { request->set_by(v); },
      "only by this person; \"platform\" for changes without one");
  command->add_option_function<std::string>(
      "--object", [request](const std::string& v) { request->set_object(v); },
      "only of this address, domain or tenant");
  command->add_option_function<std::string>(
      "--tenant", [request](const std::string& v) { request->set_tenant(v); },
      "only in this tenant");
  command->add_option("--limit", *limit, "entries at most (default: 100)")
      ->check(CLI::Range(1, 1'000'000));
  command->callback([&context, request, limit] { List(context, *request, *limit); });
}

}  // namespace pennypost::cli
