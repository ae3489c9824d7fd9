#include "mailfile/dates.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "mail/header.h"

namespace pennypost::mailfile {
namespace {

constexpr std::string_view kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::string_view word : Split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::optional<absl::Time> Parse(const char* format, const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error)) return std::nullopt;
  return time;
}

// RFC 5322 3.3, without its comments; the day of the week and the seconds may be missing.
std::optional<absl::Time> ParseMailDate(std::string_view text) {
  std::string plain;
  int depth = 0;
  for (char c : text) {
    if (c == '(') ++depth;
    if (depth == 0) plain.push_back(c == '\t' ? ' ' : c);
    if (c == ')' && depth > 0) --depth;
  }
  std::string_view rest = Trim(plain);
  if (size_t comma = rest.find(','); comma != std::string_view::npos)
    rest = Trim(rest.substr(comma + 1));
  std::string date(rest);
  if (date.ends_with(" GMT") || date.ends_with(" UT"))
    date.replace(date.rfind(' '), std::string::npos, " +0000");
  for (const char* format : {"%d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M %z"}) {
    if (auto time = Parse(format, date)) return time;
  }
  return std::nullopt;
}

// "Nov 26 05:22:05 2026" and a zone, in either order of the last two.
std::optional<absl::Time> ParseAsctime(const std::vector<std::string_view>& words) {
  if (words.size() < 4) return std::nullopt;
  std::string year, zone = "+0000";
  for (size_t i = 3; i < words.size() && i < 6; ++i) {
    if (words[i].size() == 4 && ParseUint(words[i]) && year.empty()) year = words[i];
    if (words[i].size() == 5 && (words[i][0] == '+' || words[i][0] == '-')) zone = words[i];
  }
  std::string time(words[2]);
  if (std::count(time.begin(), time.end(), ':') == 1) time += ":00";
  return Parse("%b %d %H:%M:%S %Y %z", std::string(words[0]) + " " + std::string(words[1]) + " " +
                                           time + " " + year + " " + zone);
}

}  // namespace

std::optional<absl::Time> DateOfHeader(std::string_view message) {
  mail::HeaderBlock header = mail::ParseHeaderBlock(message);
  if (const mail::HeaderField* received = header.Find("Received")) {
    std::string value = mail::Unfold(received->value);
    size_t semicolon = value.rfind(';');
    if (semicolon != std::string::npos) {
      if (auto time = ParseMailDate(std::string_view(value).substr(semicolon + 1))) return time;
    }
  }
  const mail::HeaderField* date = header.Find("Date");
  return date == nullptr ? std::nullopt : ParseMailDate(mail::Unfold(date->value));
}

std::optional<FromLine> ParseFromLine(std::string_view line) {
  constexpr std::string_view kMark = "From ";
  if (!line.starts_with(kMark)) return std::nullopt;
  std::vector<std::string_view> words = Words(line.substr(kMark.size()));
  FromLine from;
  // A sender may hold spaces, so the date is looked for from the end.
  for (size_t i = words.size(); i-- > 0;) {
    if (std::find(std::begin(kDays), std::end(kDays), words[i]) == std::end(kDays)) continue;
    from.date = ParseAsctime({words.begin() + static_cast<long>(i) + 1, words.end()});
    if (from.date) words.resize(i);
    break;
  }
  for (std::string_view word : words) {
    if (!from.date && !from.sender.empty()) break;
    from.sender += (from.sender.empty() ? "" : " ") + std::string(word);
  }
  return from;
}

std::string MakeFromLine(std::string_view sender, absl::Time date) {
  std::string who(Trim(sender));
  who.erase(std::remove_if(who.begin(), who.end(),
                           [](char c) { return static_cast<unsigned char>(c) <= 0x20; }),
            who.end());
  return "From " + (who.empty() ? "MAILER-DAEMON" : who) + " " +
         absl::FormatTime("%a %b %e %H:%M:%S %Y", date, absl::UTCTimeZone());
}

}  // namespace pennypost::mailfile
