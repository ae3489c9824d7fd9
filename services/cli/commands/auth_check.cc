// pennypost auth-check: what filter thinks of one message, or the same without services and
// network.

#include <absl/time/clock.h>
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/id.h"
#include "mail/address.h"
#include "mailauth/message_auth.h"
#include "services/cli/auth_bulk.h"
#include "services/cli/auth_zone.h"
#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

struct Options {
  std::string ip, helo, mail_from, host, zone;
  int64_t time = 0;
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
  if (options.ip.empty()) return SyntaxError("--ip is required");
  if (options.helo.empty()) return SyntaxError("--helo is required");
  if (!mailauth::IpAddress::Parse(options.ip))
    return SyntaxError(fmt::format("'{}' is no IP address", options.ip));
  if (options.time != 0 && options.zone.empty())
    return SyntaxError("--time has a meaning with --zone alone: filter has its own clock");
  if (options.mail_from.empty()) return absl::OkStatus();
  auto sender = mail::ParseAddress(options.mail_from, mail::Utf8Policy::kAllow);
  if (sender.ok()) return absl::OkStatus();
  return SyntaxError(fmt::format("{}: {}", options.mail_from, MessageOf(sender.status())));
}

absl::StatusOr<AuthZone> ReadZone(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return SyntaxError(fmt::format("{}: cannot be read", path));
  nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded()) return SyntaxError(fmt::format("{}: not JSON", path));
  absl::StatusOr<AuthZone> zone = AuthZone::FromJson(json);
  if (!zone.ok()) return SyntaxError(fmt::format("{}: {}", path, MessageOf(zone.status())));
  return zone;
}

// The verdict that filter would give on authentication, by the same code.
absl::StatusOr<filter::v1::CheckResponse> JudgeHere(const Options& options,
                                                    const std::string& content) {
  ASSIGN_OR_RETURN(AuthZone zone, ReadZone(options.zone));
  mailauth::MessageAuthRequest request;
  request.ip = mailauth::IpAddress::Parse(options.ip);
  request.helo = options.helo;
  request.mail_from = options.mail_from;
  request.receiver = options.host.empty() ? "localhost" : options.host;
  request.unix_seconds = options.time != 0 ? options.time : absl::ToUnixSeconds(absl::Now());
  request.message = content;
  std::string receiver = request.receiver;
  mailauth::MessageAuth auth(std::move(request));
  while (const mailauth::DnsQuestion* question = auth.Next()) auth.Resume(zone.Ask(*question));
  filter::v1::CheckResponse verdict;
  for (const mailauth::AuthMethod& method : auth.methods()) {
    auto* result = verdict.add_auth_results();
    result->set_method(method.method);
    result->set_result(method.result);
    result->set_reason(method.reason);
    if (!method.properties.empty()) result->set_identity(method.properties[0].value);
  }
  std::string field = mailauth::AuthenticationResults(receiver, auth.methods());
  size_t colon = field.find(':');
  auto* edit = verdict.add_header_edits();
  edit->set_kind(filter::v1::HeaderEdit::KIND_PREPEND);
  edit->set_name(field.substr(0, colon));
  edit->set_value(field.substr(colon + 2, field.size() - colon - 4));
  return verdict;
}

absl::StatusOr<filter::v1::CheckResponse> AskFilter(Context& context, const Options& options,
                                                    std::string content) {
  filter::v1::CheckRequest request;
  request.set_stage(filter::v1::CheckRequest::STAGE_MESSAGE);
  request.set_mail_id(NewUuidV7(absl::Now()).ToString());
  request.mutable_origin()->set_client_ip(options.ip);
  request.mutable_origin()->set_helo(options.helo);
  request.mutable_origin()->set_protocol("smtp");
  request.mutable_envelope()->set_sender(options.mail_from);
  request.set_authserv_id(options.host.empty() ? context.config.common().hostname() : options.host);
  request.set_content(std::move(content));
  return Ask(context.clients.filter, &filter::v1::FilterService::Check, request);
}

void Print(Context& context, const filter::v1::CheckResponse& verdict) {
  std::vector<Row> rows;
  for (const auto& result : verdict.auth_results()) {
    rows.push_back({result.method(), result.result(), result.identity(), result.reason()});
    // A client without a name of its own says nothing about the message.
    if (result.method() == "iprev") continue;
    for (const char* bad : {"fail", "permerror", "temperror"}) {
      if (result.result() == bad) context.exit_code = kCheckFailed;
    }
  }
  if (context.json()) return PrintJson(verdict);
  PrintTable({"METHOD", "RESULT", "IDENTITY", "REASON"}, rows);
  for (const auto& edit : verdict.header_edits()) {
    if (edit.kind() == filter::v1::HeaderEdit::KIND_PREPEND) {
      printf("\n%s: %s\n", edit.name().c_str(), edit.value().c_str());
    }
  }
}

void Check(Context& context, const Options& options) {
  if (options.jsonl) {
    std::ios::sync_with_stdio(false);
    return AuthCheckLines(std::cin, std::cout);
  }
  absl::Status words = CheckWords(options);
  if (!words.ok()) return context.Fail(words);
  if (options.zone.empty() && !context.Connect()) return;
  std::string content = ReadMessage();
  if (content.empty()) return context.Fail("no message on stdin", kUsage);
  auto verdict = options.zone.empty() ? AskFilter(context, options, std::move(content))
                                      : JudgeHere(options, content);
  if (!verdict.ok()) return context.Fail(verdict.status());
  Print(context, *verdict);
}

}  // namespace

void AddAuthCheckCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("auth-check",
                         "SPF, DKIM, ARC, DMARC and iprev of a message on stdin, as filter judges "
                         "it; exit code 4 if one of the first four fails");
  command->add_option("--ip", options->ip, "address of the client that sent it; required");
  command->add_option("--helo", options->helo, "name it gave; required");
  command->add_option("--mail-from", options->mail_from, "return path; empty for the null sender");
  command->add_option("--host", options->host,
                      "name for Authentication-Results (default: common.hostname)");
  command->add_option("--zone", options->zone,
                      "file with DNS as JSON: judge here, with these records in place of the "
                      "network and without services");
  command->add_option("--time", options->time, "with --zone: the time, in seconds since 1970");
  command->add_flag("--jsonl", options->jsonl,
                    "one check a line of JSON on stdin, answered line by line without a network");
  command->callback([&context, options] { Check(context, *options); });
}

}  // namespace pennypost::cli
