#include "mailauth/dmarc_record.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

constexpr size_t kMaxRecord = 4096;
constexpr std::string_view kPolicyNames[] = {"none", "quarantine", "reject"};

struct Tag {
  std::string_view name, value;
};

// Name and value of a part; empty names for what is no tag.
Tag TagOf(std::string_view part) {
  size_t equals = part.find('=');
  if (equals == std::string_view::npos) return {};
  return {Trim(part.substr(0, equals)), Trim(part.substr(equals + 1))};
}

void SetPolicy(std::string_view value, std::optional<DmarcPolicy>& slot, bool& bad) {
  for (size_t i = 0; i < std::size(kPolicyNames); ++i) {
    if (EqualsIgnoreCase(value, kPolicyNames[i])) {
      slot = static_cast<DmarcPolicy>(i);
      return;
    }
  }
  bad = true;
}

void SetReports(std::string_view value, DmarcRecord& record) {
  for (std::string_view uri : Split(value, ',')) {
    uri = Trim(uri);
    size_t colon = uri.find(':');
    // RFC 3986 3: a scheme and something behind it.
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == uri.size()) continue;
    if (!IsAlpha(uri[0])) continue;
    record.reports.emplace_back(uri);
  }
}

void Set(const Tag& tag, DmarcRecord& record) {
  auto is = [&tag](std::string_view name) { return EqualsIgnoreCase(tag.name, name); };
  auto says = [&tag](std::string_view value) { return EqualsIgnoreCase(tag.value, value); };
  if (is("p")) {
    SetPolicy(tag.value, record.policy, record.bad_policy);
  } else if (is("sp")) {
    SetPolicy(tag.value, record.subdomains, record.bad_policy);
  } else if (is("np")) {
    SetPolicy(tag.value, record.absent, record.bad_policy);
  } else if (is("t")) {
    record.testing = says("y");
  } else if (is("psd")) {
    record.suffix = says("y")   ? DmarcSuffix::kYes
                    : says("n") ? DmarcSuffix::kNo
                                : DmarcSuffix::kUnsaid;
  } else if (is("adkim")) {
    record.dkim = says("s") ? DmarcAlignment::kStrict : DmarcAlignment::kRelaxed;
  } else if (is("aspf")) {
    record.spf = says("s") ? DmarcAlignment::kStrict : DmarcAlignment::kRelaxed;
  } else if (is("pct")) {
    std::optional<uint64_t> percent = ParseUint(tag.value);
    if (percent && *percent <= 100) record.percent = static_cast<int>(*percent);
  } else if (is("rua")) {
    SetReports(tag.value, record);
  }
}

}  // namespace

std::string_view DmarcPolicyName(DmarcPolicy policy) {
  return kPolicyNames[static_cast<size_t>(policy)];
}

bool IsDmarcRecord(std::string_view txt) {
  Tag version = TagOf(txt.substr(0, txt.find(';')));
  return version.name == "v" && version.value == "DMARC1";
}

std::optional<DmarcRecord> ParseDmarcRecord(std::string_view txt) {
  if (txt.size() > kMaxRecord || !IsDmarcRecord(txt)) return std::nullopt;
  DmarcRecord record;
  std::vector<std::string_view> seen;
  for (std::string_view part : Split(txt, ';')) {
    Tag tag = TagOf(part);
    bool twice = std::any_of(seen.begin(), seen.end(), [&tag](std::string_view name) {
      return EqualsIgnoreCase(name, tag.name);
    });
    if (tag.name.empty() || twice || seen.size() == 64) continue;  // the first one counts
    seen.push_back(tag.name);
    Set(tag, record);
  }
  return record;
}

}  // namespace pennypost::mailauth
