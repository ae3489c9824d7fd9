#include "managesieve/lexer.h"

#include "base/text.h"

namespace pennypost::managesieve {
namespace {

constexpr size_t kMaxQuoted = 1024;  // RFC 5804 4: octets between the quotes
constexpr uint64_t kMaxNumber = 4'294'967'295;

bool IsWordChar(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F && c != '(' && c != ')' && c != '{' && c != '"' && c != '\\';
}

// "{5+}" at the end of a line: how many bytes follow it. `rest` is what stands before.
std::optional<uint64_t> Announced(std::string_view line, std::string_view* rest) {
  if (!line.ends_with("+}")) return std::nullopt;
  size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) return std::nullopt;
  auto size = ParseUint(line.substr(brace + 1, line.size() - brace - 3));
  if (size) *rest = line.substr(0, brace);
  return size;
}

}  // namespace

Lexer::Event Lexer::Next(const Limits& limits) {
  for (;;) {
    if (!TakeLiteral()) return NeedMore{};
    size_t lf = buffer_.find('\n', scanned_);
    size_t length = lf == std::string::npos ? buffer_.size() : lf;
    if (length > limits.max_line) return Fatal{"Line too long"};
    if (lf == std::string::npos) {
      scanned_ = buffer_.size();
      return NeedMore{};
    }
    std::string line = buffer_.substr(0, lf > 0 && buffer_[lf - 1] == '\r' ? lf - 1 : lf);
    buffer_.erase(0, lf + 1);
    scanned_ = 0;
    Event event = LineDone(line, limits);
    if (!std::holds_alternative<NeedMore>(event)) return event;
  }
}

bool Lexer::TakeLiteral() {
  if (!literal_) return true;
  if (drain_) {
    uint64_t here = std::min<uint64_t>(*literal_, buffer_.size());
    buffer_.erase(0, here);
    *literal_ -= here;
    if (*literal_ > 0) return false;
  } else {
    if (buffer_.size() < *literal_) return false;
    tokens_.push_back({Token::Kind::kString, buffer_.substr(0, *literal_), 0});
    buffer_.erase(0, *literal_);
  }
  literal_.reset();
  drain_ = false;
  separated_ = false;
  return true;
}

// NeedMore: a literal follows.
Lexer::Event Lexer::LineDone(std::string_view line, const Limits& limits) {
  std::string_view before = line;
  std::optional<uint64_t> size = Announced(line, &before);
  if (!Lex(before, limits) || (size && (!separated_ || tokens_.size() >= limits.max_arguments))) {
    // What looks like a literal in a line that is not understood may be one or not.
    if (size || line.ends_with('}')) return Fatal{"Malformed command"};
    tokens_.clear();
    separated_ = true;
    too_big_ = false;
    return Refused{false, "Malformed command"};
  }
  if (size) {
    if (*size > limits.max_drain) return Fatal{"Literal too large"};
    literal_ = size;
    drain_ = *size > limits.max_literal;
    too_big_ = too_big_ || drain_;
    return NeedMore{};
  }
  separated_ = true;
  std::vector<Token> tokens = std::exchange(tokens_, {});
  if (std::exchange(too_big_, false)) return Refused{true, "Too large"};
  return Line{std::move(tokens)};
}

bool Lexer::Lex(std::string_view line, const Limits& limits) {
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ') {
      separated_ = true;
      ++at;
      continue;
    }
    if (!separated_ || tokens_.size() >= limits.max_arguments) return false;
    if (!(line[at] == '"' ? LexQuoted(line, at) : LexWord(line, at))) return false;
    separated_ = false;
  }
  return true;
}

bool Lexer::LexQuoted(std::string_view line, size_t& at) {
  std::string text;
  for (++at; at < line.size() && line[at] != '"'; ++at) {
    if (line[at] == '\\') {
      // RFC 5804 4 QUOTED-SPECIALS
      if (++at == line.size() || (line[at] != '"' && line[at] != '\\')) return false;
    }
    if (line[at] == '\0' || line[at] == '\r') return false;
    text.push_back(line[at]);
  }
  if (at == line.size() || text.size() > kMaxQuoted) return false;
  ++at;
  tokens_.push_back({Token::Kind::kString, std::move(text), 0});
  return true;
}

bool Lexer::LexWord(std::string_view line, size_t& at) {
  size_t begin = at;
  while (at < line.size() && IsWordChar(line[at])) ++at;
  std::string_view word = line.substr(begin, at - begin);
  if (word.empty()) return false;
  if (IsDigit(word[0])) {
    auto number = ParseUint(word);
    if (!number || *number > kMaxNumber) return false;
    tokens_.push_back({Token::Kind::kNumber, std::string(word), *number});
    return true;
  }
  tokens_.push_back({Token::Kind::kWord, std::string(word), 0});
  return true;
}

}  // namespace pennypost::managesieve
