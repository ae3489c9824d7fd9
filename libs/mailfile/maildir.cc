#include "mailfile/maildir.h"

#include <algorithm>

#include "base/text.h"
#include "imap/mailbox_name.h"
#include "mailfile/flags.h"

namespace pennypost::mailfile {
namespace {

struct Letter {
  char letter;
  std::string_view flag;
};
// https://cr.yp.to/proto/maildir.html
constexpr Letter kLetters[] = {{'D', "\\Draft"},    {'F', "\\Flagged"}, {'P', "$Forwarded"},
                               {'R', "\\Answered"}, {'S', "\\Seen"},    {'T', "\\Deleted"}};

constexpr bool IsLetter(char c) {
  return c >= 'a' && c <= 'z';
}

}  // namespace

KeywordTable KeywordTable::Parse(std::string_view file) {
  KeywordTable table;
  for (std::string_view line : Split(file, '\n')) {
    size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    auto number = ParseUint(line.substr(0, space));
    if (number && *number < table.names_.size())
      table.names_[*number] = std::string(Trim(line.substr(space + 1)));
  }
  return table;
}

std::string KeywordTable::ToFile() const {
  std::string out;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!names_[i].empty()) out += std::to_string(i) + " " + names_[i] + "\n";
  }
  return out;
}

const std::string& KeywordTable::NameOf(char letter) const {
  static const std::string kNone;
  return IsLetter(letter) ? names_[static_cast<size_t>(letter - 'a')] : kNone;
}

std::optional<char> KeywordTable::LetterFor(std::string_view keyword) {
  std::optional<char> free;
  for (size_t i = names_.size(); i-- > 0;) {
    char letter = static_cast<char>('a' + i);
    if (names_[i].empty()) {
      free = letter;
    } else if (EqualsIgnoreCase(names_[i], keyword)) {
      return letter;
    }
  }
  if (free) names_[static_cast<size_t>(*free - 'a')] = std::string(keyword);
  return free;
}

MaildirName ParseMaildirName(std::string_view file, const KeywordTable& keywords) {
  MaildirName name;
  size_t colon = file.find(":2,");
  name.unique = std::string(file.substr(0, colon));
  if (colon == std::string_view::npos) return name;
  std::vector<std::string> flags;
  for (char c : file.substr(colon + 3)) {
    if (c == ',') break;  // other programs' additions follow
    for (const Letter& known : kLetters) {
      if (known.letter == c) flags.emplace_back(known.flag);
    }
    flags.push_back(keywords.NameOf(c));
  }
  name.flags = CleanFlags(flags);
  return name;
}

MaildirFlags MakeMaildirFlags(const std::vector<std::string>& flags, KeywordTable& keywords) {
  MaildirFlags out;
  std::string letters;
  for (const std::string& flag : flags) {
    auto known = std::find_if(std::begin(kLetters), std::end(kLetters), [&](const Letter& letter) {
      return EqualsIgnoreCase(letter.flag, flag);
    });
    if (known != std::end(kLetters)) letters.push_back(known->letter);
    if (flag.starts_with('\\')) continue;
    // Dovecot reads $Forwarded as a keyword and knows no P.
    if (auto letter = keywords.LetterFor(flag)) {
      letters.push_back(*letter);
    } else if (known == std::end(kLetters)) {
      out.lost.push_back(flag);
    }
  }
  std::sort(letters.begin(), letters.end());
  out.suffix = ":2," + letters;
  return out;
}

std::string EncodeLevel(std::string_view level) {
  // "&AC4-" is "." in modified UTF-7, which needs it nowhere; a decoder takes it.
  std::string out;
  for (size_t at = 0; at <= level.size();) {
    size_t dot = std::min(level.find('.', at), level.size());
    out += imap::EncodeUtf7(level.substr(at, dot - at));
    if (dot < level.size()) out += "&AC4-";
    at = dot + 1;
  }
  return out;
}

std::optional<std::string> DecodeLevel(std::string_view name) {
  // imap::DecodeUtf7 refuses encoded ASCII, as RFC 3501 wants it of clients.
  std::string out;
  constexpr std::string_view kDot = "&AC4-";
  for (size_t at = 0; at <= name.size();) {
    size_t dot = std::min(name.find(kDot, at), name.size());
    std::string_view piece = name.substr(at, dot - at);
    auto decoded = imap::DecodeUtf7(piece);
    if (!decoded && !IsUtf8(piece)) return std::nullopt;
    out += decoded ? *decoded : std::string(piece);
    if (dot < name.size()) out += ".";
    at = dot + kDot.size();
    if (dot == name.size()) break;
  }
  return out;
}

std::optional<std::string> FolderOfDirectory(std::string_view directory) {
  if (directory.size() < 2 || directory[0] != '.') return std::nullopt;
  std::string folder;
  for (std::string_view level : Split(directory.substr(1), '.')) {
    auto decoded = level.empty() ? std::nullopt : DecodeLevel(level);
    if (!decoded) return std::nullopt;
    // A level of ours ends at "/", which a Maildir's may hold.
    std::replace(decoded->begin(), decoded->end(), '/', '_');
    folder += (folder.empty() ? "" : "/") + *decoded;
  }
  return folder;
}

std::string DirectoryOfFolder(std::string_view folder) {
  if (folder == "INBOX") return "";
  std::string out;
  for (std::string_view level : Split(folder, '/')) out += "." + EncodeLevel(level);
  return out;
}

}  // namespace pennypost::mailfile
