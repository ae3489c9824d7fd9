#include "mime/encoded_word.h"

#include <optional>

#include "base/text.h"
#include "mail/header.h"
#include "mime/charset.h"
#include "mime/decode.h"

namespace pennypost::mime {
namespace {

struct EncodedWord {
  std::string_view charset;
  std::string bytes;
  size_t size = 0;  // of the word as written
};

// RFC 2047 4.2: like quoted-printable, with "_" for a space.
std::string DecodeQ(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    std::optional<std::string> byte;
    if (text[i] == '=' && i + 2 < text.size()) byte = HexDecode(text.substr(i + 1, 2));
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out.push_back(text[i] == '_' ? ' ' : text[i]);
    }
  }
  return out;
}

// The length of a word is bounded so that many unclosed ones stay linear; senders do exceed the 75
// of RFC 2047 2.
constexpr size_t kMaxWord = 2000;

// `text` starts with "=?".
std::optional<EncodedWord> ReadWord(std::string_view text) {
  std::string_view window = text.substr(0, kMaxWord);
  size_t charset_end = window.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= window.size())
    return std::nullopt;
  if (window[charset_end + 2] != '?') return std::nullopt;
  size_t begin = charset_end + 3;
  // RFC 2047 2: encoded-text holds no "?", so the next one ends the word or there is none.
  size_t end = window.find('?', begin);
  if (end == std::string_view::npos || end + 1 >= window.size() || window[end + 1] != '=') {
    return std::nullopt;
  }
  EncodedWord word;
  word.charset = window.substr(2, charset_end - 2);
  // RFC 2231 5: a language may follow the charset.
  word.charset = word.charset.substr(0, word.charset.find('*'));
  std::string_view body = window.substr(begin, end - begin);
  switch (AsciiUpper(window[charset_end + 1])) {
    case 'B':
      word.bytes = DecodeBase64(body);
      break;
    case 'Q':
      word.bytes = DecodeQ(body);
      break;
    default:
      return std::nullopt;
  }
  word.size = end + 2;
  return word;
}

}  // namespace

std::string DecodeHeader(std::string_view value) {
  std::string text = mail::Unfold(value);
  if (text.find("=?") == std::string::npos) return ToUtf8(text, "");
  std::string_view rest = text;
  std::string out;
  std::string charset;  // of `pending`
  // Bytes of words in a row with one charset: some senders cut inside a character.
  std::string pending;
  auto flush = [&] {
    out += ToUtf8(pending, charset);
    pending.clear();
  };
  bool after_word = false;
  while (!rest.empty()) {
    size_t start = rest.find("=?");
    std::string_view plain = rest.substr(0, start);
    auto word = start == std::string_view::npos ? std::nullopt : ReadWord(rest.substr(start));
    bool only_space = Trim(plain).empty();
    if (!word && start != std::string_view::npos) plain = rest.substr(0, start + 2);
    if (!word || !only_space || !after_word) {
      flush();
      out += ToUtf8(plain, "");
    }
    rest.remove_prefix(word ? plain.size() + word->size : plain.size());
    after_word = word.has_value();
    if (!word) continue;
    if (!EqualsIgnoreCase(word->charset, charset)) flush();
    charset = word->charset;
    pending += word->bytes;
  }
  flush();
  return out;
}

}  // namespace pennypost::mime
