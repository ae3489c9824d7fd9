// pennypost queue: list, stats, hold, release, retry, cancel.

#include "base/id.h"
#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

using namespace relay::v1;  // NOLINT: requests and responses of one service

void AddFilter(CLI::App* command, const std::shared_ptr<DeliveryFilter>& filter) {
  command
      ->add_option_function<std::string>(
          "ID", [filter](const std::string& v) { filter->set_mail_id(v); },
          "one message, by its mail id")
      ->check(CLI::Validator(
          [](const std::string& v) {
            return Uuid::FromString(v) ? std::string() : fmt::format("'{}' is no mail id", v);
          },
          ""));
  command->add_option_function<std::string>(
      "--sender", [filter](const std::string& v) { filter->set_sender(v); }, "return path");
  command->add_option_function<std::string>(
      "--recipient", [filter](const std::string& v) { filter->set_recipient(v); },
      "address of the recipient");
  command->add_option_function<std::string>(
      "--domain", [filter](const std::string& v) { filter->set_recipient_domain(v); },
      "domain of the recipient");
  command
      ->add_option_function<std::string>(
          "--state", [filter](const std::string& v) { filter->set_state(v); }, "where it stands")
      ->check(CLI::IsMember({"queued", "leased", "held", "delivered", "bounced", "cancelled"}));
}

void List(Context& context, const DeliveryFilter& filter) {
  if (!context.Connect(Acting::kAnyone)) return;
  ListDeliveriesRequest request;
  request.set_actor(context.actor);
  *request.mutable_filter() = filter;
  ListDeliveriesResponse all;
  do {
    auto page = Ask(context.clients.relay, &RelayService::ListDeliveries, request);
    if (!page.ok()) return context.Fail(page.status());
    all.mutable_deliveries()->MergeFrom(page->deliveries());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (context.json()) return PrintJson(all);
  std::vector<Row> rows;
  for (const Delivery& d : all.deliveries()) {
    rows.push_back({d.mail_id(), d.state(), d.sender().empty() ? "<>" : d.sender(), d.recipient(),
                    std::to_string(d.attempts()), FormatTime(d.next_attempt_at()), d.last_reply()});
  }
  PrintTable({"MAIL ID", "STATE", "SENDER", "RECIPIENT", "TRIES", "NEXT TRY (UTC)",
              "LAST ANSWER OR REASON"},
             rows);
}

void Change(Context& context, ChangeDeliveriesRequest request) {
  if (request.filter().ByteSizeLong() == 0) {
    return context.Fail("say which: an ID, --sender, --recipient, --domain or --state", kUsage);
  }
  if (!context.Connect(Acting::kAnyone)) return;
  request.set_actor(context.actor);
  auto changed = Ask(context.clients.relay, &RelayService::ChangeDeliveries, request);
  if (!changed.ok()) return context.Fail(changed.status());
  if (context.json()) return PrintJson(*changed);
  printf("%llu %s%s\n", static_cast<unsigned long long>(changed->matched()),
         changed->matched() == 1 ? "delivery" : "deliveries",
         request.dry_run() ? " would change" : " changed");
  if (changed->matched() == 0) context.exit_code = kNotFound;
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  auto* queue = app.add_subcommand("queue", "mail on its way out, or held");
  queue->require_subcommand(1);

  auto filter = std::make_shared<DeliveryFilter>();
  auto* command =
      queue->add_subcommand("list", "deliveries, one line a recipient, and why each waits");
  AddFilter(command, filter);
  command->callback([&context, filter] { List(context, *filter); });

  queue->add_subcommand("stats", "how many, and the oldest")->callback([&context] {
    if (!context.Connect()) return;
    auto stats = Ask(context.clients.relay, &RelayService::GetQueueStats, GetQueueStatsRequest());
    if (!stats.ok()) return context.Fail(stats.status());
    if (context.json()) return PrintJson(*stats);
    PrintTable({"QUEUED", "UNDER WAY", "HELD", "OLDEST SINCE (UTC)"},
               {{std::to_string(stats->queued()), std::to_string(stats->leased()),
                 std::to_string(stats->held()), FormatTime(stats->oldest_queued_at())}});
  });

  struct Verb {
    const char* name;
    const char* help;
    ChangeDeliveriesRequest::Action action;
  };
  for (const Verb& verb :
       {Verb{"hold", "keep until it is released", ChangeDeliveriesRequest::ACTION_HOLD},
        Verb{"release", "let held mail go", ChangeDeliveriesRequest::ACTION_RELEASE},
        Verb{"retry", "try now", ChangeDeliveriesRequest::ACTION_RETRY},
        Verb{"cancel", "give up without a bounce", ChangeDeliveriesRequest::ACTION_CANCEL}}) {
    auto request = std::make_shared<ChangeDeliveriesRequest>();
    auto which = std::make_shared<DeliveryFilter>();
    request->set_action(verb.action);
    command = queue->add_subcommand(verb.name, verb.help);
    AddFilter(command, which);
    command->add_flag_callback(
        "--dry-run", [request] { request->set_dry_run(true); }, "say how many, change nothing");
    command->add_option_function<std::string>(
        "--reason", [request](const std::string& v) { request->set_reason(v); },
        "kept in the history");
    command->callback([&context, request, which] {
      *request->mutable_filter() = *which;
      Change(context, *request);
    });
  }
}

}  // namespace pennypost::cli
