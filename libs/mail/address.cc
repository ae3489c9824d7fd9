#include "mail/address.h"

#include <arpa/inet.h>
#include <idn2.h>

#include "base/status.h"
#include "base/text.h"

namespace pennypost::mail {
namespace {

constexpr size_t kMaxLabel = 63;

// RFC 5322 3.2.3 atext.
constexpr bool IsAtext(char c) {
  if (IsAlpha(c) || IsDigit(c)) return true;
  for (char special : std::string_view("!#$%&'*+-/=?^_`{|}~")) {
    if (c == special) return true;
  }
  return false;
}
constexpr std::array<bool, 256> MakeAtextTable() {
  std::array<bool, 256> table{};
  for (size_t i = 0; i < 256; ++i) table[i] = i >= 0x80 || IsAtext(static_cast<char>(i));
  return table;
}
constexpr std::array<bool, 256> kAtext = MakeAtextTable();
constexpr bool IsAtextOrUtf8(char c) {
  return kAtext[static_cast<unsigned char>(c)];
}

// RFC 5321 4.1.2 sub-domain, and the label length of RFC 1035 2.3.4.
bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > kMaxDomain) return false;
  size_t label = 0;
  char before = '.';
  for (char c : name) {
    if (c == '.') {
      if (before == '.' || before == '-') return false;
      label = 0;
    } else {
      if (!IsAlpha(c) && !IsDigit(c) && c != '-') return false;
      if ((c == '-' && before == '.') || ++label > kMaxLabel) return false;
    }
    before = c;
  }
  return before != '.' && before != '-';
}

absl::StatusOr<std::string> ToALabels(std::string_view domain) {
  // UTS 46 maps case, width and dots first; its result is checked like any ASCII name, because a
  // mapped character may be one that no host name holds.
  if (!IsUtf8(domain) || domain.size() > kMaxDomain) return SyntaxError("malformed domain");
  char* ascii = nullptr;
  std::string input(domain);
  int rc = idn2_to_ascii_8z(input.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (rc != IDN2_OK) return SyntaxError("domain is no valid internationalized name");
  std::string result = ToLower(ascii);
  idn2_free(ascii);
  if (!IsHostName(result)) return SyntaxError("malformed domain");
  return result;
}

// A reader over the text of one mailbox. Each method consumes its production or fails.
class MailboxReader {
 public:
  MailboxReader(std::string_view text, Utf8Policy utf8) : text_(text), utf8_(utf8) {}

  size_t at() const { return at_; }
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }

  absl::StatusOr<std::string> LocalPart() {
    size_t begin = at_;
    absl::StatusOr<std::string> local = Peek() == '"' ? QuotedString() : DotString();
    if (!local.ok()) return local;
    RETURN_IF_ERROR(CheckUtf8(*local));
    // RFC 5321 4.5.3.1.1 counts what is on the wire.
    if (at_ - begin > kMaxLocalPart) return SyntaxError("local part too long");
    return local;
  }

  absl::Status Domain(Address& address) {
    size_t begin = at_;
    if (Peek() == '[') {
      size_t end = text_.find(']', at_);
      if (end == std::string_view::npos) return SyntaxError("malformed address literal");
      at_ = end + 1;
      ASSIGN_OR_RETURN(address.domain, NormalizeAddressLiteral(text_.substr(begin, at_ - begin)));
      address.is_literal = true;
      return absl::OkStatus();
    }
    while (!AtEnd() && IsDomainByte(text_[at_])) ++at_;
    ASSIGN_OR_RETURN(address.domain, NormalizeDomain(text_.substr(begin, at_ - begin), utf8_));
    return absl::OkStatus();
  }

  absl::StatusOr<Address> Mailbox() {
    Address address;
    size_t begin = at_;
    ASSIGN_OR_RETURN(address.local_part, LocalPart());
    if (Peek() != '@') return SyntaxError("address without domain");
    ++at_;
    RETURN_IF_ERROR(Domain(address));
    size_t written = std::max(at_ - begin, address.local_part.size() + 1 + address.domain.size());
    if (written > kMaxAddress) return SyntaxError("address too long");
    return address;
  }

  bool Take(char c) {
    if (Peek() != c || AtEnd()) return false;
    ++at_;
    return true;
  }

 private:
  static bool IsDomainByte(char c) {
    return IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  absl::Status CheckUtf8(std::string_view text) const {
    if (IsAscii(text)) return absl::OkStatus();
    if (utf8_ == Utf8Policy::kRefuse) return SyntaxError("non-ASCII address without SMTPUTF8");
    return IsUtf8(text) ? absl::OkStatus() : SyntaxError("address is not UTF-8");
  }

  absl::StatusOr<std::string> DotString() {
    size_t begin = at_;
    while (!AtEnd() && (IsAtextOrUtf8(text_[at_]) || text_[at_] == '.')) ++at_;
    std::string_view local = text_.substr(begin, at_ - begin);
    if (!IsDotString(local)) return SyntaxError("malformed local part");
    return std::string(local);
  }

  // RFC 5321 4.1.2 Quoted-string. An empty one is refused: no mailbox has no name.
  absl::StatusOr<std::string> QuotedString() {
    std::string out;
    ++at_;
    while (!AtEnd() && text_[at_] != '"') {
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte < 0x20 || byte == 0x7F) return SyntaxError("control character in local part");
      out.push_back(text_[at_++]);
    }
    if (!Take('"') || out.empty()) return SyntaxError("malformed quoted local part");
    return out;
  }

  std::string_view text_;
  Utf8Policy utf8_;
  size_t at_ = 0;
};

}  // namespace

bool IsDotString(std::string_view text) {
  char before = '.';
  for (char c : text) {
    if (c == '.' ? before == '.' : !IsAtextOrUtf8(c)) return false;
    before = c;
  }
  return before != '.';
}

std::string Address::ToString() const {
  std::string out;
  out.reserve(local_part.size() + domain.size() + 3);
  if (IsDotString(local_part)) {
    out = local_part;
  } else {
    out.push_back('"');
    for (char c : local_part) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  if (domain.empty()) return out;
  out.push_back('@');
  out += domain;
  return out;
}

bool Address::NeedsUtf8() const {
  return !IsAscii(local_part);
}

absl::StatusOr<std::string> NormalizeDomain(std::string_view domain, Utf8Policy utf8) {
  if (IsAscii(domain)) {
    if (!IsHostName(domain)) return SyntaxError("malformed domain");
    return ToLower(domain);
  }
  if (utf8 == Utf8Policy::kRefuse) return SyntaxError("non-ASCII domain without SMTPUTF8");
  return ToALabels(domain);
}

absl::StatusOr<std::string> NormalizeAddressLiteral(std::string_view literal) {
  constexpr std::string_view kV6 = "IPv6:";
  if (literal.size() < 3 || literal.size() > kMaxDomain || literal.front() != '[' ||
      literal.back() != ']') {
    return SyntaxError("malformed address literal");
  }
  std::string inner(literal.substr(1, literal.size() - 2));
  bool v6 = StartsWithIgnoreCase(inner, kV6);
  if (v6) inner.erase(0, kV6.size());
  // A NUL would end the text early for inet_pton.
  if (inner.find('\0') != std::string::npos) return SyntaxError("malformed address literal");
  unsigned char raw[16];
  char text[INET6_ADDRSTRLEN];
  int family = v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, inner.c_str(), raw) != 1) return SyntaxError("malformed address literal");
  inet_ntop(family, raw, text, sizeof text);
  std::string canonical = v6 ? "[IPv6:" : "[";
  return canonical.append(text).append("]");
}

absl::StatusOr<Address> ParseAddress(std::string_view text, Utf8Policy utf8) {
  MailboxReader reader(text, utf8);
  absl::StatusOr<Address> address = reader.Mailbox();
  if (address.ok() && !reader.AtEnd()) return SyntaxError("text after the address");
  return address;
}

absl::StatusOr<Path> ParsePath(std::string_view text, PathKind kind, Utf8Policy utf8) {
  Path path;
  MailboxReader reader(text, utf8);
  if (!reader.Take('<')) return SyntaxError("address must stand in angle brackets");
  if (kind == PathKind::kReverse && reader.Take('>')) {
    path.rest = text.substr(reader.at());
    return path;
  }
  if (reader.Peek() == '@') return SyntaxError("source routes are not accepted");
  // RFC 5321 4.1.1.3: "postmaster" in any case needs no domain.
  constexpr std::string_view kPostmaster = "postmaster";
  if (kind == PathKind::kForward && StartsWithIgnoreCase(text.substr(1), "postmaster>")) {
    path.address = Address{.local_part = std::string(kPostmaster), .domain = ""};
    path.rest = text.substr(1 + kPostmaster.size() + 1);
    return path;
  }
  ASSIGN_OR_RETURN(path.address, reader.Mailbox());
  if (!reader.Take('>')) return SyntaxError("malformed address");
  path.rest = text.substr(reader.at());
  return path;
}

}  // namespace pennypost::mail
