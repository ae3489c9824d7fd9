// Commands of the TRANSACTION state (RFC 1939 5) and QUIT.

#include <fmt/format.h>

#include "base/text.h"
#include "pop3/session.h"

namespace pennypost::pop3 {

std::optional<size_t> ServerSession::Index(std::string_view argument) {
  const auto& drop = std::get<Transaction>(state_);
  auto number = ParseUint(Trim(argument));
  if (!number || *number == 0 || *number > drop.messages.size() ||
      drop.deleted[static_cast<size_t>(*number) - 1]) {
    Bad("No such message");
    return std::nullopt;
  }
  return static_cast<size_t>(*number) - 1;
}

std::string ServerSession::SizeOf(size_t index) const {
  return std::to_string(std::get<Transaction>(state_).messages[index].size);
}

// RFC 1939 7 UIDL: the same for as long as the message exists, on every server of the platform.
std::string ServerSession::UniqueId(size_t index) const {
  const auto& drop = std::get<Transaction>(state_);
  return fmt::format("{:08x}{:08x}", drop.uid_validity, drop.messages[index].uid);
}

void ServerSession::DoNoop(std::string_view) {
  Good("");
}

void ServerSession::DoStat(std::string_view) {
  const auto& drop = std::get<Transaction>(state_);
  size_t count = 0;
  uint64_t size = 0;
  for (size_t i = 0; i < drop.messages.size(); ++i) {
    if (drop.deleted[i]) continue;
    ++count;
    size += drop.messages[i].size;
  }
  Good(fmt::format("{} {}", count, size));
}

void ServerSession::ListEach(std::string_view argument,
                             std::string (ServerSession::*value)(size_t) const) {
  if (!Trim(argument).empty()) {
    if (auto index = Index(argument))
      Good(fmt::format("{} {}", *index + 1, (this->*value)(*index)));
    return;
  }
  const auto& drop = std::get<Transaction>(state_);
  Good("");
  for (size_t i = 0; i < drop.messages.size(); ++i) {
    if (!drop.deleted[i]) out_ += fmt::format("{} {}\r\n", i + 1, (this->*value)(i));
  }
  out_ += ".\r\n";
}

void ServerSession::DoList(std::string_view argument) {
  ListEach(argument, &ServerSession::SizeOf);
}
void ServerSession::DoUidl(std::string_view argument) {
  ListEach(argument, &ServerSession::UniqueId);
}

void ServerSession::DoRetr(std::string_view argument) {
  auto index = Index(argument);
  if (index) Send(*index, std::nullopt, SizeOf(*index) + " octets");
}

void ServerSession::DoTop(std::string_view argument) {
  auto words = Split(argument, ' ');
  auto lines = words.size() == 2 ? ParseUint(words[1]) : std::nullopt;
  if (!lines) return Bad("Expected a message number and a number of lines");
  if (auto index = Index(words[0])) Send(*index, lines, "");
}

void ServerSession::Send(size_t index, std::optional<uint64_t> body_lines, std::string first_line) {
  uint32_t uid = std::get<Transaction>(state_).messages[index].uid;
  mode_ = Sending{uid, 0, DotStuffer(body_lines), std::move(first_line)};
  request_ = ReadMessage{uid, 0};
}

void ServerSession::ResumeSending(Outcome outcome) {
  auto& sending = std::get<Sending>(mode_);
  auto* piece = std::get_if<MessageBytes>(&outcome);
  if (!piece) {
    auto* refused = std::get_if<Refused>(&outcome);
    bool begun = sending.offset > 0;
    mode_ = Commands{};
    if (refused && !begun) return Bad(refused->text, refused->code);
    // Half a message is out: a final dot would call it whole.
    mode_ = Closed{"message broke off"};
    return;
  }
  if (sending.offset == 0) Good(sending.first_line);
  sending.offset += piece->bytes.size();
  bool enough = sending.stuffer.Write(piece->bytes, out_);
  if (enough || piece->last) {
    sending.stuffer.Finish(out_);
    mode_ = Commands{};
  } else if (piece->bytes.empty()) {
    mode_ = Closed{"message broke off"};
  } else {
    request_ = ReadMessage{sending.uid, sending.offset};
  }
}

void ServerSession::DoDele(std::string_view argument) {
  auto index = Index(argument);
  if (!index) return;
  std::get<Transaction>(state_).deleted[*index] = true;
  Good("Marked");
}

void ServerSession::DoRset(std::string_view) {
  auto& drop = std::get<Transaction>(state_);
  drop.deleted.assign(drop.deleted.size(), false);
  Good("");
}

void ServerSession::DoQuit(std::string_view) {
  DeleteMessages request;
  if (const auto* drop = std::get_if<Transaction>(&state_)) {
    for (size_t i = 0; i < drop->messages.size(); ++i) {
      if (drop->deleted[i]) request.uids.push_back(drop->messages[i].uid);
    }
  }
  if (request.uids.empty()) {
    Good("Bye");
    mode_ = Closed{"quit"};
    return;
  }
  mode_ = Quitting{};
  request_ = std::move(request);
}

}  // namespace pennypost::pop3
