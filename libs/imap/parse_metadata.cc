// GETMETADATA and SETMETADATA (RFC 5464).

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

constexpr size_t kMaxEntries = 100;

// RFC 5464 3.2: "/private/..." or "/shared/...", without case.
absl::StatusOr<std::string> ParseEntry(Scanner& in) {
  ASSIGN_OR_RETURN(std::string text, in.AString());
  std::string entry = ToLower(text);
  bool good = entry.starts_with("/private/") || entry.starts_with("/shared/");
  good = good && entry.size() <= 255 && !entry.ends_with('/') && IsAscii(entry) &&
         entry.find("//") == std::string::npos && entry.find_first_of("*%") == std::string::npos;
  for (char c : entry) good = good && c > 0x1F && c != 0x7F;
  if (!good) return SyntaxError("Bad entry name");
  return entry;
}

absl::StatusOr<std::string> ParseMailboxOrAccount(Scanner& in) {
  if (in.EatWord("\"\"")) return std::string();
  return in.Mailbox();
}

// Behind "(".
absl::Status ParseOptions(Scanner& in, GetMetadata& get) {
  do {
    if (in.EatWord("MAXSIZE")) {
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(get.max_size, in.Number64());
      continue;
    }
    if (!in.EatWord("DEPTH")) return SyntaxError("Unknown option");
    RETURN_IF_ERROR(in.Expect(' '));
    if (in.EatWord("infinity")) {
      get.depth = GetMetadata::Depth::kAll;
    } else if (in.EatWord("1")) {
      get.depth = GetMetadata::Depth::kChildren;
    } else if (!in.EatWord("0")) {
      return SyntaxError("Bad depth");
    }
  } while (in.Eat(' '));
  return in.Expect(')');
}

absl::StatusOr<std::optional<std::string>> ParseValue(Scanner& in) {
  // RFC 5464 5 value: nstring or literal8.
  if (!in.Eat('~')) return in.NString();
  ASSIGN_OR_RETURN(std::string bytes, in.Literal8());
  return std::optional<std::string>(std::move(bytes));
}

}  // namespace

absl::StatusOr<CommandBody> ParseGetMetadata(Scanner& in) {
  GetMetadata get;
  RETURN_IF_ERROR(in.Expect(' '));
  // The grammar has options before the mailbox, the examples and the clients behind it.
  if (in.Eat('(')) {
    RETURN_IF_ERROR(ParseOptions(in, get));
    RETURN_IF_ERROR(in.Expect(' '));
  }
  ASSIGN_OR_RETURN(get.mailbox, ParseMailboxOrAccount(in));
  RETURN_IF_ERROR(in.Expect(' '));
  bool list = in.Eat('(');
  if (list && in.Peek() != '/' && in.Peek() != '"' && in.Peek() != '{') {
    RETURN_IF_ERROR(ParseOptions(in, get));
    RETURN_IF_ERROR(in.Expect(' '));
    list = in.Eat('(');
  }
  do {
    ASSIGN_OR_RETURN(std::string entry, ParseEntry(in));
    get.entries.push_back(std::move(entry));
    if (get.entries.size() > kMaxEntries) return SyntaxError("Too many entries");
  } while (list && in.Eat(' '));
  if (list) RETURN_IF_ERROR(in.Expect(')'));
  RETURN_IF_ERROR(in.ExpectEnd());
  return get;
}

absl::StatusOr<CommandBody> ParseSetMetadata(Scanner& in) {
  SetMetadata set;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(set.mailbox, ParseMailboxOrAccount(in));
  RETURN_IF_ERROR(in.Expect(' '));
  RETURN_IF_ERROR(in.Expect('('));
  do {
    MetadataEntry entry;
    ASSIGN_OR_RETURN(entry.name, ParseEntry(in));
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(entry.value, ParseValue(in));
    set.entries.push_back(std::move(entry));
    if (set.entries.size() > kMaxEntries) return SyntaxError("Too many entries");
  } while (in.Eat(' '));
  RETURN_IF_ERROR(in.Expect(')'));
  RETURN_IF_ERROR(in.ExpectEnd());
  return set;
}

}  // namespace pennypost::imap
