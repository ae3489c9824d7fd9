#include "log/log.h"

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <unistd.h>

#include <atomic>

#include "base/text.h"

namespace pennypost::log {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

std::atomic<Level> g_level{Level::kInfo};
bool g_json = true;
std::string g_service = "pennypost";

// JSON string (RFC 8259 7). Bytes that are not UTF-8 come from peers: they are shown as \u00XX.
void AppendJson(std::string& out, std::string_view text) {
  out.push_back('"');
  bool utf8 = IsUtf8(text);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// Plain values are quoted only where they hold a space or something unprintable.
void AppendPlain(std::string& out, std::string_view text) {
  bool simple = !text.empty();
  for (char c : text)
    simple = simple && static_cast<unsigned char>(c) > 0x20 && c != '"' && c != 0x7F;
  if (simple) {
    out += text;
  } else {
    AppendJson(out, text);
  }
}

}  // namespace

absl::Status Init(std::string_view service, std::string_view level, std::string_view format) {
  g_service = service;
  if (format != "json" && format != "plain") {
    return SyntaxError(fmt::format("common.log.format: '{}' is neither json nor plain", format));
  }
  g_json = format == "json";
  for (int i = 0; i < 4; ++i) {
    if (level == kLevelNames[i]) {
      g_level = static_cast<Level>(i);
      return absl::OkStatus();
    }
  }
  return SyntaxError(
      fmt::format("common.log.level: '{}' is not debug, info, warning or error", level));
}

bool Enabled(Level level) {
  return level >= g_level.load(std::memory_order_relaxed);
}

std::string Render(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  std::string out;
  std::string_view name = kLevelNames[static_cast<int>(level)];
  if (g_json) {
    out = fmt::format(R"({{"ts":"{}","level":"{}","svc":"{}","event":")", time, name, g_service);
    out += event;
    out.push_back('"');
  } else {
    out = fmt::format("{} {:<7} {} {}", time, name, g_service, event);
  }
  for (const Field& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value.value_);
    if (text != nullptr && text->empty()) continue;
    out += g_json ? ",\"" : " ";
    out += field.key;
    out += g_json ? "\":" : "=";
    if (text != nullptr) {
      if (g_json) {
        AppendJson(out, *text);
      } else {
        AppendPlain(out, *text);
      }
    } else if (const auto* number = std::get_if<int64_t>(&field.value.value_)) {
      out += std::to_string(*number);
    } else {
      out += fmt::format("{:.6g}", std::get<double>(field.value.value_));
    }
  }
  if (g_json) out.push_back('}');
  return out;
}

void Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = Render(level, event, fields);
  line.push_back('\n');
  // One write a record keeps lines of several threads and processes apart. A full pipe or disk must
  // not stop the mail: the record is lost then.
  [[maybe_unused]] ssize_t n = write(STDOUT_FILENO, line.data(), line.size());
}

}  // namespace pennypost::log
