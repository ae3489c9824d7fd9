#include "imap/mailbox_name.h"

#include <array>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "base/text.h"

namespace pennypost::imap {
namespace {

// RFC 3501 5.1.3: base64 with "," for "/" and without padding.
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool IsDirect(char c) {
  return c >= 0x20 && c <= 0x7E;
}

// The code point at `at`, which moves behind it. `utf8` is well-formed.
uint32_t NextCodePoint(std::string_view utf8, size_t& at) {
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(utf8[i])); };
  uint32_t lead = byte(at);
  size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t c = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) c = c << 6 | (byte(at + i) & 0x3F);
  at += length;
  return c;
}

void AppendUtf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

class Base64Writer {
 public:
  explicit Base64Writer(std::string& out) : out_(out) {}
  void Unit(uint32_t unit) {
    bits_ = bits_ << 16 | unit;
    for (count_ += 16; count_ >= 6; count_ -= 6)
      out_.push_back(kAlphabet[bits_ >> (count_ - 6) & 63]);
  }
  void Finish() {
    if (count_ > 0) out_.push_back(kAlphabet[bits_ << (6 - count_) & 63]);
  }

 private:
  std::string& out_;
  uint64_t bits_ = 0;
  int count_ = 0;
};

// The UTF-16 units of one shifted run, or nothing.
std::optional<std::vector<uint32_t>> DecodeRun(std::string_view run) {
  std::vector<uint32_t> units;
  uint32_t bits = 0;
  int count = 0;
  for (char c : run) {
    size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0x3FFFFF;
    count += 6;
    if (count >= 16) {
      count -= 16;
      units.push_back(bits >> count & 0xFFFF);
    }
  }
  // What is left over are fewer than six zero bits.
  if (count >= 6 || (bits & ((1u << count) - 1)) != 0 || units.empty()) return std::nullopt;
  return units;
}

bool AppendUnits(const std::vector<uint32_t>& units, std::string& out) {
  for (size_t i = 0; i < units.size(); ++i) {
    uint32_t c = units[i];
    if (c >= 0xD800 && c < 0xDC00) {
      if (i + 1 == units.size() || units[i + 1] < 0xDC00 || units[i + 1] > 0xDFFF) return false;
      c = 0x10000 + ((c - 0xD800) << 10 | (units[++i] - 0xDC00));
    } else if ((c >= 0xDC00 && c < 0xE000) || (c < 0x80 && IsDirect(static_cast<char>(c)))) {
      return false;
    }
    AppendUtf8(c, out);
  }
  return true;
}

}  // namespace

std::string EncodeUtf7(std::string_view utf8) {
  std::string out;
  for (size_t at = 0; at < utf8.size();) {
    if (IsDirect(utf8[at])) {
      out.push_back(utf8[at]);
      if (utf8[at++] == '&') out.push_back('-');
      continue;
    }
    out.push_back('&');
    Base64Writer writer(out);
    while (at < utf8.size() && !IsDirect(utf8[at])) {
      uint32_t c = NextCodePoint(utf8, at);
      if (c >= 0x10000) {
        writer.Unit(0xD800 + ((c - 0x10000) >> 10));
        writer.Unit(0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        writer.Unit(c);
      }
    }
    writer.Finish();
    out.push_back('-');
  }
  return out;
}

std::optional<std::string> DecodeUtf7(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (!IsDirect(text[at])) return std::nullopt;
    if (text[at] != '&') {
      out.push_back(text[at++]);
      continue;
    }
    size_t end = text.find('-', at);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == at + 1) {
      out.push_back('&');
    } else {
      auto units = DecodeRun(text.substr(at + 1, end - at - 1));
      if (!units || !AppendUnits(*units, out)) return std::nullopt;
    }
    at = end + 1;
  }
  return out;
}

absl::StatusOr<std::string> NormalizeMailbox(std::string_view utf8) {
  // RFC 9051 6.3.4: CREATE with a trailing separator says that children will follow; the name is
  // without it.
  if (utf8.size() > 1 && utf8.ends_with(kSeparator)) utf8.remove_suffix(1);
  if (utf8.size() > 1000) return SyntaxError("Mailbox name too long");
  if (!IsUtf8(utf8)) return SyntaxError("Mailbox name is not UTF-8");
  for (char c : utf8) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return SyntaxError("Control in mailbox name");
  }
  std::string name(utf8);
  if (name.starts_with(kSeparator) || name.find("//") != std::string::npos) {
    return SyntaxError("Empty level in mailbox name");
  }
  constexpr std::string_view kInbox = "INBOX";
  if (StartsWithIgnoreCase(name, kInbox) &&
      (name.size() == kInbox.size() || name[kInbox.size()] == kSeparator)) {
    name.replace(0, kInbox.size(), kInbox);
  }
  return name;
}

absl::StatusOr<std::string> MailboxFromUtf7(std::string_view text) {
  auto decoded = DecodeUtf7(text);
  return NormalizeMailbox(decoded ? *decoded : text);
}

std::optional<OtherUsersName> SplitOtherUsers(std::string_view name) {
  if (name == kOtherUsers) return OtherUsersName{};
  if (!name.starts_with(kOtherUsers) || name[kOtherUsers.size()] != kSeparator) return std::nullopt;
  name.remove_prefix(kOtherUsers.size() + 1);
  size_t end = name.find(kSeparator);
  if (end == std::string_view::npos) return OtherUsersName{std::string(name), ""};
  return OtherUsersName{std::string(name.substr(0, end)), std::string(name.substr(end + 1))};
}

std::string JoinOtherUsers(std::string_view owner, std::string_view mailbox) {
  std::string name(kOtherUsers);
  for (std::string_view level : {owner, mailbox}) {
    name += kSeparator;
    name += level;
  }
  return name;
}

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  if (EqualsIgnoreCase(name, "INBOX") && EqualsIgnoreCase(pattern, "INBOX")) return true;
  // reachable[j]: the pattern so far matches name[0, j).
  std::vector<char> reachable(name.size() + 1, 0);
  reachable[0] = 1;
  for (char c : pattern) {
    if (c == '*' || c == '%') {
      for (size_t j = 1; j <= name.size(); ++j) {
        if (reachable[j - 1] && (c == '*' || name[j - 1] != kSeparator)) reachable[j] = 1;
      }
      continue;
    }
    for (size_t j = name.size(); j > 0; --j) reachable[j] = reachable[j - 1] && name[j - 1] == c;
    reachable[0] = 0;
  }
  return reachable[name.size()];
}

}  // namespace pennypost::imap
