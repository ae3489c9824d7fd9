// LIST with its extensions (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154) and LSUB.

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

absl::Status ParseSelectionOptions(Scanner& in, List& list) {
  bool first = true;
  while (!in.Eat(')')) {
    if (!first) RETURN_IF_ERROR(in.Expect(' '));
    first = false;
    ASSIGN_OR_RETURN(std::string word, in.Word());
    if (word == "SUBSCRIBED") {
      list.only_subscribed = list.return_subscribed = true;
    } else if (word == "SPECIAL-USE") {
      list.only_special_use = list.return_special_use = true;
    } else if (word == "RECURSIVEMATCH") {
      list.recursive_match = true;
    } else if (word != "REMOTE") {  // we have no remote mailboxes
      return SyntaxError("Unknown selection option");
    }
  }
  // RFC 5258 3.1: RECURSIVEMATCH only changes the meaning of another option.
  if (list.recursive_match && !list.only_subscribed && !list.only_special_use) {
    return SyntaxError("RECURSIVEMATCH stands alone");
  }
  return absl::OkStatus();
}

absl::Status ParseReturnOptions(Scanner& in, List& list) {
  RETURN_IF_ERROR(in.Expect('('));
  bool first = true;
  while (!in.Eat(')')) {
    if (!first) RETURN_IF_ERROR(in.Expect(' '));
    first = false;
    ASSIGN_OR_RETURN(std::string word, in.Word());
    if (word == "SUBSCRIBED") {
      list.return_subscribed = true;
    } else if (word == "CHILDREN") {
      list.return_children = true;
    } else if (word == "SPECIAL-USE") {
      list.return_special_use = true;
    } else if (word == "MYRIGHTS") {  // RFC 8440
      list.return_my_rights = true;
    } else if (word == "STATUS") {
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(list.return_status, ParseStatusItems(in));
    } else {
      return SyntaxError("Unknown return option");
    }
  }
  return absl::OkStatus();
}

absl::Status ParsePatterns(Scanner& in, List& list) {
  if (!in.Eat('(')) {
    ASSIGN_OR_RETURN(std::string pattern, in.ListPattern());
    list.patterns.push_back(std::move(pattern));
    return absl::OkStatus();
  }
  list.extended = true;
  do {
    ASSIGN_OR_RETURN(std::string pattern, in.ListPattern());
    list.patterns.push_back(std::move(pattern));
  } while (in.Eat(' '));
  return in.Expect(')');
}

}  // namespace

absl::StatusOr<CommandBody> ParseList(Scanner& in) {
  List list;
  RETURN_IF_ERROR(in.Expect(' '));
  if (in.Eat('(')) {
    list.extended = true;
    RETURN_IF_ERROR(ParseSelectionOptions(in, list));
    RETURN_IF_ERROR(in.Expect(' '));
  }
  // The reference may be empty, so it is no mailbox name; wildcards in it are quoted by clients.
  ASSIGN_OR_RETURN(list.reference, in.ListPattern());
  RETURN_IF_ERROR(in.Expect(' '));
  RETURN_IF_ERROR(ParsePatterns(in, list));
  if (in.Eat(' ')) {
    if (!in.EatWord("RETURN")) return SyntaxError("Expected RETURN");
    list.extended = true;
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(ParseReturnOptions(in, list));
  }
  RETURN_IF_ERROR(in.ExpectEnd());
  return list;
}

// RFC 3501 6.3.9
absl::StatusOr<CommandBody> ParseLsub(Scanner& in) {
  List list;
  list.lsub = list.only_subscribed = true;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(list.reference, in.ListPattern());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string pattern, in.ListPattern());
  list.patterns.push_back(std::move(pattern));
  RETURN_IF_ERROR(in.ExpectEnd());
  return list;
}

}  // namespace pennypost::imap
