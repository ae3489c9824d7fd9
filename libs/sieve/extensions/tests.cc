// address, exists, header, size (RFC 5228 5).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mime/address.h"
#include "sieve/address_part.h"
#include "sieve/extensions/extensions.h"
#include "sieve/header_values.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

// RFC 5228 5.1 wants the test restricted to fields that hold addresses.
constexpr std::array<std::string_view, 22> kAddressFields = {"from",
                                                             "to",
                                                             "cc",
                                                             "bcc",
                                                             "sender",
                                                             "reply-to",
                                                             "resent-from",
                                                             "resent-to",
                                                             "resent-cc",
                                                             "resent-bcc",
                                                             "resent-sender",
                                                             "resent-reply-to",
                                                             "mail-from",
                                                             "envelope-to",
                                                             "delivered-to",
                                                             "x-original-to",
                                                             "return-path",
                                                             "errors-to",
                                                             "disposition-notification-to",
                                                             "return-receipt-to",
                                                             "mail-reply-to",
                                                             "mail-followup-to"};

bool IsAddressField(std::string_view name) {
  return std::any_of(kAddressFields.begin(), kAddressFields.end(),
                     [name](std::string_view field) { return EqualsIgnoreCase(field, name); });
}

void CheckAddressTest(Checker& checker, Statement& statement) {
  const Argument& names = statement.positional[0];
  checker.CheckHeaderNames(names);
  for (const std::string& name : names.strings) {
    if (checker.IsConstant(name) && !IsAddressField(name)) {
      checker.Fail(names.at, fmt::format("header field '{}' holds no addresses", name));
    }
  }
  CheckMatch(checker, statement, statement.Last());
}

void CheckHeader(Checker& checker, Statement& statement) {
  checker.CheckHeaderNames(statement.positional[0]);
  CheckMatch(checker, statement, statement.Last());
}

void CheckExists(Checker& checker, Statement& statement) {
  checker.CheckHeaderNames(statement.Last());
}

void CheckSize(Checker& checker, Statement& statement) {
  if (statement.TagOf("size").empty()) {
    checker.Fail(statement.at, "'size' needs :over or :under");
  }
}

bool TestAddress(Run& run, const Statement& statement) {
  std::string_view part = statement.TagOf("address-part");
  std::vector<std::string> names = run.Texts(statement.positional[0]);
  std::erase_if(names, [](const std::string& name) { return !IsAddressField(name); });
  std::vector<std::string> values;
  for (const std::string& field : RawHeaderValues(run, statement, names)) {
    if (!run.Spend(1 + field.size() / 256)) return false;
    for (const mime::Address& address : mime::ParseAddressList(field)) {
      if (address.kind != mime::Address::Kind::kMailbox) continue;
      // Without a domain it is no address: only the whole of it can be looked at.
      if (address.host.empty() && !part.empty() && part != "all") continue;
      auto value = AddressPart(part, address.mailbox, address.host);
      if (value) values.push_back(*std::move(value));
    }
  }
  return MatchAny(run, statement, values, statement.Last());
}

bool TestHeader(Run& run, const Statement& statement) {
  return MatchAny(run, statement, HeaderValues(run, statement, run.Texts(statement.positional[0])),
                  statement.Last());
}

bool TestExists(Run& run, const Statement& statement) {
  for (const std::string& name : run.Texts(statement.Last())) {
    if (HeaderValues(run, statement, {name}).empty()) return false;
  }
  return true;
}

bool TestSize(Run& run, const Statement& statement) {
  uint64_t limit = statement.Last().number;
  uint64_t size = run.message.bytes().size();
  return statement.Has("over") ? size > limit : size < limit;
}

}  // namespace

std::optional<std::string> AddressPart(std::string_view part, std::string_view local,
                                       std::string_view domain) {
  if (part == "localpart") return std::string(local);
  if (part == "domain") return std::string(domain);
  if (part == "user" || part == "detail") {
    size_t plus = local.find('+');
    if (part == "user") return std::string(local.substr(0, plus));
    if (plus == std::string_view::npos) return std::nullopt;
    return std::string(local.substr(plus + 1));
  }
  return domain.empty() ? std::string(local) : fmt::format("{}@{}", local, domain);
}

std::vector<std::string> RawHeaderValues(Run& run, const Statement& statement,
                                         const std::vector<std::string>& names) {
  std::vector<std::string> values;
  for (const std::string& name : names) {
    if (!run.Spend(1 + run.message.header().fields.size() / 64)) break;
    for (std::string& value : run.message.RawValues(name)) {
      run.Spend(value.size() / 256);
      values.push_back(std::move(value));
    }
  }
  SelectIndex(statement, values);
  return values;
}

std::vector<std::string> HeaderValues(Run& run, const Statement& statement,
                                      const std::vector<std::string>& names) {
  std::vector<std::string> values;
  bool mime = statement.Has("mime");
  for (const std::string& name : names) {
    if (!run.Spend(1 + run.message.header().fields.size() / 64)) break;
    if (mime) {
      for (uint32_t part : MimeParts(run, statement)) {
        if (!run.Spend(4 + run.message.structure().parts[part].header_size / 256)) break;
        for (std::string& value : run.message.PartValues(part, name)) {
          values.push_back(std::move(value));
        }
      }
    } else {
      for (std::string& value : run.message.Values(name)) {
        run.Spend(value.size() / 256);
        values.push_back(std::move(value));
      }
    }
  }
  SelectIndex(statement, values);
  return mime ? MimeValues(run, statement, values) : values;
}

Extension TestsExtension() {
  std::vector<ExtraTag> tags;
  for (std::string_view match : {"is", "contains", "matches"}) {
    tags.push_back({.trait = kMatch, .tag = {.name = match, .group = "match"}});
  }
  tags.push_back({.trait = kMatch, .tag = {.name = "comparator", .value = ValueType::kString}});
  for (std::string_view part : {"all", "localpart", "domain"}) {
    tags.push_back({.trait = kAddressPart, .tag = {.name = part, .group = "address-part"}});
  }
  return {
      .capabilities = {{"comparator-i;octet"}, {"comparator-i;ascii-casemap"}},
      .verbs = {{.name = "address",
                 .positional = "ll",
                 .traits = kMatch | kAddressPart | kTakesHeaders,
                 .check = CheckAddressTest,
                 .test = TestAddress},
                {.name = "header",
                 .positional = "ll",
                 .traits = kMatch | kTakesHeaders,
                 .check = CheckHeader,
                 .test = TestHeader},
                {.name = "exists",
                 .positional = "l",
                 .traits = kTakesHeaders,
                 .check = CheckExists,
                 .test = TestExists},
                {.name = "size",
                 .positional = "n",
                 .tags = {{.name = "over", .group = "size"}, {.name = "under", .group = "size"}},
                 .check = CheckSize,
                 .test = TestSize}},
      .tags = std::move(tags)};
}

}  // namespace pennypost::sieve
