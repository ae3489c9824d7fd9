// STORE (RFC 9051 6.4.6, RFC 7162 3.1.3), COPY (6.4.7), MOVE (6.4.8), UID EXPUNGE (6.4.9).

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

// RFC 9051 9 store-att-flags: the flags may stand without parentheses.
absl::StatusOr<std::vector<std::string>> ParseFlags(Scanner& in) {
  if (in.Peek() == '(') return in.FlagList();
  std::vector<std::string> flags;
  do {
    ASSIGN_OR_RETURN(std::string flag, in.Flag());
    flags.push_back(std::move(flag));
  } while (in.Eat(' '));
  return flags;
}

absl::StatusOr<CommandBody> ParseStoreAs(Scanner& in, Numbers numbers) {
  Store store;
  store.numbers = numbers;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(store.set, in.Set());
  RETURN_IF_ERROR(in.Expect(' '));
  if (in.Eat('(')) {
    if (!in.EatWord("UNCHANGEDSINCE")) return SyntaxError("Unknown modifier");
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(store.unchanged_since, in.Number64());
    RETURN_IF_ERROR(in.Expect(')'));
    RETURN_IF_ERROR(in.Expect(' '));
  }
  if (in.Eat('+')) {
    store.mode = Store::Mode::kAdd;
  } else if (in.Eat('-')) {
    store.mode = Store::Mode::kRemove;
  }
  store.silent = in.EatWord("FLAGS.SILENT");
  if (!store.silent && !in.EatWord("FLAGS")) return SyntaxError("Expected FLAGS");
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(store.flags, ParseFlags(in));
  RETURN_IF_ERROR(in.ExpectEnd());
  return store;
}

absl::StatusOr<CommandBody> ParseCopyAs(Scanner& in, Numbers numbers, bool move) {
  Copy copy;
  copy.numbers = numbers;
  copy.move = move;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(copy.set, in.Set());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(copy.mailbox, in.Mailbox());
  RETURN_IF_ERROR(in.ExpectEnd());
  return copy;
}

}  // namespace

absl::StatusOr<CommandBody> ParseStore(Scanner& in) {
  return ParseStoreAs(in, Numbers::kSequence);
}
absl::StatusOr<CommandBody> ParseUidStore(Scanner& in) {
  return ParseStoreAs(in, Numbers::kUid);
}
absl::StatusOr<CommandBody> ParseCopy(Scanner& in) {
  return ParseCopyAs(in, Numbers::kSequence, false);
}
absl::StatusOr<CommandBody> ParseUidCopy(Scanner& in) {
  return ParseCopyAs(in, Numbers::kUid, false);
}
absl::StatusOr<CommandBody> ParseMove(Scanner& in) {
  return ParseCopyAs(in, Numbers::kSequence, true);
}
absl::StatusOr<CommandBody> ParseUidMove(Scanner& in) {
  return ParseCopyAs(in, Numbers::kUid, true);
}

absl::StatusOr<CommandBody> ParseUidExpunge(Scanner& in) {
  Expunge expunge;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(expunge.uids, in.Set());
  RETURN_IF_ERROR(in.ExpectEnd());
  return expunge;
}

}  // namespace pennypost::imap
