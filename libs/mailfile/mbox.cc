#include "mailfile/mbox.h"

#include <algorithm>

#include "base/text.h"
#include "mail/header.h"
#include "mailfile/flags.h"

namespace pennypost::mailfile {
namespace {

constexpr std::string_view kFlagFields[] = {"Status", "X-Status", "X-Keywords",
                                            "X-UID",  "X-IMAP",   "X-IMAPbase"};

bool IsFlagField(std::string_view name) {
  return StartsWithIgnoreCase(name, "X-Mozilla-") ||
         std::any_of(std::begin(kFlagFields), std::end(kFlagFields),
                     [&](std::string_view field) { return EqualsIgnoreCase(field, name); });
}

void AddWords(std::string_view words, std::vector<std::string>* flags) {
  size_t at = 0;
  while ((at = words.find_first_not_of(" \t", at)) != std::string_view::npos) {
    size_t end = std::min(words.find_first_of(" \t", at), words.size());
    flags->emplace_back(words.substr(at, end - at));
    at = end;
  }
}

// The letters of Status and X-Status.
void AddLetters(std::string_view letters, std::vector<std::string>* flags) {
  for (char c : letters) {
    if (c == 'R') flags->emplace_back("\\Seen");
    if (c == 'A') flags->emplace_back("\\Answered");
    if (c == 'F') flags->emplace_back("\\Flagged");
    if (c == 'T') flags->emplace_back("\\Draft");
    if (c == 'D') flags->emplace_back("\\Deleted");
  }
}

// nsMsgMessageFlags: hexadecimal bits. True if the message is gone from the folder already.
bool AddMozilla(const std::string& bits, std::vector<std::string>* flags) {
  unsigned long value = std::strtoul(bits.c_str(), nullptr, 16);
  if ((value & 0x1) != 0) flags->emplace_back("\\Seen");
  if ((value & 0x2) != 0) flags->emplace_back("\\Answered");
  if ((value & 0x4) != 0) flags->emplace_back("\\Flagged");
  if ((value & 0x1000) != 0) flags->emplace_back("$Forwarded");
  return (value & 0x8) != 0;
}

// What one field says of flags.
void ReadFlagField(const mail::HeaderField& field, std::vector<std::string>* flags, MboxMail* out) {
  std::string value = mail::Unfold(field.value);
  if (EqualsIgnoreCase(field.name, "Status") || EqualsIgnoreCase(field.name, "X-Status"))
    AddLetters(value, flags);
  if (EqualsIgnoreCase(field.name, "X-Keywords") || EqualsIgnoreCase(field.name, "X-Mozilla-Keys"))
    AddWords(value, flags);
  if (EqualsIgnoreCase(field.name, "X-Mozilla-Status") && AddMozilla(value, flags))
    out->not_mail = true;
}

// One ">" less where the writer put it.
void Unquote(std::string_view line, MboxQuoting quoting, std::string* out) {
  size_t marks = std::min(line.find_first_not_of('>'), line.size());
  bool from = line.substr(marks).starts_with("From ");
  bool quoted = quoting == MboxQuoting::kMboxrd ? marks > 0 : marks == 1;
  *out += from && quoted && quoting != MboxQuoting::kNone ? line.substr(1) : line;
}

template <class Each>
void ForEachLine(std::string_view text, Each each) {
  for (size_t at = 0; at < text.size();) {
    size_t lf = text.find('\n', at);
    size_t end = lf == std::string_view::npos ? text.size() : lf + 1;
    each(text.substr(at, end - at));
    at = end;
  }
}

std::string JoinWords(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// "Status: RO\nX-Status: F\nX-Keywords: $Label1\n".
std::string FlagFields(const std::vector<std::string>& flags) {
  std::string letters;
  if (HasFlag(flags, "\\Answered")) letters += "A";
  if (HasFlag(flags, "\\Deleted")) letters += "D";
  if (HasFlag(flags, "\\Flagged")) letters += "F";
  if (HasFlag(flags, "\\Draft")) letters += "T";
  std::vector<std::string> keywords;
  std::copy_if(flags.begin(), flags.end(), std::back_inserter(keywords),
               [](const std::string& flag) { return !flag.starts_with('\\'); });
  std::string out = HasFlag(flags, "\\Seen") ? "Status: RO\n" : "Status: O\n";
  if (!letters.empty()) out += "X-Status: " + letters + "\n";
  if (!keywords.empty()) out += "X-Keywords: " + JoinWords(keywords) + "\n";
  return out;
}

}  // namespace

MboxMail DecodeMbox(std::string_view content, MboxQuoting quoting) {
  MboxMail out;
  out.content.reserve(content.size());
  mail::HeaderBlock header = mail::ParseHeaderBlock(content);
  std::vector<std::string> flags;
  size_t at = 0;
  for (const mail::HeaderField& field : header.fields) {
    size_t size = field.raw.size();
    at += size;
    if (IsFlagField(field.name)) {
      ReadFlagField(field, &flags, &out);
    } else {
      ForEachLine(field.raw, [&](std::string_view line) { Unquote(line, quoting, &out.content); });
    }
  }
  ForEachLine(content.substr(at),
              [&](std::string_view line) { Unquote(line, quoting, &out.content); });
  out.flags = CleanFlags(flags);
  const mail::HeaderField* subject = header.Find("Subject");
  bool internal = header.Find("X-IMAP") != nullptr || header.Find("X-IMAPbase") != nullptr;
  if (internal && subject != nullptr &&
      mail::Unfold(subject->value).find("FOLDER INTERNAL DATA") != std::string::npos)
    out.not_mail = true;
  return out;
}

std::string EncodeMbox(std::string_view content, std::string_view sender, absl::Time date,
                       const std::vector<std::string>& flags) {
  std::string out = MakeFromLine(sender, date) + "\n";
  out.reserve(content.size() + 200);
  // A message that begins with white space would continue our last field.
  if (content.empty() || !IsWsp(content[0])) out += FlagFields(flags);
  ForEachLine(content, [&](std::string_view line) {
    size_t marks = std::min(line.find_first_not_of('>'), line.size());
    if (line.substr(marks).starts_with("From ")) out.push_back('>');
    out += line;
  });
  if (!content.empty() && !content.ends_with('\n')) out.push_back('\n');
  out.push_back('\n');
  return out;
}

}  // namespace pennypost::mailfile
