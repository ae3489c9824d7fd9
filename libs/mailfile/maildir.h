#pragma once
// Names in a Maildir, as Dovecot writes them: "UNIQUE:2,FLAGS" for a message, ".Sent.2026" for a
// folder (Maildir++), letters a to z for the keywords that the file dovecot-keywords names.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mailfile {

// At most 26 keywords, by letter.
class KeywordTable {
 public:
  // "0 $Forwarded\n1 NonJunk\n"; lines of another shape count for nothing.
  static KeywordTable Parse(std::string_view file);
  std::string ToFile() const;

  // Empty where the letter has no name.
  const std::string& NameOf(char letter) const;
  // The letter of a keyword, a new one if need be; nothing where all 26 are taken.
  std::optional<char> LetterFor(std::string_view keyword);

 private:
  std::array<std::string, 26> names_;
};

struct MaildirName {
  std::string unique;  // the same as long as the message stays in its folder
  std::vector<std::string> flags;
};

// `file` without its folder. A name without ":2," has no flags.
MaildirName ParseMaildirName(std::string_view file, const KeywordTable& keywords);

struct MaildirFlags {
  std::string suffix;             // ":2,FS" and letters of keywords, in ASCII order
  std::vector<std::string> lost;  // keywords for which no letter was left
};
MaildirFlags MakeMaildirFlags(const std::vector<std::string>& flags, KeywordTable& keywords);

// ".Sent.2026" is Sent/2026; names are modified UTF-7, or UTF-8 where they are none. Nothing for
// what is no folder: no "." in front, an empty level, bytes that are not UTF-8.
std::optional<std::string> FolderOfDirectory(std::string_view directory);
// The inverse: any mailbox name gives one name of a directory that leads nowhere else. INBOX is "".
std::string DirectoryOfFolder(std::string_view folder);

// One level of a folder's name as a file name and back: modified UTF-7, in which "." and "/" stand
// encoded.
std::string EncodeLevel(std::string_view level);
std::optional<std::string> DecodeLevel(std::string_view name);

}  // namespace pennypost::mailfile
