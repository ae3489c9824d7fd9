#include "config/config.h"

#include <google/protobuf/descriptor.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "pennypost/config/v1/options.pb.h"

namespace pennypost::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Collects problems while the rest is still read, so that one run shows them all.
class Reader {
 public:
  explicit Reader(std::string where) : where_(std::move(where)) {}

  const std::vector<std::string>& problems() const { return problems_; }

  void ReadMap(const YAML::Node& node, const std::string& path, Message& message) {
    if (node.IsNull()) return;
    if (!node.IsMap()) {
      Problem(node, fmt::format("{} must be a map of keys", path.empty() ? "the file" : path));
      return;
    }
    for (const auto& entry : node) {
      std::string key = entry.first.as<std::string>("");
      std::string full = path.empty() ? key : path + "." + key;
      ReadEntry(entry.first, entry.second, key, full, message);
    }
  }

  // "false", "12" and so on for any scalar field, from the environment and --set too.
  void ReadScalar(const YAML::Node& at, const FieldDescriptor* field, const std::string& text,
                  const std::string& path, Message& message) {
    const Reflection* reflection = message.GetReflection();
    bool add = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        add ? reflection->AddString(&message, field, text)
            : reflection->SetString(&message, field, text);
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (text == "true" || text == "false") {
          reflection->SetBool(&message, field, text == "true");
          return;
        }
        Problem(at, fmt::format("{}: '{}' is neither true nor false", path, text));
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_UINT64: {
        auto number = ParseUint(text);
        bool wide = field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
        if (!number || (!wide && *number > UINT32_MAX)) {
          Problem(at, fmt::format("{}: '{}' is not a number from 0 to {}", path, text,
                                  wide ? UINT64_MAX : UINT32_MAX));
        } else if (wide) {
          reflection->SetUInt64(&message, field, *number);
        } else if (add) {
          reflection->AddUInt32(&message, field, static_cast<uint32_t>(*number));
        } else {
          reflection->SetUInt32(&message, field, static_cast<uint32_t>(*number));
        }
        return;
      }
      default:
        Problem(at, fmt::format("{}: a single value does not fit here", path));
    }
  }

  void Problem(const YAML::Node& node, const std::string& text) {
    if (node.IsDefined() && node.Mark().line >= 0 && !where_.empty()) {
      problems_.push_back(fmt::format("{}:{}: {}", where_, node.Mark().line + 1, text));
    } else {
      problems_.push_back(where_.empty() ? text : fmt::format("{}: {}", where_, text));
    }
  }

 private:
  void ReadEntry(const YAML::Node& key_node, const YAML::Node& value, const std::string& key,
                 const std::string& path, Message& message) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key);
    if (field == nullptr && key.ends_with("_file")) {
      field = message.GetDescriptor()->FindFieldByName(key.substr(0, key.size() - 5));
      if (field != nullptr && field->options().GetExtension(v1::sensitive)) {
        ReadSecretFile(value, field, path, message);
        return;
      }
      field = nullptr;
    }
    if (field == nullptr) {
      Problem(key_node, fmt::format("unknown key {}", path));
      return;
    }
    if (field->is_repeated()) {
      ReadList(value, field, path, message);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ReadMap(value, path, *message.GetReflection()->MutableMessage(&message, field));
    } else if (value.IsScalar()) {
      ReadScalar(value, field, value.Scalar(), path, message);
    } else if (!value.IsNull()) {
      Problem(value, fmt::format("{} must be a single value", path));
    }
  }

  // A later file replaces a list as a whole: adding to it could never take anything away.
  void ReadList(const YAML::Node& value, const FieldDescriptor* field, const std::string& path,
                Message& message) {
    if (!value.IsSequence() && !value.IsNull()) {
      Problem(value, fmt::format("{} must be a list", path));
      return;
    }
    const Reflection* reflection = message.GetReflection();
    reflection->ClearField(&message, field);
    size_t index = 0;
    for (const auto& item : value) {
      std::string at = fmt::format("{}[{}]", path, index++);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ReadMap(item, at, *reflection->AddMessage(&message, field));
      } else if (item.IsScalar()) {
        ReadScalar(item, field, item.Scalar(), at, message);
      } else {
        Problem(item, fmt::format("{} must be a single value", at));
      }
    }
  }

  void ReadSecretFile(const YAML::Node& value, const FieldDescriptor* field,
                      const std::string& path, Message& message) {
    std::string name = value.IsScalar() ? value.Scalar() : "";
    std::ifstream file(name);
    std::stringstream content;
    content << file.rdbuf();
    if (!file) {
      Problem(value, fmt::format("{}: cannot read {}", path, name));
      return;
    }
    message.GetReflection()->SetString(&message, field, std::string(Trim(content.str())));
  }

  std::string where_;
  std::vector<std::string> problems_;
};

// Sets one value by its path; for the environment and --set.
void SetPath(const std::string& where, const std::vector<std::string>& path,
             const std::string& value, v1::PlatformConfig& config,
             std::vector<std::string>& problems) {
  Reader reader(where);
  YAML::Node node(value);
  // A flow value ("[a, b]") reaches lists too.
  if (value.starts_with("[")) {
    try {
      node = YAML::Load(value);
    } catch (const YAML::Exception&) {
      problems.push_back(fmt::format("{}: '{}' is not a list", where, value));
      return;
    }
  }
  for (auto key = path.rbegin(); key != path.rend(); ++key) {
    YAML::Node outer;
    outer[*key] = node;
    node = outer;
  }
  reader.ReadMap(node, "", config);
  problems.insert(problems.end(), reader.problems().begin(), reader.problems().end());
}

void ReadFile(const std::string& name, v1::PlatformConfig& config,
              std::vector<std::string>& problems) {
  std::ifstream file(name);
  if (!file) {
    problems.push_back(fmt::format("{}: cannot read the file", name));
    return;
  }
  Reader reader(name);
  try {
    reader.ReadMap(YAML::Load(file), "", config);
  } catch (const YAML::Exception& error) {
    problems.push_back(fmt::format("{}:{}: {}", name, error.mark.line + 1, error.msg));
  }
  problems.insert(problems.end(), reader.problems().begin(), reader.problems().end());
}

// PENNYPOST_RELAY_RETRY_SECONDS -> relay.retry_seconds; PENNYPOST_COMMON_RPC__CA_FILE ->
// common.rpc.ca_file.
std::vector<std::string> PathOfVariable(std::string_view name) {
  size_t service_end = name.find('_');
  if (service_end == std::string_view::npos) return {ToLower(name)};
  std::vector<std::string> path = {ToLower(name.substr(0, service_end))};
  std::string rest = ToLower(name.substr(service_end + 1));
  size_t at = 0;
  for (size_t next; (next = rest.find("__", at)) != std::string::npos; at = next + 2) {
    path.push_back(rest.substr(at, next - at));
  }
  path.push_back(rest.substr(at));
  return path;
}

void Redact(Message& message) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->options().GetExtension(v1::sensitive)) {
      reflection->SetString(&message, field, "***");
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        Redact(*reflection->MutableRepeatedMessage(&message, field, i));
      }
    } else {
      Redact(*reflection->MutableMessage(&message, field));
    }
  }
}

}  // namespace

absl::StatusOr<v1::PlatformConfig> Load(const Sources& sources) {
  v1::PlatformConfig config;
  std::vector<std::string> problems;
  for (const std::string& file : sources.files) ReadFile(file, config, problems);
  constexpr std::string_view kPrefix = "PENNYPOST_";
  for (const auto& [name, value] : sources.environment) {
    if (!name.starts_with(kPrefix)) continue;
    SetPath(name, PathOfVariable(std::string_view(name).substr(kPrefix.size())), value, config,
            problems);
  }
  for (const std::string& setting : sources.settings) {
    size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      problems.push_back(fmt::format("--set {}: write KEY=VALUE", setting));
      continue;
    }
    std::vector<std::string> path;
    for (std::string_view part : Split(std::string_view(setting).substr(0, equals), '.'))
      path.emplace_back(part);
    SetPath("--set", path, setting.substr(equals + 1), config, problems);
  }
  if (problems.empty()) return config;
  std::string all;
  for (const std::string& problem : problems) all += (all.empty() ? "" : "\n") + problem;
  return SyntaxError(all);
}

absl::StatusOr<CommandLine> ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  std::vector<std::string> usual_files;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::string_view text(*variable);
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view name = text.substr(0, equals);
    std::string_view value = text.substr(equals + 1);
    if (name != "PENNYPOST_CONFIG") {
      line.sources.environment.emplace_back(name, value);
      continue;
    }
    for (std::string_view file : Split(value, ':')) {
      if (!file.empty()) usual_files.emplace_back(file);
    }
  }
  for (int i = 1; i < argc; ++i) {
    std::string_view option(argv[i]);
    bool needs_value = option == "--config" || option == "--set";
    if (needs_value && i + 1 == argc) return SyntaxError(fmt::format("{} needs a value", option));
    if (option == "--config") {
      line.sources.files.emplace_back(argv[++i]);
    } else if (option == "--set") {
      line.sources.settings.emplace_back(argv[++i]);
    } else if (option == "healthcheck") {
      line.health_check = true;
    } else if (option == "after-restore") {
      line.after_restore = true;
    } else if (option == "--check-config") {
      line.check_only = true;
    } else if (option == "--help" || option == "-h") {
      line.print_help = true;
    } else if (option == "--version") {
      line.print_version = true;
    } else {
      return SyntaxError(fmt::format("unknown option {}; see --help", option));
    }
  }
  if (line.sources.files.empty()) line.sources.files = std::move(usual_files);
  return line;
}

std::string PrintRedacted(const v1::PlatformConfig& config) {
  v1::PlatformConfig copy = config;
  Redact(copy);
  return copy.DebugString();
}

bool IsOff(const std::string& address) {
  return address.empty() || address == "off";
}

}  // namespace pennypost::config
