// APPEND (RFC 9051 6.3.12, RFC 3502, RFC 6855 4) and REPLACE (RFC 8508).

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

// Behind the space: [flag-list SP] [date-time SP] message. The message is a literal, a literal8
// (RFC 3516 4.4) or UTF8 (literal8).
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
