// APPEND (RFC 9051 6.3.12).

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {

absl::StatusOr<CommandBody> ParseAppend(Scanner& in) {
  Append append;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(append.mailbox, in.Mailbox());
  RETURN_IF_ERROR(in.Expect(' '));
  if (in.Peek() == '(') {
    ASSIGN_OR_RETURN(append.flags, in.FlagList());
    RETURN_IF_ERROR(in.Expect(' '));
  }
  if (in.Peek() == '"') {
    ASSIGN_OR_RETURN(append.date, in.DateTime());
    RETURN_IF_ERROR(in.Expect(' '));
  }
  in.Eat('~');  // RFC 3516 4.4 literal8
  auto range = in.LiteralRange();
  if (!range.ok()) return range.status();
  append.offset = range->first;
  append.size = range->second;
  RETURN_IF_ERROR(in.ExpectEnd());
  return append;
}

}  // namespace pennypost::imap
