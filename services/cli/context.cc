#include "services/cli/context.h"

#include <google/protobuf/util/json_util.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
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

// What a terminal shows of it, and how wide: a UTF-8 character takes one column, near enough.
std::string Printable(const std::string& text) {
  std::string out = text;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}
size_t Columns(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string FirstLine(std::istream& in) {
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

bool Context::LoadConfig(Acting acting) {
  if (acting == Acting::kPlatformOnly && !actor.empty()) {
    Fail("this command cannot be done with --as: it is the platform's own", kUsage);
    return false;
  }
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

bool Context::Connect(Acting acting) {
  if (!LoadConfig(acting)) return false;
  absl::Status status = clients.Connect(config.common().rpc(), loop);
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

void Context::PrintDeleted(const std::string& name) const {
  if (json()) {
    printf("%s\n", nlohmann::json({{"deleted", name}}).dump(2).c_str());
  } else {
    printf("deleted %s\n", name.c_str());
  }
}

std::string UsageError(const CLI::App* app, const CLI::Error& error) {
  std::string command = "pennypost", what = error.what();
  for (const CLI::App* at = app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  // A word that names no command is left over.
  std::vector<std::string> left = app->remaining(true);
  if (!left.empty()) what = fmt::format("no such command or option: {}", left.front());
  return fmt::format("pennypost: {}; see: {} --help\n", what, command);
}

void PrintTable(const Row& head, const std::vector<Row>& rows) {
  std::vector<Row> all = {head};
  for (const Row& row : rows) {
    all.emplace_back();
    for (const std::string& text : row) all.back().push_back(Printable(text));
  }
  std::vector<size_t> widths(head.size());
  for (const Row& row : all) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  for (const Row& row : all) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - Columns(row[i]) + 2, ' ');
    }
    printf("%s\n", line.c_str());
  }
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

CLI::Option* AddSwitch(CLI::App* command, const std::string& name, std::function<void(bool)> set,
                       const std::string& help) {
  return command
      ->add_option_function<std::string>(
          name, [set = std::move(set)](const std::string& v) { set(v == "true"); }, help)
      ->check(CLI::IsMember({"true", "false"}));
}

namespace {

enum class Prompts { kOnce, kTwice };

absl::StatusOr<std::string> ReadSecret(const std::string& file, Prompts prompts) {
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
    if (prompts == Prompts::kTwice && Prompt("Again: ") != password)
      return SyntaxError("the two passwords differ");
  }
  if (password.empty()) return SyntaxError("the password is empty");
  return password;
}

}  // namespace

absl::StatusOr<std::string> ReadPassword(const std::string& file) {
  return ReadSecret(file, Prompts::kTwice);
}

absl::StatusOr<std::string> ReadKnownPassword(const std::string& file) {
  return ReadSecret(file, Prompts::kOnce);
}

}  // namespace pennypost::cli
