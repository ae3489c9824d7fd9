#include "mime/address.h"

#include "mime/parameters.h"

namespace pennypost::mime {
namespace {

constexpr std::string_view kSpecials = "<>@,:;";

class Parser {
 public:
  Parser(std::string_view field, size_t limit) : lexer_(field, kSpecials), limit_(limit) {}

  AddressList Parse() {
    for (;;) {
      FieldToken token = lexer_.Next();
      if (token.kind == FieldToken::Kind::kEnd || list_.size() >= limit_) break;
      if (token.kind == FieldToken::Kind::kComment) {
        comment_ = std::move(token.text);
      } else if (token.kind == FieldToken::Kind::kSpecial) {
        Special(token.text[0]);
      } else {
        Word(std::move(token.text));
      }
    }
    EndEntry();
    if (in_group_) AddMark(Address::Kind::kGroupEnd, "");
    return std::move(list_);
  }

 private:
  // Where the next word belongs.
  enum class At { kPhrase, kAngle, kRoute, kHost, kAfterAngle };

  void Word(std::string text) {
    switch (at_) {
      case At::kPhrase:
      case At::kAfterAngle:
        if (!words_.empty() && lexer_.space_before()) words_ += ' ';
        words_ += text;
        break;
      case At::kAngle:
        current_.mailbox += text;
        break;
      case At::kRoute:
        current_.route += text;
        break;
      case At::kHost:
        // "a@b c": only the first word after the sign is a host; a dot that was spaced out joins
        // (obs-domain).
        if (current_.host.empty() || !lexer_.space_before() || current_.host.ends_with('.') ||
            text.starts_with('.')) {
          current_.host += text;
        }
        break;
    }
  }

  void Special(char c) {
    switch (c) {
      case '<':
        current_.name = std::exchange(words_, "");
        current_.mailbox.clear();
        current_.host.clear();
        angle_ = true;
        at_ = At::kAngle;
        break;
      case '>':
        at_ = At::kAfterAngle;
        break;
      case '@':
        AtSign();
        break;
      case ':':
        Colon();
        break;
      case ',':
        // Inside <> a comma separates the hosts of a route.
        if (at_ == At::kRoute) {
          current_.route += ',';
        } else {
          EndEntry();
        }
        break;
      case ';':
        EndEntry();
        if (in_group_) AddMark(Address::Kind::kGroupEnd, "");
        in_group_ = false;
        break;
    }
  }

  void AtSign() {
    if (at_ == At::kAngle && current_.mailbox.empty()) {
      at_ = At::kRoute;
      current_.route += '@';
    } else if (at_ == At::kRoute) {
      current_.route += '@';
    } else if (at_ == At::kPhrase) {
      current_.mailbox = std::exchange(words_, "");
      at_ = At::kHost;
    } else if (at_ == At::kAngle) {
      at_ = At::kHost;
    }
  }

  void Colon() {
    if (at_ == At::kRoute) {
      at_ = At::kAngle;
    } else if (at_ == At::kPhrase && !in_group_) {
      AddMark(Address::Kind::kGroupStart, std::exchange(words_, ""));
      in_group_ = true;
      comment_.clear();
    }
  }

  void AddMark(Address::Kind kind, std::string name) {
    Address& mark = list_.emplace_back();
    mark.kind = kind;
    mark.mailbox = std::move(name);
  }

  void EndEntry() {
    // A lone word is a local address without a host.
    if (at_ == At::kPhrase) current_.mailbox = std::move(words_);
    if (current_.name.empty()) current_.name = std::move(comment_);
    if (angle_ || !current_.mailbox.empty() || !current_.host.empty()) {
      if (list_.size() < limit_) list_.push_back(std::move(current_));
    }
    current_ = {};
    words_.clear();
    comment_.clear();
    angle_ = false;
    at_ = At::kPhrase;
  }

  FieldLexer lexer_;
  size_t limit_;
  AddressList list_;
  Address current_;
  std::string words_;
  std::string comment_;
  At at_ = At::kPhrase;
  bool angle_ = false;
  bool in_group_ = false;
};

}  // namespace

AddressList ParseAddressList(std::string_view field, size_t limit) {
  return Parser(field, limit).Parse();
}

}  // namespace pennypost::mime
