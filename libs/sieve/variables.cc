// Values of strings at run time (RFC 5229 3): ${name}, ${1}, ${env.name}.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sieve/run.h"
#include "sieve/variable_name.h"

namespace pennypost::sieve {
namespace {

// Of one string once expanded: more is an attack, not a text.
constexpr size_t kMaxExpanded = 1 << 20;

}  // namespace

bool IsVariableName(std::string_view name) {
  if (name.empty() || !(IsAlpha(name[0]) || name[0] == '_')) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAlpha(c) || IsDigit(c) || c == '_'; });
}

std::optional<std::string> ReferenceAt(std::string_view text, size_t at) {
  size_t close = text.find_first_not_of(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.", at + 2);
  if (close == std::string_view::npos || text[close] != '}' || close == at + 2) return std::nullopt;
  std::string_view name = text.substr(at + 2, close - at - 2);
  if (IsDigit(name[0])) {
    if (!ParseUint(name)) return std::nullopt;
    return std::string(name);
  }
  for (std::string_view piece : Split(name, '.')) {
    if (!IsVariableName(piece) && !(IsDigit(piece.empty() ? 'x' : piece[0]) && ParseUint(piece))) {
      return std::nullopt;
    }
  }
  return ToLower(name);
}

std::optional<std::string> Run::Variable(std::string_view name) const {
  if (IsDigit(name[0])) {
    auto index = ParseUint(name);
    return index && *index < match_values.size() ? match_values[*index] : std::string();
  }
  if (name.find('.') != std::string_view::npos) {
    // RFC 6609 3.4.2: a global variable without declaring it.
    constexpr std::string_view kGlobal = "global.";
    if (!name.starts_with(kGlobal)) return std::nullopt;
    auto found = global_values.find(std::string(name.substr(kGlobal.size())));
    return found == global_values.end() ? std::string() : found->second;
  }
  std::string key(name);
  const auto& from = globals.contains(key) ? global_values : variables;
  auto found = from.find(key);
  return found == from.end() ? std::string() : found->second;
}

void Run::SetVariable(Position at, std::string_view name, std::string value) {
  if (value.size() > limits.max_variable_bytes) {
    size_t end = limits.max_variable_bytes;
    // RFC 5229 6: truncation must leave whole characters.
    while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
    value.resize(end);
  }
  std::string key = ToLower(name);
  bool global = globals.contains(key);
  if (key.starts_with("global.")) {
    key.erase(0, 7);
    global = true;
  }
  auto& into = global ? global_values : variables;
  if (!into.contains(key) && variables.size() + global_values.size() >= limits.max_variables) {
    return Fail(at, fmt::format("more than {} variables", limits.max_variables));
  }
  into[key] = std::move(value);
}

std::string Run::Expand(std::string_view text) {
  // In a loop a long string is copied again and again.
  if (text.size() >= 256 && !Spend(text.size() / 256)) return {};
  if (!Requires("variables") || text.find("${") == std::string_view::npos) return std::string(text);
  std::string out;
  size_t at = 0;
  while (at < text.size() && !failed()) {
    size_t start = text.find("${", at);
    if (start == std::string_view::npos) break;
    out.append(text.substr(at, start - at));
    std::optional<std::string> name = ReferenceAt(text, start);
    std::optional<std::string> value;
    if (name) value = Variable(*name);
    if (value) {
      out += *value;
      at = start + name->size() + 3;
      Spend(1 + value->size() / 256);
    } else {
      out += "${";
      at = start + 2;
    }
    if (out.size() > kMaxExpanded) Fail({}, "string with variables is longer than 1 MiB");
  }
  if (at < text.size()) out.append(text.substr(at));
  return out;
}

}  // namespace pennypost::sieve
