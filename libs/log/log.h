#pragma once
// One record an event, on stdout: a JSON object a line, or plain text for people.
//
//   log::Info("smtp.rcpt.rejected", {{"session", id}, {"code", 550}});
//
// `event` is a stable code; fields keep one name everywhere (mail_id, client_ip). Secrets and
// message content never go in. Thread-safe; a record is one write.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"

namespace pennypost::log {

enum class Level { kDebug, kInfo, kWarning, kError };

class Value {
 public:
  Value(std::string_view text) : value_(text) {}  // NOLINT: fields read like literals
  Value(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  Value(const char* text) : value_(std::string_view(text)) {}         // NOLINT
  Value(int number) : value_(int64_t{number}) {}                      // NOLINT
  Value(int64_t number) : value_(number) {}                           // NOLINT
  Value(uint32_t number) : value_(int64_t{number}) {}                 // NOLINT
  Value(uint64_t number) : value_(static_cast<int64_t>(number)) {}    // NOLINT
  Value(double number) : value_(number) {}                            // NOLINT

 private:
  friend std::string Render(Level, std::string_view, std::initializer_list<struct Field>);
  std::variant<std::string_view, int64_t, double> value_;
};

struct Field {
  std::string_view key;
  Value value;
};

// Once, before threads start. `level` is debug, info, warning or error; `format` json or plain;
// `service` goes into every record.
absl::Status Init(std::string_view service, std::string_view level, std::string_view format);

bool Enabled(Level level);
void Write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void Debug(std::string_view event, std::initializer_list<Field> fields) {
  if (Enabled(Level::kDebug)) Write(Level::kDebug, event, fields);
}
inline void Info(std::string_view event, std::initializer_list<Field> fields) {
  if (Enabled(Level::kInfo)) Write(Level::kInfo, event, fields);
}
inline void Warning(std::string_view event, std::initializer_list<Field> fields) {
  Write(Level::kWarning, event, fields);
}
inline void Error(std::string_view event, std::initializer_list<Field> fields) {
  Write(Level::kError, event, fields);
}

// The line as it is written, without the line end. Public for tests.
std::string Render(Level level, std::string_view event, std::initializer_list<Field> fields);

}  // namespace pennypost::log
