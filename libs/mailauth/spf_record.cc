#include "mailauth/spf_record.h"

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

constexpr std::string_view kVersion = "v=spf1";

bool IsAlnum(char c) {
  return IsAlpha(c) || IsDigit(c);
}

// RFC 7208 7.1 toplabel: letters, digits and inner hyphens, not digits alone.
bool IsTopLabel(std::string_view label) {
  if (label.empty() || !IsAlnum(label.front()) || !IsAlnum(label.back())) return false;
  bool only_digits = true;
  for (char c : label) {
    if (!IsAlnum(c) && c != '-') return false;
    only_digits = only_digits && IsDigit(c);
  }
  return !only_digits;
}

// RFC 7208 7.1 macro-expand in braces: `inside` is what stands between them.
std::optional<SpfMacro> ParseMacro(std::string_view inside, SpfMacroPlace place) {
  SpfMacro macro;
  if (inside.empty()) return std::nullopt;
  macro.letter = AsciiLower(inside[0]);
  macro.url_escape = inside[0] != macro.letter;
  std::string_view letters = place == SpfMacroPlace::kExplanation ? "slodiphvcrt" : "slodiphv";
  if (letters.find(macro.letter) == std::string_view::npos) return std::nullopt;
  inside.remove_prefix(1);
  size_t digits = 0;
  while (digits < inside.size() && IsDigit(inside[digits])) ++digits;
  if (digits > 0) {
    std::optional<uint64_t> keep = ParseUint(inside.substr(0, digits));
    if (keep && *keep == 0) return std::nullopt;
    macro.keep = keep && *keep < 1000 ? static_cast<int>(*keep) : 1000;
    inside.remove_prefix(digits);
  }
  if (!inside.empty() && AsciiLower(inside[0]) == 'r') {
    macro.reverse = true;
    inside.remove_prefix(1);
  }
  if (inside.find_first_not_of(".-+,/_=") != std::string_view::npos) return std::nullopt;
  if (!inside.empty()) macro.delimiters = std::string(inside);
  return macro;
}

void AppendLiteral(SpfMacroString& out, std::string_view text) {
  if (out.empty() || out.back().letter != 0) out.emplace_back();
  out.back().literal.append(text);
}

// RFC 7208 7.1 domain-end: the spec ends in a macro or in a dot and a top label.
bool HasDomainEnd(const SpfMacroString& macros) {
  if (macros.empty()) return false;
  if (macros.back().letter != 0) return true;
  std::string_view tail = macros.back().literal;
  if (tail.ends_with('.')) tail.remove_suffix(1);
  size_t dot = tail.rfind('.');
  return dot != std::string_view::npos && IsTopLabel(tail.substr(dot + 1));
}

// Takes "/digits" off the end of `text`; nothing for a bad number.
std::optional<int> TakePrefix(std::string_view digits, int max) {
  std::optional<uint64_t> value = ParseUint(digits);
  if (!value || *value > static_cast<uint64_t>(max)) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  return static_cast<int>(*value);
}

// RFC 7208 5.6 dual-cidr-length: "/24", "//64" or "/24//64" at the end, outside of any macro.
bool TakeDualCidr(std::string_view& text, SpfDirective& directive) {
  size_t end = text.find_last_not_of("0123456789/");
  size_t from = end == std::string_view::npos ? 0 : end + 1;
  size_t slash = text.find('/', from);
  if (slash == std::string_view::npos) return true;
  std::string_view cidr = text.substr(slash);
  size_t dual = cidr.find("//");
  std::string_view v4 = cidr.substr(0, dual);
  if (!v4.empty()) {
    std::optional<int> prefix = TakePrefix(v4.substr(1), 32);
    if (!prefix) return false;
    directive.prefix4 = *prefix;
  }
  if (dual != std::string_view::npos) {
    std::optional<int> prefix = TakePrefix(cidr.substr(dual + 2), 128);
    if (!prefix) return false;
    directive.prefix6 = *prefix;
  }
  text = text.substr(0, slash);
  return true;
}

bool TakeNetwork(std::string_view text, SpfDirective& directive) {
  bool v4 = directive.mechanism == SpfMechanism::kIp4;
  size_t slash = text.find('/');
  std::string_view literal = text.substr(0, slash);
  // The family is decided by the mechanism, not by what the address turns out to be.
  if ((literal.find(':') == std::string_view::npos) != v4) return false;
  std::optional<IpAddress> ip = IpAddress::Parse(literal);
  if (!ip) return false;
  directive.network = {*ip, v4 ? 32 : 128};
  if (slash == std::string_view::npos) return true;
  std::optional<int> prefix = TakePrefix(text.substr(slash + 1), v4 ? 32 : 128);
  if (!prefix) return false;
  directive.network.prefix = *prefix;
  return true;
}

struct MechanismName {
  std::string_view name;
  SpfMechanism mechanism;
};
constexpr MechanismName kMechanisms[] = {
    {"all", SpfMechanism::kAll}, {"include", SpfMechanism::kInclude}, {"a", SpfMechanism::kA},
    {"mx", SpfMechanism::kMx},   {"ptr", SpfMechanism::kPtr},         {"ip4", SpfMechanism::kIp4},
    {"ip6", SpfMechanism::kIp6}, {"exists", SpfMechanism::kExists},
};

// What follows the name of a mechanism: ":..." or "/..." or nothing.
bool ParseArgument(std::string_view rest, SpfDirective& directive) {
  SpfMechanism mechanism = directive.mechanism;
  if (mechanism == SpfMechanism::kAll) return rest.empty();
  if (mechanism == SpfMechanism::kIp4 || mechanism == SpfMechanism::kIp6) {
    return rest.starts_with(':') && TakeNetwork(rest.substr(1), directive);
  }
  if (mechanism == SpfMechanism::kA || mechanism == SpfMechanism::kMx) {
    if (!TakeDualCidr(rest, directive)) return false;
  }
  bool needs_domain = mechanism == SpfMechanism::kInclude || mechanism == SpfMechanism::kExists;
  if (rest.empty()) return !needs_domain;
  if (!rest.starts_with(':')) return false;
  directive.domain = ParseSpfMacros(rest.substr(1), SpfMacroPlace::kDomainSpec);
  return directive.domain.has_value();
}

std::optional<SpfDirective> ParseDirective(std::string_view term) {
  SpfDirective directive;
  constexpr std::string_view kQualifiers = "+-~?";  // in the order of SpfQualifier
  size_t qualifier = kQualifiers.find(term[0]);
  if (qualifier != std::string_view::npos) {
    directive.qualifier = static_cast<SpfQualifier>(qualifier);
    term.remove_prefix(1);
  }
  std::string_view name = term.substr(0, term.find_first_of(":/"));
  for (const MechanismName& known : kMechanisms) {
    if (!EqualsIgnoreCase(name, known.name)) continue;
    directive.mechanism = known.mechanism;
    if (!ParseArgument(term.substr(name.size()), directive)) return std::nullopt;
    return directive;
  }
  return std::nullopt;
}

// RFC 7208 4.6.1: "=" right behind a name makes a modifier. Zero where the term is none.
size_t ModifierNameLength(std::string_view term) {
  if (term.empty() || !IsAlpha(term[0])) return 0;
  size_t at = 0;
  while (at < term.size() &&
         (IsAlnum(term[at]) || term[at] == '-' || term[at] == '_' || term[at] == '.'))
    ++at;
  return at < term.size() && term[at] == '=' ? at : 0;
}

bool ParseModifier(std::string_view name, std::string_view value, SpfRecord& record) {
  bool redirect = EqualsIgnoreCase(name, "redirect");
  if (!redirect && !EqualsIgnoreCase(name, "exp")) {
    return ParseSpfMacros(value, SpfMacroPlace::kModifier).has_value();
  }
  // RFC 7208 6: each at most once.
  std::optional<SpfMacroString>& slot = redirect ? record.redirect : record.exp;
  if (slot) return false;
  slot = ParseSpfMacros(value, SpfMacroPlace::kDomainSpec);
  return slot.has_value();
}

}  // namespace

bool IsSpfRecord(std::string_view txt) {
  return StartsWithIgnoreCase(txt, kVersion) &&
         (txt.size() == kVersion.size() || txt[kVersion.size()] == ' ');
}

std::optional<SpfMacroString> ParseSpfMacros(std::string_view text, SpfMacroPlace place) {
  SpfMacroString out;
  while (!text.empty()) {
    if (text[0] != '%') {
      std::string_view run = text.substr(0, text.find('%'));
      for (char c : run) {
        // RFC 7208 7.1 macro-literal: visible ASCII; an explanation may hold spaces too (6.2).
        bool space = c == ' ' && place == SpfMacroPlace::kExplanation;
        if ((c < 0x21 || c > 0x7e) && !space) return std::nullopt;
      }
      AppendLiteral(out, run);
      text.remove_prefix(run.size());
      continue;
    }
    char next = text.size() > 1 ? text[1] : '\0';
    if (next == '%' || next == '_' || next == '-') {
      AppendLiteral(out, next == '%' ? "%" : next == '_' ? " " : "%20");
      text.remove_prefix(2);
      continue;
    }
    size_t close = text.find('}');
    if (next != '{' || close == std::string_view::npos) return std::nullopt;
    std::optional<SpfMacro> macro = ParseMacro(text.substr(2, close - 2), place);
    if (!macro) return std::nullopt;
    out.push_back(std::move(*macro));
    text.remove_prefix(close + 1);
  }
  if (place == SpfMacroPlace::kDomainSpec && !HasDomainEnd(out)) return std::nullopt;
  return out;
}

std::optional<SpfRecord> ParseSpfRecord(std::string_view txt) {
  if (!IsSpfRecord(txt)) return std::nullopt;
  SpfRecord record;
  for (std::string_view term : Split(txt.substr(kVersion.size()), ' ')) {
    if (term.empty()) continue;
    size_t name = ModifierNameLength(term);
    if (name > 0) {
      if (!ParseModifier(term.substr(0, name), term.substr(name + 1), record)) return std::nullopt;
      continue;
    }
    std::optional<SpfDirective> directive = ParseDirective(term);
    if (!directive) return std::nullopt;
    record.directives.push_back(std::move(*directive));
  }
  return record;
}

}  // namespace pennypost::mailauth
