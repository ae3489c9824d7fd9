#include "mailauth/auth_results.h"

#include <algorithm>

#include "base/text.h"
#include "mailauth/dns.h"

namespace pennypost::mailauth {
namespace {

// RFC 2045 5.1 token, with "@" and "/" in addition where RFC 8601 2.2 pvalue allows them.
bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (char c : value) {
    if (!IsAlpha(c) && !IsDigit(c) &&
        std::string_view("-._@+=!#$&*^").find(c) == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string Value(std::string_view value) {
  constexpr size_t kMaxValue = 400;
  value = value.substr(0, kMaxValue);
  if (!NeedsQuotes(value)) return std::string(value);
  std::string out = "\"";
  for (char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) continue;
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

// Skips white space and comments (RFC 5322 3.2.2). False for a comment without end.
bool SkipCfws(std::string_view& text) {
  int depth = 0;
  while (!text.empty()) {
    char c = text[0];
    if (depth > 0 && c == '\\')
      text.remove_prefix(std::min<size_t>(text.size(), 2));
    else if (c == '(' || (c == ')' && depth > 0)) {
      depth += c == '(' ? 1 : -1;
      text.remove_prefix(1);
    } else if (depth > 0 || IsWsp(c) || c == '\r' || c == '\n') {
      text.remove_prefix(1);
    } else {
      return true;
    }
  }
  return depth == 0;
}

}  // namespace

std::string AuthenticationResults(std::string_view authserv_id,
                                  const std::vector<AuthMethod>& methods) {
  std::string out = "Authentication-Results: " + Value(authserv_id);
  if (methods.empty()) return out + "; none\r\n";
  for (const AuthMethod& method : methods) {
    out += ";\r\n " + method.method + "=" + method.result;
    if (!method.reason.empty()) out += " reason=" + Value(method.reason);
    for (const AuthProperty& property : method.properties) {
      out += "\r\n  " + property.name + "=" + Value(property.value);
    }
  }
  return out + "\r\n";
}

std::string AuthservId(std::string_view value) {
  if (!SkipCfws(value) || value.empty()) return "";
  if (value[0] != '"') return std::string(value.substr(0, value.find_first_of(" \t\r\n;(")));
  std::string id;
  for (size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '"') return id;
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    if (value[i] != '\r' && value[i] != '\n') id.push_back(value[i]);
  }
  return "";
}

std::vector<std::string> AuthResultsOf(std::string_view value) {
  std::vector<std::string> parts(1);
  int comment = 0;
  bool quoted = false, space = false;
  for (size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    if (IsWsp(c) || c == '\r' || c == '\n') {
      space = true;
      continue;
    }
    if (c == ';' && comment == 0 && !quoted) {
      parts.emplace_back();
      space = false;
      continue;
    }
    if (space && !parts.back().empty()) parts.back().push_back(' ');
    space = false;
    parts.back().push_back(c);
    if (c == '\\' && (quoted || comment > 0)) {
      // The next character means itself, unless it is the start of a fold.
      if (i + 1 < value.size() && value[i + 1] != '\r' && value[i + 1] != '\n')
        parts.back().push_back(value[++i]);
    } else if (c == '"' && comment == 0) {
      quoted = !quoted;
    } else if (!quoted && (c == '(' || (c == ')' && comment > 0))) {
      comment += c == '(' ? 1 : -1;
    }
  }
  parts.erase(parts.begin());  // the authserv-id and its version
  std::erase_if(parts, [](const std::string& part) {
    return part.empty() || EqualsIgnoreCase(part, "none");
  });
  return parts;
}

std::vector<size_t> ForgedAuthResults(const mail::HeaderBlock& block,
                                      const std::vector<std::string>& own_ids) {
  std::vector<size_t> forged;
  for (size_t i = 0; i < block.fields.size(); ++i) {
    if (!EqualsIgnoreCase(block.fields[i].name, "Authentication-Results")) continue;
    std::string id = CanonicalName(AuthservId(block.fields[i].value));
    bool ours = id.empty() ||
                std::any_of(own_ids.begin(), own_ids.end(),
                            [&id](const std::string& own) { return CanonicalName(own) == id; });
    if (ours) forged.push_back(i);
  }
  return forged;
}

}  // namespace pennypost::mailauth
