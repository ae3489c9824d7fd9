// The commands that ask for something: RFC 5804 2.3 and 2.5 to 2.13.

#include <fmt/format.h>

#include "managesieve/session.h"

namespace pennypost::managesieve {

void ServerSession::DoLogout(Arguments) {
  Ok("Bye");
  mode_ = Closed{"logout"};
}

void ServerSession::DoNoop(Arguments arguments) {
  if (arguments.empty()) return Ok("Done");
  Ok("Done", "TAG " + ToString(arguments[0].text));
}

void ServerSession::DoHaveSpace(Arguments arguments) {
  request_ = HaveSpace{std::move(arguments[0].text), arguments[1].number};
}

void ServerSession::DoPutScript(Arguments arguments) {
  request_ = PutScript{std::move(arguments[0].text), std::move(arguments[1].text)};
}

void ServerSession::DoCheckScript(Arguments arguments) {
  request_ = CheckScript{std::move(arguments[0].text)};
}

void ServerSession::DoListScripts(Arguments) {
  request_ = ListScripts{};
}

void ServerSession::DoSetActive(Arguments arguments) {
  request_ = SetActive{std::move(arguments[0].text)};
}

void ServerSession::DoGetScript(Arguments arguments) {
  request_ = GetScript{std::move(arguments[0].text)};
}

void ServerSession::DoDeleteScript(Arguments arguments) {
  request_ = DeleteScript{std::move(arguments[0].text)};
}

void ServerSession::DoRenameScript(Arguments arguments) {
  request_ = RenameScript{std::move(arguments[0].text), std::move(arguments[1].text)};
}

}  // namespace pennypost::managesieve
