#include "imap/lexer.h"

#include <optional>

#include "base/text.h"

namespace pennypost::imap {
namespace {

// RFC 7888 7: a server may drop the connection rather than read a large refused literal.
constexpr uint64_t kMaxDrain = 64 << 10;

bool IsTagChar(char c) {
  return c > 32 && c < 127 && std::string_view("(){%*\"\\+").find(c) == std::string_view::npos;
}

// The tag for an answer to a command that was not parsed.
std::string TagOf(std::string_view command) {
  size_t end = 0;
  while (end < command.size() && end < 100 && IsTagChar(command[end])) ++end;
  if (end == 0 || end == command.size() || command[end] != ' ') return "*";
  return std::string(command.substr(0, end));
}

}  // namespace

struct Lexer::Announcement {
  uint64_t size = 0;
  bool synchronizing = true;
  size_t begin = 0;  // of its "{" in the buffer
};

namespace {

enum class LiteralSyntax { kNone, kGood, kBad };

// RFC 9051 9 literal: "{" number64 ["+"] "}" at the end of a line.
LiteralSyntax FindLiteral(std::string_view line, uint64_t& size, bool& synchronizing,
                          size_t& begin) {
  if (!line.ends_with('}')) return LiteralSyntax::kNone;
  begin = line.rfind('{');
  if (begin == std::string_view::npos) return LiteralSyntax::kNone;
  std::string_view number = line.substr(begin + 1, line.size() - begin - 2);
  synchronizing = !number.ends_with('+');
  if (!synchronizing) number.remove_suffix(1);
  auto value = ParseUint(number);
  // RFC 9051 4.3: 63 bits.
  if (!value || *value > INT64_MAX) return LiteralSyntax::kBad;
  size = *value;
  return LiteralSyntax::kGood;
}

}  // namespace

Lexer::Event Lexer::Next(const Limits& limits) {
  for (;;) {
    if (drain_ > 0) {
      auto n = static_cast<size_t>(std::min<uint64_t>(drain_, buffer_.size()));
      buffer_.erase(0, n);
      drain_ -= n;
      if (drain_ > 0) return NeedMore{};
    }
    if (literal_ > 0) {
      uint64_t have = buffer_.size() - line_begin_;
      auto n = static_cast<size_t>(std::min(literal_, have));
      line_begin_ += n;
      literal_ -= n;
      scanned_ = line_begin_;
      if (literal_ > 0) return NeedMore{};
    }
    size_t lf = buffer_.find('\n', scanned_);
    if (lf == std::string::npos) {
      scanned_ = buffer_.size();
      if (skipping_) {
        StartOver(buffer_.size());
        return NeedMore{};
      }
      if (scanned_ - line_begin_ <= limits.line) return NeedMore{};
      Refused refusal{refused_ ? refused_tag_ : TagOf(buffer_), true, "Line too long"};
      StartOver(buffer_.size());
      skipping_ = true;
      refused_ = false;
      return refusal;
    }
    if (skipping_) {
      skipping_ = false;
      StartOver(lf + 1);
      continue;
    }
    size_t line_begin = line_begin_;
    line_begin_ = scanned_ = lf + 1;
    Event event = LineDone(line_begin, lf, limits);
    // A non-synchronizing literal: nothing to tell anybody, its bytes are next.
    if (std::holds_alternative<NeedMore>(event)) continue;
    return event;
  }
}

Lexer::Event Lexer::LineDone(size_t line_begin, size_t lf, const Limits& limits) {
  size_t end = lf > line_begin && buffer_[lf - 1] == '\r' ? lf - 1 : lf;
  std::string_view line(buffer_.data() + line_begin, end - line_begin);
  Announcement announcement;
  LiteralSyntax literal =
      FindLiteral(line, announcement.size, announcement.synchronizing, announcement.begin);
  announcement.begin += line_begin;
  if (refused_ && literal != LiteralSyntax::kGood) {
    refused_ = false;
    StartOver(lf + 1);
    return Refused{refused_tag_, true, "Literal too big"};
  }
  std::string tag = TagOf(buffer_);
  // RFC 9051 9 CHAR: NUL is in no command.
  bool nul = line.find('\0') != std::string_view::npos;
  if (nul || literal == LiteralSyntax::kBad || line.size() > limits.line) {
    bool long_line = !nul && literal != LiteralSyntax::kBad;
    StartOver(lf + 1);
    return Refused{tag, long_line,
                   nul         ? "NUL in command"
                   : long_line ? "Line too long"
                               : "Malformed literal"};
  }
  if (literal == LiteralSyntax::kGood) return LiteralDue(announcement, limits);
  if (lf + 1 - message_bytes_ > limits.total) {
    StartOver(lf + 1);
    return Refused{tag, true, "Command too long"};
  }
  CommandText command;
  if (lf + 1 == buffer_.size()) {
    // An APPEND is large: take it without a copy.
    command.text = std::move(buffer_);
    command.text.resize(end);
    StartOver(0);
    buffer_.clear();
  } else {
    command.text = buffer_.substr(0, end);
    StartOver(lf + 1);
  }
  return command;
}

Lexer::Event Lexer::LiteralDue(const Announcement& announcement, const Limits& limits) {
  bool message = !refused_ && TakesMessage(announcement);
  // RFC 3502: of several messages the sum counts.
  uint64_t allowed =
      message ? limits.message - std::min(limits.message, message_bytes_) : limits.literal;
  bool fits = announcement.size <= allowed && literals_ < limits.literals &&
              (message || line_begin_ - message_bytes_ + announcement.size <= limits.total);
  if (!fits || refused_) {
    if (!refused_) refused_tag_ = TagOf(buffer_);
    if (announcement.synchronizing) {
      std::string tag = refused_tag_;
      refused_ = false;
      StartOver(line_begin_);
      return Refused{tag, true, "Literal too big"};
    }
    if (announcement.size > kMaxDrain) return Fatal{"Literal too big"};
    StartOver(line_begin_);
    drain_ = announcement.size;
    refused_ = true;
    return NeedMore{};
  }
  ++literals_;
  literal_ = announcement.size;
  if (message) message_bytes_ += static_cast<size_t>(announcement.size);
  if (announcement.synchronizing) return Continue{};
  return NeedMore{};
}

// A literal of APPEND or REPLACE that holds a message: not the one that may hold the mailbox name.
bool Lexer::TakesMessage(const Announcement& announcement) const {
  std::string_view command(buffer_);
  size_t space = command.find(' ');
  if (space > 100) return false;  // npos too
  size_t mailbox = space + 1;
  command.remove_prefix(mailbox);
  for (std::string_view verb : {"APPEND ", "REPLACE ", "UID REPLACE "}) {
    if (!StartsWithIgnoreCase(command, verb)) continue;
    mailbox += verb.size();
    if (verb == "APPEND ") return announcement.begin > mailbox;
    // The number of the message that goes stands before the mailbox.
    size_t number = command.find(' ', verb.size());
    return number != std::string_view::npos &&
           announcement.begin > mailbox + number - verb.size() + 1;
  }
  return false;
}

Lexer::Event Lexer::NextLine(size_t max) {
  size_t lf = buffer_.find('\n');
  if (skipping_) {
    StartOver(lf == std::string::npos ? buffer_.size() : lf + 1);
    if (lf == std::string::npos) return NeedMore{};
    skipping_ = false;
    lf = buffer_.find('\n');
  }
  // Two bytes for the line end.
  if (std::min(lf, buffer_.size()) > max + 1) {
    skipping_ = lf == std::string::npos;
    StartOver(skipping_ ? buffer_.size() : lf + 1);
    return Refused{"*", false, "Line too long"};
  }
  if (lf == std::string::npos) return NeedMore{};
  CommandText line;
  line.text = buffer_.substr(0, lf > 0 && buffer_[lf - 1] == '\r' ? lf - 1 : lf);
  StartOver(lf + 1);
  return line;
}

void Lexer::StartOver(size_t consumed) {
  buffer_.erase(0, consumed);
  line_begin_ = scanned_ = 0;
  literal_ = 0;
  literals_ = 0;
  message_bytes_ = 0;
}

}  // namespace pennypost::imap
