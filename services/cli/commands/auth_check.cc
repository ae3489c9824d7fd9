// pennypost auth-check: what filter thinks of one message.

#include <absl/time/clock.h>

#include <iostream>
#include <iterator>

#include "base/id.h"
#include "mail/address.h"
#include "mailauth/ip.h"
#include "services/cli/auth_bulk.h"
#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

struct Options {
  std::string ip, helo, mail_from, host;
  bool jsonl = false;
};

// The message on stdin, with the line ends of mail: files made on this machine have LF alone.
std::string ReadMessage() {
  std::string message{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  std::string content;
  for (char c : message) {
    if (c == '\n' && !content.ends_with('\r')) content.push_back('\r');
    content.push_back(c);
  }
  return content;
}

absl::Status CheckWords(const Options& options) {
  if (!mailauth::IpAddress::Parse(options.ip))
    return SyntaxError(fmt::format("'{}' is no IP address", options.ip));
  if (options.mail_from.empty()) return absl::OkStatus();
  auto sender = mail::ParseAddress(options.mail_from, mail::Utf8Policy::kAllow);
  if (sender.ok()) return absl::OkStatus();
  return SyntaxError(fmt::format("{}: {}", options.mail_from, MessageOf(sender.status())));
}

void Check(Context& context, const Options& options) {
  if (options.jsonl) {
    std::ios::sync_with_stdio(false);
    return AuthCheckLines(std::cin, std::cout);
  }
  absl::Status words = CheckWords(options);
  if (!words.ok()) return context.Fail(words);
  if (!context.Connect()) return;
  std::string content = ReadMessage();
  if (content.empty()) return context.Fail("no message on stdin", kUsage);
  filter::v1::CheckRequest request;
  request.set_stage(filter::v1::CheckRequest::STAGE_MESSAGE);
  request.set_mail_id(NewUuidV7(absl::Now()).ToString());
  request.mutable_origin()->set_client_ip(options.ip);
  request.mutable_origin()->set_helo(options.helo);
  request.mutable_origin()->set_protocol("smtp");
  request.mutable_envelope()->set_sender(options.mail_from);
  request.set_authserv_id(options.host.empty() ? context.config.common().hostname() : options.host);
  request.set_content(std::move(content));
  auto verdict = Ask(context.clients.filter, &filter::v1::FilterService::Check, request);
  if (!verdict.ok()) return context.Fail(verdict.status());
  std::vector<Row> rows;
  for (const auto& result : verdict->auth_results()) {
    rows.push_back({result.method(), result.result(), result.identity(), result.reason()});
    for (const char* bad : {"fail", "permerror", "temperror"}) {
      if (result.result() == bad) context.exit_code = kCheckFailed;
    }
  }
  if (context.json()) return PrintJson(*verdict);
  PrintTable({"METHOD", "RESULT", "IDENTITY", "REASON"}, rows);
  for (const auto& edit : verdict->header_edits()) {
    if (edit.kind() == filter::v1::HeaderEdit::KIND_PREPEND) {
      printf("\n%s: %s\n", edit.name().c_str(), edit.value().c_str());
    }
  }
}

}  // namespace

void AddAuthCheckCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("auth-check",
                         "SPF and DKIM of a message on stdin, as filter judges it; exit code 4 if "
                         "one fails");
  command->add_option("--ip", options->ip, "address of the client that sent it");
  command->add_option("--helo", options->helo, "name it gave");
  command->add_option("--mail-from", options->mail_from, "return path; empty for the null sender");
  command->add_option("--host", options->host,
                      "name for Authentication-Results (default: common.hostname)");
  command->add_flag("--jsonl", options->jsonl,
                    "one check a line of JSON on stdin, answered line by line without a network");
  command->callback([&context, options] { Check(context, *options); });
}

}  // namespace pennypost::cli
