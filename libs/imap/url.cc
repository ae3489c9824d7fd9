#include "imap/url.h"

#include <fmt/format.h>

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"
#include "imap/mailbox_name.h"

namespace pennypost::imap {
namespace {

constexpr size_t kMaxUrl = 8 << 10;

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0) return SyntaxError("Bad percent-encoding");
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '\0') return SyntaxError("NUL in URL");
    }
    out.push_back(c);
  }
  return out;
}

// Takes ";NAME=" (no case) and what stands behind it, up to "/" or the end.
std::optional<std::string_view> TakeParameter(std::string_view& rest, std::string_view name) {
  if (!StartsWithIgnoreCase(rest, name)) return std::nullopt;
  rest.remove_prefix(name.size());
  size_t end = std::min(rest.find('/'), rest.size());
  std::string_view value = rest.substr(0, end);
  rest.remove_prefix(end);
  return value;
}

absl::StatusOr<uint32_t> ParseNonZero(std::string_view text) {
  auto number = ParseUint(text);
  if (!number || *number == 0 || *number > UINT32_MAX) return SyntaxError("Bad number in URL");
  return static_cast<uint32_t>(*number);
}

// RFC 5092 11 ipartial-range: number ["." nz-number]
absl::Status ParsePartialOf(std::string_view text, MessageUrl& url) {
  size_t dot = text.find('.');
  auto offset = ParseUint(text.substr(0, dot));
  if (!offset) return SyntaxError("Bad number in URL");
  url.partial = {*offset, std::nullopt};
  if (dot == std::string_view::npos) return absl::OkStatus();
  auto length = ParseUint(text.substr(dot + 1));
  if (!length || *length == 0) return SyntaxError("Bad number in URL");
  url.partial->second = *length;
  return absl::OkStatus();
}

// Between the first "/" and "/;UID=".
absl::Status ParseMailbox(std::string_view text, MessageUrl& url) {
  constexpr std::string_view kValidity = ";UIDVALIDITY=";
  size_t semicolon = text.find(';');
  if (semicolon != std::string_view::npos) {
    std::string_view parameter = text.substr(semicolon);
    if (!StartsWithIgnoreCase(parameter, kValidity)) return SyntaxError("Bad URL");
    ASSIGN_OR_RETURN(url.uid_validity, ParseNonZero(parameter.substr(kValidity.size())));
    text = text.substr(0, semicolon);
  }
  ASSIGN_OR_RETURN(std::string name, PercentDecode(text));
  ASSIGN_OR_RETURN(url.mailbox, NormalizeMailbox(name));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MessageUrl> ParseMessageUrl(std::string_view text) {
  constexpr std::string_view kUid = ";UID=";
  MessageUrl url;
  if (text.size() > kMaxUrl) return SyntaxError("URL too long");
  std::string_view rest = text;
  if (!StartsWithIgnoreCase(rest, kUid)) {
    // RFC 4469 3: nothing of another server, so no scheme and no "//".
    if (!rest.starts_with('/') || rest.starts_with("//")) return SyntaxError("Not a relative URL");
    // The mailbox goes up to the first parameter that is not its own.
    size_t uid = 0;
    while (uid < rest.size() && !StartsWithIgnoreCase(rest.substr(uid), "/;")) ++uid;
    if (uid == 0 || uid == rest.size()) return SyntaxError("Not the URL of a message");
    RETURN_IF_ERROR(ParseMailbox(rest.substr(1, uid - 1), url));
    rest.remove_prefix(uid + 1);
  }
  auto uid = TakeParameter(rest, kUid);
  if (!uid) return SyntaxError("Not the URL of a message");
  ASSIGN_OR_RETURN(url.uid, ParseNonZero(*uid));
  if (auto section = TakeParameter(rest, "/;SECTION=")) {
    if (section->empty()) return SyntaxError("Empty section in URL");
    ASSIGN_OR_RETURN(std::string decoded, PercentDecode(*section));
    ASSIGN_OR_RETURN(url.section, ParseSectionText(decoded));
  }
  if (auto partial = TakeParameter(rest, "/;PARTIAL="))
    RETURN_IF_ERROR(ParsePartialOf(*partial, url));
  if (!rest.empty()) return SyntaxError("Unknown parameter in URL");
  return url;
}

std::string UrlForResponse(std::string_view url) {
  std::string out;
  for (char c : url) {
    bool plain = c > 0x20 && c < 0x7F && c != '[' && c != ']' && c != '"' && c != '\\';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace pennypost::imap
