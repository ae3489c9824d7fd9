#include "imap/write.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include "base/text.h"
#include "imap/mailbox_name.h"

namespace pennypost::imap {
namespace {

// A longer quoted string is legal, but a literal costs less to read.
constexpr size_t kMaxQuoted = 1000;

bool CanQuote(std::string_view text) {
  if (text.size() > kMaxQuoted) return false;
  for (char c : text) {
    auto b = static_cast<unsigned char>(c);
    if (b == 0 || b >= 0x80 || c == '\r' || c == '\n') return false;
  }
  return true;
}

bool IsPlainAtom(std::string_view text) {
  if (text.empty() || EqualsIgnoreCase(text, "NIL")) return false;
  for (char c : text) {
    if (c <= 32 || c >= 127 || std::string_view("(){%*\"\\]").find(c) != std::string_view::npos)
      return false;
  }
  return true;
}

}  // namespace

void WriteLiteral(std::string_view bytes, std::string& out) {
  out += fmt::format("{{{}}}\r\n", bytes.size());
  size_t start = out.size();
  out += bytes;
  for (size_t at = out.find('\0', start); at != std::string::npos; at = out.find('\0', at))
    out[at] = '\x80';
}

void WriteString(std::string_view text, std::string& out) {
  if (!CanQuote(text)) return WriteLiteral(text, out);
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void WriteNString(const std::optional<std::string>& text, std::string& out) {
  if (text) {
    WriteString(*text, out);
  } else {
    out += "NIL";
  }
}

void WriteMailbox(std::string_view utf8, NameForm form, std::string& out) {
  std::string name = form == NameForm::kUtf7 ? EncodeUtf7(utf8) : std::string(utf8);
  if (IsPlainAtom(name)) {
    out += name;
  } else if (form == NameForm::kUtf8 && name.size() <= kMaxQuoted) {
    // RFC 9051 5.1: UTF-8 in quoted strings; names hold no controls.
    out += '"';
    for (char c : name) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  } else {
    WriteString(name, out);
  }
}

void WriteFlags(const std::vector<std::string>& flags, std::string& out) {
  out += '(';
  for (size_t i = 0; i < flags.size(); ++i) {
    if (i) out += ' ';
    out += flags[i];
  }
  out += ')';
}

void WriteDate(int64_t unix_seconds, std::string& out) {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  absl::CivilSecond t =
      absl::ToCivilSecond(absl::FromUnixSeconds(unix_seconds), absl::UTCTimeZone());
  out += fmt::format("\"{:2}-{}-{:04} {:02}:{:02}:{:02} +0000\"", t.day(), kMonths[t.month() - 1],
                     static_cast<int>(t.year() % 10000), t.hour(), t.minute(), t.second());
}

void BeginFetch(size_t index, uint32_t uid, Numbers numbers, std::string& out) {
  if (numbers == Numbers::kUid) {
    out += fmt::format("* {} UIDFETCH (", uid);
  } else {
    out += fmt::format("* {} FETCH (", index + 1);
  }
}

void BeginFetchWithUid(size_t index, uint32_t uid, Numbers numbers, std::string& out) {
  BeginFetch(index, uid, numbers, out);
  if (numbers == Numbers::kSequence) out += fmt::format("UID {} ", uid);
}

std::string FormatSet(const std::vector<uint32_t>& ascending) {
  std::string out;
  for (size_t i = 0; i < ascending.size();) {
    size_t last = i;
    while (last + 1 < ascending.size() && ascending[last + 1] == ascending[last] + 1) ++last;
    if (!out.empty()) out += ',';
    out += std::to_string(ascending[i]);
    if (last > i) out += ":" + std::to_string(ascending[last]);
    i = last + 1;
  }
  return out;
}

}  // namespace pennypost::imap
