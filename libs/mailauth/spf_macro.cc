// Macro expansion of the SPF evaluator (RFC 7208 7).

#include <algorithm>

#include "base/text.h"
#include "mailauth/spf.h"

namespace pennypost::mailauth {
namespace {

// RFC 7208 7.3: split at any of the delimiters, reverse, keep the right-hand parts, join with dots.
std::string Transform(const SpfMacro& macro, std::string_view value) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (;;) {
    size_t end = value.find_first_of(macro.delimiters, begin);
    if (end == std::string_view::npos) break;
    parts.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(value.substr(begin));
  if (macro.reverse) std::reverse(parts.begin(), parts.end());
  size_t keep =
      macro.keep == 0 ? parts.size() : std::min(parts.size(), static_cast<size_t>(macro.keep));
  std::string out;
  for (size_t i = parts.size() - keep; i < parts.size(); ++i) {
    if (i > parts.size() - keep) out.push_back('.');
    out.append(parts[i]);
  }
  return out;
}

// RFC 7208 7.3: all but the unreserved characters of RFC 3986 2.3.
std::string UrlEscape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      out += "%" + ToUpper(HexEncode({&c, 1}));
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> SpfEvaluator::MacroValue(char letter, const std::string& domain) {
  switch (letter) {
    case 's':
      return local_part_ + "@" + sender_domain_;
    case 'l':
      return local_part_;
    case 'o':
      return sender_domain_;
    case 'd':
      return domain;
    case 'i':
      return ToUpper(request_.ip.DottedForm());  // as the public suite writes the nibbles
    case 'v':
      return request_.ip.is_v4() ? "in-addr" : "ip6";
    case 'h':
      return request_.helo;
    case 'c':
      return request_.ip.ToString();
    case 'r':
      return request_.receiver;
    case 't':
      return std::to_string(request_.unix_seconds);
    default:
      break;
  }
  // "p": the domain itself, a name below it, any name, in this order (RFC 7208 7.3).
  std::optional<std::vector<std::string>> names = ValidatedNames();
  if (!names) return std::nullopt;
  for (const std::string& name : *names) {
    if (name == domain) return name;
  }
  for (const std::string& name : *names) {
    if (IsSameOrSubdomain(name, domain)) return name;
  }
  return names->empty() ? "unknown" : names->front();
}

std::optional<std::string> SpfEvaluator::Expand(const SpfMacroString& macros,
                                                const std::string& domain) {
  constexpr size_t kMaxExpansion = 4096;
  std::string out;
  for (const SpfMacro& macro : macros) {
    if (macro.letter == 0) {
      out += macro.literal;
    } else {
      std::optional<std::string> value = MacroValue(macro.letter, domain);
      if (!value) return std::nullopt;
      std::string text = Transform(macro, *value);
      out += macro.url_escape ? UrlEscape(text) : text;
    }
    // A record of macros alone would otherwise multiply a long local part.
    if (out.size() > kMaxExpansion) return out.substr(out.size() - kMaxExpansion);
  }
  return out;
}

std::optional<std::string> SpfEvaluator::TargetName(const std::optional<SpfMacroString>& macros,
                                                    const std::string& domain) {
  if (!macros) return domain;
  std::optional<std::string> expanded = Expand(*macros, domain);
  if (!expanded) return std::nullopt;
  std::string name = CanonicalName(*expanded);
  // RFC 7208 7.3: too long a name loses labels on the left.
  while (name.size() > 253) {
    size_t dot = name.find('.');
    if (dot == std::string::npos) break;
    name.erase(0, dot + 1);
  }
  return name;
}

}  // namespace pennypost::mailauth
