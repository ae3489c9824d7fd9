// LOGIN, AUTHENTICATE (RFC 9051 6.2), ENABLE (6.3.1), COMPRESS (RFC 4978), ID (RFC 2971).

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"

namespace pennypost::imap {

absl::StatusOr<CommandBody> ParseLogin(Scanner& in) {
  Login login;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(login.user, in.AString());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(login.password, in.AString());
  RETURN_IF_ERROR(in.ExpectEnd());
  return login;
}

// RFC 4959 3: an initial response may follow the mechanism.
absl::StatusOr<CommandBody> ParseAuthenticate(Scanner& in) {
  Authenticate authenticate;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(authenticate.mechanism, in.Atom());
  if (in.Eat(' ')) {
    ASSIGN_OR_RETURN(authenticate.initial, in.Atom());
  }
  RETURN_IF_ERROR(in.ExpectEnd());
  return authenticate;
}

absl::StatusOr<CommandBody> ParseEnable(Scanner& in) {
  Enable enable;
  do {
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(std::string feature, in.Atom());
    enable.features.push_back(ToUpper(feature));
  } while (!in.AtEnd());
  return enable;
}

// RFC 4978 3
absl::StatusOr<CommandBody> ParseCompress(Scanner& in) {
  Compress compress;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(compress.mechanism, in.Atom());
  RETURN_IF_ERROR(in.ExpectEnd());
  return compress;
}

// RFC 2971 3.1: NIL or pairs, at most 30.
absl::StatusOr<CommandBody> ParseId(Scanner& in) {
  Id id;
  RETURN_IF_ERROR(in.Expect(' '));
  if (!in.EatWord("NIL")) {
    RETURN_IF_ERROR(in.Expect('('));
    while (!in.Eat(')')) {
      if (!id.fields.empty()) RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(std::string name, in.String());
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(std::optional<std::string> value, in.NString());
      id.fields.emplace_back(std::move(name), value.value_or(""));
      if (id.fields.size() > 30) return SyntaxError("Too many fields");
    }
  }
  RETURN_IF_ERROR(in.ExpectEnd());
  return id;
}

}  // namespace pennypost::imap
