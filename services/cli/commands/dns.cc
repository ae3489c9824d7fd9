// pennypost dns records DOMAIN, pennypost dns check DOMAIN.

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "services/cli/context.h"
#include "services/cli/dns_records.h"

namespace pennypost::cli {
namespace {

using namespace resolver::v1;  // NOLINT: requests and responses of one service

absl::StatusOr<std::vector<DnsRecord>> Wanted(Context& context, const std::string& name) {
  directory::v1::ListDomainsRequest request;
  request.set_name(name);
  ASSIGN_OR_RETURN(auto found, Ask(context.clients.directory,
                                   &directory::v1::DirectoryService::ListDomains, request));
  DnsPlan plan;
  const auto& web = context.config.web();
  plan.hostname =
      web.public_host().empty() ? context.config.common().hostname() : web.public_host();
  plan.mta_sts_mode = web.mta_sts_mode();
  plan.imaps_port = static_cast<int>(web.public_imaps_port());
  plan.submissions_port = static_cast<int>(web.public_submissions_port());
  return RecordsOf(found.domains(0), plan);
}

void Records(Context& context, const std::string& domain, bool zone) {
  if (!context.Connect()) return;
  auto records = Wanted(context, domain);
  if (!records.ok()) return context.Fail(records.status());
  if (context.json()) {
    nlohmann::json out = nlohmann::json::array();
    for (const DnsRecord& r : *records) {
      out.push_back({{"name", r.name},
                     {"type", r.type},
                     {"value", r.value},
                     {"purpose", r.purpose},
                     {"optional", r.optional}});
    }
    printf("%s\n", out.dump(2).c_str());
    return;
  }
  if (zone) {
    for (const DnsRecord& record : *records) printf("%s\n", ZoneLine(record).c_str());
    return;
  }
  std::vector<Row> rows;
  for (const DnsRecord& r : *records)
    rows.push_back({r.name, r.type, r.optional ? "useful" : "needed", r.purpose, r.value});
  PrintTable({"NAME", "TYPE", "", "WHAT FOR", "VALUE"}, rows);
}

struct Finding {
  std::string name, type, result, detail;  // result: ok, missing, wrong, unknown, warning
};

std::optional<RecordType> TypeOf(const std::string& type) {
  if (type == "MX") return RECORD_TYPE_MX;
  if (type == "TXT") return RECORD_TYPE_TXT;
  if (type == "CNAME") return RECORD_TYPE_CNAME;
  return std::nullopt;  // SRV is not among what resolver looks up
}

// White space and tag order do not matter in the records that are made of tags; what counts is the
// text before it.
bool SameValue(const DnsRecord& wanted, const resolver::v1::DnsRecord& found) {
  std::string value(found.value());
  if (wanted.type == "TXT") {
    auto squeeze = [](std::string_view text) {
      std::string out;
      for (char c : text) {
        if (!IsWsp(c)) out.push_back(c);
      }
      while (out.ends_with(';')) out.pop_back();
      return out;
    };
    return squeeze(value) == squeeze(wanted.value);
  }
  std::string target = wanted.value.substr(wanted.value.rfind(' ') + 1);
  if (target.ends_with('.')) target.pop_back();
  if (value.ends_with('.')) value.pop_back();
  return EqualsIgnoreCase(target, value);
}

// The tag that a TXT record of this purpose begins with: other TXT records at the name are none of
// our business.
std::string_view Tag(const DnsRecord& record) {
  return record.type == "TXT"
             ? std::string_view(record.value).substr(0, record.value.find_first_of("; "))
             : "";
}

Finding CheckOne(Context& context, const DnsRecord& wanted, RecordType type) {
  LookupRequest request;
  request.set_name(wanted.name);
  request.set_type(type);
  auto answer = Ask(context.clients.resolver, &ResolverService::Lookup, request);
  Finding finding{wanted.name, wanted.type, "ok", ""};
  if (!answer.ok() || answer->status() == DNS_STATUS_TEMPORARY ||
      answer->status() == DNS_STATUS_BOGUS) {
    finding.result = "unknown";
    finding.detail = answer.ok() ? answer->detail() : MessageOf(answer.status());
    if (finding.detail.empty()) finding.detail = "no answer from DNS";
    return finding;
  }
  std::vector<std::string> others;
  for (const auto& record : answer->records()) {
    if (SameValue(wanted, record)) return finding;
    if (std::string(record.value()).starts_with(Tag(wanted))) others.emplace_back(record.value());
  }
  finding.result = wanted.optional ? "warning" : others.empty() ? "missing" : "wrong";
  finding.detail = others.empty() ? "not published" : fmt::format("found {}", others[0]);
  // A policy of one's own is not wrong.
  bool policy = wanted.name.starts_with("_dmarc.") || wanted.value.starts_with("v=spf1");
  if (policy && others.size() == 1)
    finding = {wanted.name, wanted.type, "ok", fmt::format("your own: {}", others[0])};
  return finding;
}

void Check(Context& context, const std::string& domain) {
  if (!context.Connect()) return;
  auto records = Wanted(context, domain);
  if (!records.ok()) return context.Fail(records.status());
  std::vector<Finding> findings;
  bool good = true;
  for (const DnsRecord& record : *records) {
    auto type = TypeOf(record.type);
    if (!type) continue;
    findings.push_back(CheckOne(context, record, *type));
    const std::string& result = findings.back().result;
    good = good && (result == "ok" || result == "warning");
  }
  if (context.json()) {
    nlohmann::json out = nlohmann::json::array();
    for (const Finding& f : findings) {
      out.push_back(
          {{"name", f.name}, {"type", f.type}, {"result", f.result}, {"detail", f.detail}});
    }
    printf("%s\n", out.dump(2).c_str());
  } else {
    std::vector<Row> rows;
    for (const Finding& f : findings) rows.push_back({f.name, f.type, f.result, f.detail});
    PrintTable({"NAME", "TYPE", "RESULT", "DETAIL"}, rows);
  }
  if (!good) context.exit_code = kCheckFailed;
}

}  // namespace

void AddDnsCommands(CLI::App& app, Context& context) {
  auto* dns = app.add_subcommand("dns", "what our domains publish");
  dns->require_subcommand(1);
  auto domain = std::make_shared<std::string>();
  auto zone = std::make_shared<bool>(false);
  auto* command = dns->add_subcommand("records", "what to publish for a domain");
  command->add_option("DOMAIN", *domain)->required();
  command->add_flag("--zone", *zone, "as lines of a zone file");
  command->callback([&context, domain, zone] { Records(context, *domain, *zone); });
  command = dns->add_subcommand(
      "check", "compare what is published with what should be; exit code 4 if something lacks");
  command->add_option("DOMAIN", *domain)->required();
  command->callback([&context, domain] { Check(context, *domain); });
}

}  // namespace pennypost::cli
