#include "services/cli/context.h"

#include <google/protobuf/util/json_util.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "config/config.h"

namespace pennypost::cli {
namespace {

// Terminal input without echo while it lives.
class HiddenInput {
 public:
  HiddenInput() {
    tcgetattr(STDIN_FILENO, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenInput() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

 private:
  termios before_{};
};

std::string Prompt(const char* text) {
  fprintf(stderr, "%s", text);
  std::string line;
  std::getline(std::cin, line);
  fprintf(stderr, "\n");
  return line;
}

std::string FirstLine(std::istream& in) {
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

bool Context::LoadConfig() {
  std::vector<char*> none = {nullptr};
  auto line = config::ParseCommandLine(0, none.data());
  config::Sources sources = line->sources;
  if (!config_files.empty()) sources.files = config_files;
  auto loaded = config::Load(sources);
  if (!loaded.ok()) {
    fprintf(stderr, "%s\n", MessageOf(loaded.status()).c_str());
    exit_code = kFailed;
    return false;
  }
  config = *std::move(loaded);
  return true;
}

bool Context::Connect() {
  if (!LoadConfig()) return false;
  absl::Status status = clients.Connect(config.common().rpc());
  if (status.ok()) return true;
  Fail(status);
  return false;
}

void Context::Fail(const absl::Status& status) {
  ExitCode code = kFailed;
  if (status.code() == absl::StatusCode::kNotFound) code = kNotFound;
  if (status.code() == absl::StatusCode::kInvalidArgument) code = kUsage;
  Fail(MessageOf(status), code);
}

void Context::Fail(const std::string& message, ExitCode code) {
  fprintf(stderr, "pennypost: %s\n", message.c_str());
  exit_code = code;
}

void PrintTable(const Row& head, const std::vector<Row>& rows) {
  std::vector<size_t> widths(head.size());
  auto widen = [&](const Row& row) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  };
  widen(head);
  for (const Row& row : rows) widen(row);
  auto print = [&](const Row& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    printf("%s\n", line.c_str());
  };
  print(head);
  for (const Row& row : rows) print(row);
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) text = "{}\n";
  printf("%s", text.c_str());
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

absl::StatusOr<std::string> ReadPassword(const std::string& file) {
  std::string password;
  if (file == "-" || (file.empty() && !isatty(STDIN_FILENO))) {
    password = FirstLine(std::cin);
  } else if (!file.empty()) {
    std::ifstream in(file);
    if (!in) return SyntaxError(fmt::format("cannot read {}", file));
    password = FirstLine(in);
  } else {
    HiddenInput hidden;
    password = Prompt("Password: ");
    if (Prompt("Again: ") != password) return SyntaxError("the two passwords differ");
  }
  if (password.empty()) return SyntaxError("the password is empty");
  return password;
}

}  // namespace pennypost::cli
