// pennypost message trace: where is my mail? Asks both owners of history and merges by time.

#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

using history::v1::Event;

void Trace(Context& context, const std::string& mail_id, const std::string& address, int limit) {
  if (mail_id.empty() == address.empty())
    return context.Fail("give either a mail id or --address", kUsage);
  if (!context.Connect()) return;
  mailbox::v1::GetHistoryRequest stored;
  stored.set_mail_id(mail_id);
  stored.set_address(address);
  stored.set_limit(limit);
  auto in = Ask(context.clients.mailbox, &mailbox::v1::MailboxService::GetHistory, stored);
  if (!in.ok()) return context.Fail(in.status());
  relay::v1::GetHistoryRequest queued;
  queued.set_mail_id(mail_id);
  queued.set_address(address);
  queued.set_limit(limit);
  auto out = Ask(context.clients.relay, &relay::v1::RelayService::GetHistory, queued);
  // What the store knows is worth showing while the queue is away.
  if (!out.ok()) context.Fail(out.status());
  mailbox::v1::GetHistoryResponse all = *in;
  if (out.ok()) all.mutable_events()->MergeFrom(out->events());
  std::stable_sort(all.mutable_events()->begin(), all.mutable_events()->end(),
                   [](const Event& a, const Event& b) {
                     return std::make_pair(a.time().seconds(), a.time().nanos()) <
                            std::make_pair(b.time().seconds(), b.time().nanos());
                   });
  if (context.json()) return PrintJson(all);
  if (all.events().empty()) return context.Fail("no trace of it", kNotFound);
  std::vector<Row> rows;
  for (const Event& event : all.events()) {
    rows.push_back({FormatTime(event.time()), event.mail_id(), event.service(), event.kind(),
                    event.sender().empty() ? "-" : event.sender(),
                    event.recipient().empty() ? "-" : event.recipient(), event.detail()});
  }
  PrintTable({"TIME (UTC)", "MAIL ID", "SERVICE", "EVENT", "SENDER", "RECIPIENT", "DETAIL"}, rows);
}

}  // namespace

void AddMessageCommands(CLI::App& app, Context& context) {
  auto* message = app.add_subcommand("message", "single messages");
  message->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto address = std::make_shared<std::string>();
  auto limit = std::make_shared<int>(100);
  auto* command = message->add_subcommand("trace", "every step of a message across services");
  command->add_option("ID", *id, "mail id, as in the 250 reply and the Received line");
  command->add_option("--address", *address,
                      "instead: messages to this address, or from it through the queue");
  command->add_option("--limit", *limit, "events at most")->check(CLI::Range(1, 1000));
  command->callback([&context, id, address, limit] { Trace(context, *id, *address, *limit); });
  AddDeletedCommands(*message, context);
}

}  // namespace pennypost::cli
