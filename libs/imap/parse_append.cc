// APPEND (RFC 9051 6.3.12, RFC 3502, RFC 6855 4, RFC 4469) and REPLACE (RFC 8508).

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

// RFC 4469 5: "(" cat-part *(SP cat-part) ")"
absl::Status ParseParts(Scanner& in, std::vector<CatenatePart>& parts) {
  RETURN_IF_ERROR(in.Expect('('));
  do {
    CatenatePart part;
    if (in.EatWord("URL")) {
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(part.url, in.AString());
    } else if (in.EatWord("TEXT")) {
      RETURN_IF_ERROR(in.Expect(' '));
      in.Eat('~');
      auto range = in.LiteralRange();
      if (!range.ok()) return range.status();
      part.offset = range->first;
      part.size = range->second;
    } else {
      return SyntaxError("Expected URL or TEXT");
    }
    parts.push_back(std::move(part));
  } while (in.Eat(' '));
  return in.Expect(')');
}

// Behind the space: [flag-list SP] [date-time SP] message. The message is a literal, a literal8
// (RFC 3516 4.4), UTF8 (literal8) or CATENATE (parts).
absl::StatusOr<Append::Message> ParseMessage(Scanner& in) {
  Append::Message message;
  if (in.Peek() == '(') {
    ASSIGN_OR_RETURN(message.flags, in.FlagList());
    RETURN_IF_ERROR(in.Expect(' '));
  }
  if (in.Peek() == '"') {
    ASSIGN_OR_RETURN(message.date, in.DateTime());
    RETURN_IF_ERROR(in.Expect(' '));
  }
  if (in.EatWord("CATENATE")) {
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(ParseParts(in, message.parts));
    return message;
  }
  bool utf8 = in.EatWord("UTF8");
  if (utf8) {
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(in.Expect('('));
    RETURN_IF_ERROR(in.Expect('~'));
  } else {
    in.Eat('~');
  }
  auto range = in.LiteralRange();
  if (!range.ok()) return range.status();
  message.offset = range->first;
  message.size = range->second;
  if (utf8) RETURN_IF_ERROR(in.Expect(')'));
  return message;
}

absl::StatusOr<CommandBody> ParseReplaceAs(Scanner& in, Numbers numbers) {
  Replace replace;
  replace.numbers = numbers;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(replace.set, in.Set());
  bool one =
      replace.set.ranges.size() == 1 && replace.set.ranges[0].first == replace.set.ranges[0].last;
  if (!one) return SyntaxError("REPLACE takes one message");
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(replace.append.mailbox, in.Mailbox());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(Append::Message message, ParseMessage(in));
  replace.append.messages.push_back(std::move(message));
  RETURN_IF_ERROR(in.ExpectEnd());
  return replace;
}

}  // namespace

absl::StatusOr<CommandBody> ParseReplace(Scanner& in) {
  return ParseReplaceAs(in, Numbers::kSequence);
}
absl::StatusOr<CommandBody> ParseUidReplace(Scanner& in) {
  return ParseReplaceAs(in, Numbers::kUid);
}

absl::StatusOr<CommandBody> ParseAppend(Scanner& in) {
  Append append;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(append.mailbox, in.Mailbox());
  do {
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(Append::Message message, ParseMessage(in));
    append.messages.push_back(std::move(message));
  } while (!in.AtEnd());
  return append;
}

}  // namespace pennypost::imap
