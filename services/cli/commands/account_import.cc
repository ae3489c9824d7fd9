// pennypost account import: many accounts from CSV.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"
#include "services/cli/acting.h"
#include "services/cli/csv.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

// In this order where the file has no head.
const std::vector<std::string> kColumns = {"address", "password", "name",
                                           "quota",   "role",     "groups"};

struct Person {
  CreateAccountRequest account;
  std::vector<std::string> groups;
};

// The file's columns as its head names them, or the usual ones.
absl::StatusOr<std::vector<std::string>> ColumnsOf(const CsvRecord& first) {
  if (!EqualsIgnoreCase(first.fields[0], "address")) return kColumns;
  std::vector<std::string> columns;
  for (const std::string& field : first.fields) {
    std::string name = ToLower(Trim(field));
    if (std::find(kColumns.begin(), kColumns.end(), name) == kColumns.end()) {
      return SyntaxError(
          fmt::format("line {}: '{}' is no column: address, password, name, quota, role or groups",
                      first.line, field));
    }
    columns.push_back(std::move(name));
  }
  return columns;
}

absl::StatusOr<Person> ToPerson(const CsvRecord& record, const std::vector<std::string>& columns) {
  if (record.fields.size() > columns.size()) {
    return SyntaxError(fmt::format("{} fields for {} columns: a text with a comma needs quotes",
                                   record.fields.size(), columns.size()));
  }
  Person person;
  for (size_t i = 0; i < record.fields.size(); ++i) {
    const std::string& value = record.fields[i];
    if (columns[i] == "address") person.account.set_address(std::string(Trim(value)));
    if (columns[i] == "password") person.account.set_password(value);
    if (columns[i] == "name") person.account.set_display_name(value);
    if (columns[i] == "role") person.account.set_role(std::string(Trim(value)));
    if (columns[i] == "quota" && !value.empty()) {
      auto quota = ParseUint(Trim(value));
      if (!quota || *quota > INT64_MAX)
        return SyntaxError(fmt::format("'{}' is no quota in bytes", value));
      person.account.set_quota_bytes(static_cast<int64_t>(*quota));
    }
    if (columns[i] == "groups") {
      for (std::string_view group : Split(value, ' ')) {
        if (!group.empty()) person.groups.emplace_back(group);
      }
    }
  }
  if (person.account.address().empty()) return SyntaxError("no address");
  if (person.account.password().empty()) return SyntaxError("no password");
  return person;
}

absl::Status Make(Context& context, const Person& person) {
  auto made = AskAs(context, &DirectoryService::CreateAccount, person.account);
  if (!made.ok()) return made.status();
  for (const std::string& group : person.groups) {
    ChangeMembersRequest join;
    join.set_address(group);
    join.add_add(made->account().address());
    absl::Status joined = AskAs(context, &DirectoryService::ChangeMembers, join).status();
    if (!joined.ok()) {
      return SyntaxError(
          fmt::format("created, but not a member of {}: {}", group, MessageOf(joined)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(const std::string& file) {
  std::stringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file);
    if (!in) return SyntaxError("cannot read it");
    text << in.rdbuf();
  }
  return text.str();
}

void Import(Context& context, const std::string& file) {
  std::string shown = file == "-" ? "stdin" : file;
  auto refuse = [&](const absl::Status& status) {
    context.Fail(fmt::format("{}: {}", shown, MessageOf(status)), kUsage);
  };
  auto text = ReadAll(file);
  if (!text.ok()) return refuse(text.status());
  auto records = ParseCsv(*text);
  if (!records.ok()) return refuse(records.status());
  if (records->empty()) return refuse(SyntaxError("there is nothing in it"));
  auto columns = ColumnsOf(records->front());
  if (!columns.ok()) return refuse(columns.status());
  bool has_head = EqualsIgnoreCase(records->front().fields[0], "address");
  if (!context.Connect(Acting::kAnyone)) return;
  int made = 0;
  nlohmann::json errors = nlohmann::json::array();
  for (const CsvRecord& record : *records) {
    if (has_head && &record == &records->front()) continue;
    auto person = ToPerson(record, *columns);
    absl::Status status = person.ok() ? Make(context, *person) : person.status();
    if (status.ok()) {
      ++made;
      continue;
    }
    // The rest is still worth making; each failure is named. Its password is not.
    std::string address = person.ok() ? person->account.address() : "";
    errors.push_back({{"line", record.line}, {"address", address}, {"error", MessageOf(status)}});
    if (!address.empty()) address += ": ";
    context.Fail(fmt::format("{}: line {}: {}{}", shown, record.line, address, MessageOf(status)));
  }
  if (context.json()) {
    nlohmann::json result = {{"created", made}, {"failed", errors.size()}, {"errors", errors}};
    printf("%s\n", result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    printf("%d created, %zu failed\n", made, errors.size());
  }
}

}  // namespace

void AddAccountImportCommand(CLI::App& account, Context& context) {
  auto file = std::make_shared<std::string>();
  auto* command = account.add_subcommand("import", "add many accounts from a CSV file");
  command->footer(
      "A line holds address,password[,name[,quota in bytes[,role[,groups]]]], groups separated by\n"
      "spaces. A first line that begins with \"address\" names the columns, in any order. Lines "
      "that\n"
      "fail are named, and the others done.");
  command->add_option("FILE", *file, "- for stdin")->required();
  command->callback([&context, file] { Import(context, *file); });
}

}  // namespace pennypost::cli
