// SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314 3).

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

absl::StatusOr<std::string> ParseMailbox(Scanner& in) {
  RETURN_IF_ERROR(in.Expect(' '));
  return in.Mailbox();
}

absl::StatusOr<std::string> ParseIdentifier(Scanner& in) {
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string identifier, in.AString());
  if (identifier.empty()) return SyntaxError("Empty identifier");
  return identifier;
}

absl::Status ParseChange(std::string_view text, SetAcl& set) {
  if (text.starts_with('+')) set.mode = SetAcl::Mode::kAdd;
  if (text.starts_with('-')) set.mode = SetAcl::Mode::kRemove;
  if (set.mode != SetAcl::Mode::kSet) text.remove_prefix(1);
  auto rights = mail::Rights::Parse(text);
  if (!rights) return SyntaxError("Unknown right");
  set.rights = *rights;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CommandBody> ParseSetAcl(Scanner& in) {
  SetAcl set;
  ASSIGN_OR_RETURN(set.mailbox, ParseMailbox(in));
  ASSIGN_OR_RETURN(set.identifier, ParseIdentifier(in));
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string change, in.AString());
  RETURN_IF_ERROR(in.ExpectEnd());
  RETURN_IF_ERROR(ParseChange(change, set));
  return set;
}

absl::StatusOr<CommandBody> ParseDeleteAcl(Scanner& in) {
  DeleteAcl remove;
  ASSIGN_OR_RETURN(remove.mailbox, ParseMailbox(in));
  ASSIGN_OR_RETURN(remove.identifier, ParseIdentifier(in));
  RETURN_IF_ERROR(in.ExpectEnd());
  return remove;
}

absl::StatusOr<CommandBody> ParseGetAcl(Scanner& in) {
  GetAcl get;
  ASSIGN_OR_RETURN(get.mailbox, ParseMailbox(in));
  RETURN_IF_ERROR(in.ExpectEnd());
  return get;
}

absl::StatusOr<CommandBody> ParseListRights(Scanner& in) {
  ListRights list;
  ASSIGN_OR_RETURN(list.mailbox, ParseMailbox(in));
  ASSIGN_OR_RETURN(list.identifier, ParseIdentifier(in));
  RETURN_IF_ERROR(in.ExpectEnd());
  return list;
}

absl::StatusOr<CommandBody> ParseMyRights(Scanner& in) {
  MyRights mine;
  ASSIGN_OR_RETURN(mine.mailbox, ParseMailbox(in));
  RETURN_IF_ERROR(in.ExpectEnd());
  return mine;
}

}  // namespace pennypost::imap
