#include "services/cli/auth_bulk.h"

#include <absl/time/clock.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/text.h"
#include "mail/header.h"
#include "mailauth/arc_seal.h"
#include "mailauth/message_auth.h"
#include "services/cli/auth_zone.h"

namespace pennypost::cli {
namespace {

using Json = nlohmann::json;

// What a line asks for; members that are absent are empty.
struct Task {
  const Json& json;
  AuthZone zone;
  int64_t now = 0;
  std::string message;
  size_t header_size = 0;

  std::string_view header() const { return std::string_view(message).substr(0, header_size); }
  std::string_view body() const { return std::string_view(message).substr(header_size); }
};

absl::StatusOr<std::string> Text(const Json& json, const char* name, std::string otherwise = "") {
  auto found = json.find(name);
  if (found == json.end() || found->is_null()) return otherwise;
  if (!found->is_string()) return SyntaxError(fmt::format("{}: a string is needed", name));
  return found->get<std::string>();
}

absl::StatusOr<int64_t> Seconds(const Json& json, const char* name, int64_t otherwise) {
  auto found = json.find(name);
  if (found == json.end() || found->is_null()) return otherwise;
  if (!found->is_number_integer())
    return SyntaxError(fmt::format("{}: a whole number is needed", name));
  return found->get<int64_t>();
}

template <class Machine>
void Run(Machine& machine, const AuthZone& zone) {
  while (const mailauth::DnsQuestion* question = machine.Next())
    machine.Resume(zone.Ask(*question));
}

// A message with LF alone came from a file of this machine; mail has CRLF.
std::string WithCrLf(std::string message) {
  if (message.find('\n') == std::string::npos || message.find("\r\n") != std::string::npos)
    return message;
  std::string out;
  out.reserve(message.size() + message.size() / 32);
  for (char c : message) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

absl::StatusOr<Json> Spf(const Task& task) {
  mailauth::SpfRequest request;
  ASSIGN_OR_RETURN(std::string ip, Text(task.json, "ip"));
  ASSIGN_OR_RETURN(request.helo, Text(task.json, "helo"));
  ASSIGN_OR_RETURN(request.mail_from, Text(task.json, "mail_from"));
  ASSIGN_OR_RETURN(request.receiver, Text(task.json, "receiver", "unknown"));
  // "<>" is as good a spelling of the null sender as "".
  std::string& sender = request.mail_from;
  if (sender.starts_with('<') && sender.ends_with('>'))
    sender = sender.substr(1, sender.size() - 2);
  std::optional<mailauth::IpAddress> address = mailauth::IpAddress::Parse(ip);
  if (!address) return SyntaxError("ip: not an IP address");
  request.ip = *address;
  request.unix_seconds = task.now;
  mailauth::SpfEvaluator spf(std::move(request));
  Run(spf, task.zone);
  Json json{{"result", mailauth::SpfResultName(spf.result())}};
  if (!spf.explanation().empty()) json["explanation"] = spf.explanation();
  return json;
}

// Feeds a verifier the message of the task, and DNS.
template <class Verifier>
void Verify(Verifier& verifier, std::string_view body, const AuthZone& zone) {
  verifier.Body(body);
  verifier.EndBody();
  Run(verifier, zone);
}

mailauth::ArcResult VerifiedArc(const Task& task) {
  mailauth::ArcVerifier arc(task.header(), {.unix_seconds = task.now});
  Verify(arc, task.body(), task.zone);
  return arc.result();
}

absl::StatusOr<Json> Dkim(const Task& task) {
  mailauth::DkimVerifier dkim(task.header(), {.unix_seconds = task.now});
  Verify(dkim, task.body(), task.zone);
  std::vector<mailauth::DkimResult> results = dkim.results();
  results.insert(results.end(), dkim.ignored().begin(), dkim.ignored().end());
  Json json = Json::array();
  for (const mailauth::DkimResult& result : results) {
    json.push_back({{"result", mailauth::DkimStatusName(result.status)},
                    {"domain", result.domain},
                    {"selector", result.selector}});
  }
  return json;
}

absl::StatusOr<Json> Arc(const Task& task) {
  return Json{{"result", mailauth::ArcStatusName(VerifiedArc(task).status)}};
}

// What the chain was worth when the message came in stands in the message, as the
// Authentication-Results of the sealer; else it is found out.
mailauth::ArcStatus ChainStatus(const Task& task, const std::string& authserv_id) {
  mail::HeaderBlock block = mail::ParseHeaderBlock(task.message);
  std::optional<mailauth::ArcStatus> recorded = mailauth::RecordedArcStatus(block, authserv_id);
  if (recorded && *recorded != mailauth::ArcStatus::kNone) return *recorded;
  return VerifiedArc(task).status;
}

absl::StatusOr<Json> ArcSeal(const Task& task) {
  mailauth::ArcSealOptions options;
  ASSIGN_OR_RETURN(options.authserv_id, Text(task.json, "authserv_id"));
  ASSIGN_OR_RETURN(options.domain, Text(task.json, "domain"));
  ASSIGN_OR_RETURN(options.selector, Text(task.json, "selector"));
  ASSIGN_OR_RETURN(options.unix_seconds, Seconds(task.json, "timestamp", task.now));
  ASSIGN_OR_RETURN(std::string names, Text(task.json, "headers"));
  for (std::string_view name : Split(names, ':')) options.names.emplace_back(Trim(name));
  ASSIGN_OR_RETURN(std::string pem, Text(task.json, "private_key_pem"));
  ASSIGN_OR_RETURN(mailauth::DkimPrivateKey key, mailauth::DkimPrivateKey::FromPem(pem));
  ASSIGN_OR_RETURN(
      mailauth::ArcFields fields,
      mailauth::ArcSeal(task.message, ChainStatus(task, options.authserv_id), key, options));
  return Json{{"aar", fields.results}, {"ams", fields.message_signature}, {"as", fields.seal}};
}

// What SPF found is given, or nothing was.
absl::StatusOr<mailauth::DmarcIdentifier> GivenSpf(const Json& json) {
  auto given = json.find("spf");
  if (given == json.end() || given->is_null()) return mailauth::DmarcIdentifier{};
  if (!given->is_object()) return SyntaxError("spf: an object is needed");
  ASSIGN_OR_RETURN(std::string result, Text(*given, "result"));
  mailauth::DmarcIdentifier spf;
  ASSIGN_OR_RETURN(spf.domain, Text(*given, "domain"));
  if (result == "pass") spf.outcome = mailauth::DmarcIdentifier::Outcome::kPass;
  if (result == "temperror") spf.outcome = mailauth::DmarcIdentifier::Outcome::kTempError;
  return spf;
}

absl::StatusOr<Json> Dmarc(const Task& task) {
  mailauth::DkimVerifier dkim(task.header(), {.unix_seconds = task.now});
  Verify(dkim, task.body(), task.zone);
  mailauth::DmarcRequest request;
  request.authors = mailauth::AuthorsOf(mail::ParseHeaderBlock(task.message));
  ASSIGN_OR_RETURN(request.spf, GivenSpf(task.json));
  for (const mailauth::DkimResult& result : dkim.results())
    request.dkim.push_back(mailauth::IdentifierOf(result));
  mailauth::DmarcEvaluator dmarc(std::move(request));
  Run(dmarc, task.zone);
  const mailauth::DmarcResult& result = dmarc.result();
  return Json{{"result", mailauth::DmarcStatusName(result.status)},
              {"policy", mailauth::DmarcPolicyName(result.policy)},
              {"org_domain", result.org_domain}};
}

struct Check {
  std::string_view name;
  const char* answer;
  bool needs_message;
  absl::StatusOr<Json> (*run)(const Task&);
};
constexpr Check kChecks[] = {
    {"spf", "spf", false, &Spf},      {"dkim", "dkim", true, &Dkim},
    {"arc", "arc", true, &Arc},       {"arc-seal", "seal", true, &ArcSeal},
    {"dmarc", "dmarc", true, &Dmarc},
};

absl::Status Answer(const Json& json, Json& answer) {
  if (!json.is_object()) return SyntaxError("a line is a JSON object");
  if (auto id = json.find("id"); id != json.end()) answer["id"] = *id;
  ASSIGN_OR_RETURN(std::string name, Text(json, "check"));
  const Check* check = std::find_if(std::begin(kChecks), std::end(kChecks),
                                    [&name](const Check& known) { return known.name == name; });
  if (check == std::end(kChecks)) return SyntaxError("check: unknown");
  Task task{json, {}, 0, {}, 0};
  ASSIGN_OR_RETURN(task.now, Seconds(json, "now", absl::ToUnixSeconds(absl::Now())));
  if (auto dns = json.find("dns"); dns != json.end() && !dns->is_null()) {
    ASSIGN_OR_RETURN(task.zone, AuthZone::FromJson(*dns));
  }
  if (check->needs_message) {
    ASSIGN_OR_RETURN(std::string encoded, Text(json, "message_b64"));
    std::optional<std::string> message = Base64Decode(mailauth::WithoutSpace(encoded));
    if (!message) return SyntaxError("message_b64: not base64");
    task.message = WithCrLf(*std::move(message));
    task.header_size = mail::ParseHeaderBlock(task.message).size;
  }
  ASSIGN_OR_RETURN(answer[check->answer], check->run(task));
  return absl::OkStatus();
}

std::string Dump(const Json& json) {
  // What a record of DNS says need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Error(Json id, std::string_view text) {
  return Dump({{"id", std::move(id)}, {"error", text}});
}

enum class Line { kNone, kRead, kTooLong };

Line ReadLine(std::istream& in, std::string& line) {
  line.clear();
  Line read = Line::kNone;
  std::streambuf& bytes = *in.rdbuf();
  for (;;) {
    int c = bytes.sbumpc();
    if (c == std::streambuf::traits_type::eof()) return read;
    if (read == Line::kNone) read = Line::kRead;
    if (c == '\n') return read;
    if (line.size() < kMaxAuthLine) {
      line.push_back(static_cast<char>(c));
    } else {
      read = Line::kTooLong;
    }
  }
}

}  // namespace

std::string AuthCheckLine(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return Error(nullptr, "not JSON");
  Json answer{{"id", nullptr}};
  absl::Status status = Answer(json, answer);
  return status.ok() ? Dump(answer) : Error(answer["id"], MessageOf(status));
}

void AuthCheckLines(std::istream& in, std::ostream& out) {
  std::string line;
  for (;;) {
    Line read = ReadLine(in, line);
    if (read == Line::kNone) return;
    out << (read == Line::kTooLong ? Error(nullptr, "line too long") : AuthCheckLine(line)) << '\n'
        << std::flush;
  }
}

}  // namespace pennypost::cli
