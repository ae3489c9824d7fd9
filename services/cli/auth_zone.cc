#include "services/cli/auth_zone.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace pennypost::cli {
namespace {

using mailauth::DnsAnswer;
using mailauth::DnsStatus;
using mailauth::DnsType;

constexpr int kMaxAliases = 8;  // CNAME records in a row

std::string_view NameOf(DnsType type) {
  switch (type) {
    case DnsType::kA:
      return "A";
    case DnsType::kAaaa:
      return "AAAA";
    case DnsType::kMx:
      return "MX";
    case DnsType::kTxt:
      return "TXT";
    case DnsType::kPtr:
      return "PTR";
  }
  return "";
}

}  // namespace

absl::StatusOr<AuthZone::Record> AuthZone::RecordOf(const nlohmann::json& json) {
  if (!json.is_array() || json.empty() || !json[0].is_string())
    return SyntaxError("a DNS record is an array that begins with its type");
  Record record{json[0].get<std::string>(), ""};
  // The preference of an MX record decides nothing here.
  for (size_t i = record.type == "MX" ? 2 : 1; i < json.size(); ++i) {
    // The strings of a TXT record belong together (RFC 7208 3.3), in a list of their own too.
    nlohmann::json texts = json[i].is_array() ? json[i] : nlohmann::json::array({json[i]});
    for (const nlohmann::json& text : texts) {
      if (!text.is_string())
        return SyntaxError(fmt::format("a value of a {} record is no string", record.type));
      record.value += text.get_ref<const std::string&>();
    }
  }
  bool may_be_empty = record.type == "TXT" || record.type == "TIMEOUT" || record.type == "SERVFAIL";
  if (!may_be_empty && json.size() < (record.type == "MX" ? 3u : 2u))
    return SyntaxError(fmt::format("a {} record without a value", record.type));
  return record;
}

absl::StatusOr<AuthZone> AuthZone::FromJson(const nlohmann::json& dns) {
  if (!dns.is_object()) return SyntaxError("dns: an object of names is needed");
  AuthZone zone;
  for (const auto& [name, records] : dns.items()) {
    if (!records.is_array()) return SyntaxError("dns: a name holds an array of records");
    std::vector<Record>& list = zone.names_[mailauth::CanonicalName(name)];
    for (const nlohmann::json& json : records) {
      ASSIGN_OR_RETURN(Record record, RecordOf(json));
      list.push_back(std::move(record));
    }
  }
  return zone;
}

DnsAnswer AuthZone::Ask(const mailauth::DnsQuestion& question) const {
  std::string_view type = NameOf(question.type);
  std::string name = mailauth::CanonicalName(question.name);
  for (int aliases = 0; aliases <= kMaxAliases; ++aliases) {
    auto found = names_.find(name);
    if (found == names_.end()) return {DnsStatus::kNxDomain, {}, false};
    DnsAnswer answer{DnsStatus::kNoData, {}, false};
    std::string alias;
    for (const Record& record : found->second) {
      if (record.type == type) {
        answer.status = DnsStatus::kOk;
        answer.records.push_back(record.value);
      } else if (record.type == "CNAME") {
        alias = mailauth::CanonicalName(record.value);
      } else if (record.type == "TIMEOUT" || record.type == "SERVFAIL") {
        bool meant = record.value.empty() ? answer.records.empty() : record.value == type;
        DnsStatus status = record.type == "TIMEOUT" ? DnsStatus::kTimeout : DnsStatus::kServFail;
        if (meant) return {status, {}, false};
      }
    }
    if (!answer.records.empty() || alias.empty()) return answer;
    name = std::move(alias);
  }
  return {DnsStatus::kServFail, {}, false};  // a loop
}

}  // namespace pennypost::cli
