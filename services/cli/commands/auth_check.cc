// pennypost auth-check: what filter thinks of one message.

#include <absl/time/clock.h>

#include <iostream>
#include <iterator>

#include "base/id.h"
#include "services/cli/context.h"

namespace pennypost::cli {

void AddAuthCheckCommand(CLI::App& app, Context& context) {
  struct Options {
    std::string ip, helo, mail_from, host;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("auth-check", "SPF and DKIM of a message on stdin, as filter judges it");
  command->add_option("--ip", options->ip, "address of the client that sent it")->required();
  command->add_option("--helo", options->helo, "name it gave")->required();
  command->add_option("--mail-from", options->mail_from, "return path; empty for the null sender");
  command->add_option("--host", options->host,
                      "name for Authentication-Results (default: common.hostname)");
  command->callback([&context, options] {
    if (!context.Connect()) return;
    std::string message{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
    // Files made on this machine end lines with LF; mail ends them with CRLF.
    std::string content;
    for (char c : message) {
      if (c == '\n' && !content.ends_with('\r')) content.push_back('\r');
      content.push_back(c);
    }
    filter::v1::CheckRequest request;
    request.set_stage(filter::v1::CheckRequest::STAGE_MESSAGE);
    request.set_mail_id(NewUuidV7(absl::Now()).ToString());
    request.mutable_origin()->set_client_ip(options->ip);
    request.mutable_origin()->set_helo(options->helo);
    request.mutable_origin()->set_protocol("smtp");
    request.mutable_envelope()->set_sender(options->mail_from);
    request.set_authserv_id(options->host.empty() ? context.config.common().hostname()
                                                  : options->host);
    request.set_content(content);
    auto verdict = Ask(context.clients.filter, &filter::v1::FilterService::Check, request);
    if (!verdict.ok()) return context.Fail(verdict.status());
    if (context.json()) return PrintJson(*verdict);
    std::vector<Row> rows;
    for (const auto& result : verdict->auth_results()) {
      rows.push_back({result.method(), result.result(), result.identity(), result.reason()});
    }
    PrintTable({"METHOD", "RESULT", "IDENTITY", "REASON"}, rows);
    for (const auto& edit : verdict->header_edits()) {
      if (edit.kind() == filter::v1::HeaderEdit::KIND_PREPEND) {
        printf("\n%s: %s\n", edit.name().c_str(), edit.value().c_str());
      }
    }
  });
}

}  // namespace pennypost::cli
