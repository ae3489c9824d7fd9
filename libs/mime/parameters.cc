#include "mime/parameters.h"

#include <map>

#include "base/text.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"

namespace pennypost::mime {
namespace {

constexpr std::string_view kSpecials = ";=";

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    std::optional<std::string> byte;
    if (text[i] == '%' && i + 2 < text.size()) byte = HexDecode(text.substr(i + 1, 2));
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// One piece of a value split by RFC 2231 3; `extended` pieces are percent encoded.
struct Piece {
  std::string_view value;
  bool extended = false;
};

// The piece number and form behind `name`: "*", "*0", "*0*". Nothing if it is another parameter.
struct PieceName {
  size_t number = 0;
  bool extended = false;
};
std::optional<PieceName> MatchPiece(std::string_view written, std::string_view name) {
  if (!written.starts_with(name)) return std::nullopt;
  std::string_view rest = written.substr(name.size());
  if (!rest.starts_with('*')) return std::nullopt;
  rest.remove_prefix(1);
  if (rest.empty()) return PieceName{0, true};
  PieceName piece;
  if (rest.ends_with('*')) {
    piece.extended = true;
    rest.remove_suffix(1);
  }
  auto number = ParseUint(rest);
  if (!number || *number >= kMaxParams) return std::nullopt;
  piece.number = static_cast<size_t>(*number);
  return piece;
}

// RFC 2231 4: the first extended piece starts with charset'language'.
std::string JoinPieces(const std::map<size_t, Piece>& pieces) {
  std::string charset;
  std::string bytes;
  size_t expected = 0;
  for (const auto& [number, piece] : pieces) {
    if (number != expected++) break;
    std::string_view value = piece.value;
    if (number == 0 && piece.extended) {
      size_t first = value.find('\'');
      size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
      if (second != std::string_view::npos) {
        charset = value.substr(0, first);
        value.remove_prefix(second + 1);
      }
    }
    bytes += piece.extended ? PercentDecode(value) : std::string(value);
  }
  return ToUtf8(bytes, charset);
}

}  // namespace

ParameterizedValue ParseParameterized(std::string_view field) {
  ParameterizedValue out;
  FieldLexer lexer(field, kSpecials);
  FieldToken token = lexer.Next();
  for (; token.kind != FieldToken::Kind::kEnd && token.text != ";"; token = lexer.Next()) {
    if (token.kind == FieldToken::Kind::kAtom) out.value += ToLower(token.text);
  }
  while (token.kind != FieldToken::Kind::kEnd && out.params.size() < kMaxParams) {
    Param param;
    bool seen_equals = false;
    for (token = lexer.Next(); token.kind != FieldToken::Kind::kEnd; token = lexer.Next()) {
      if (token.kind == FieldToken::Kind::kComment) continue;
      if (token.kind == FieldToken::Kind::kSpecial) {
        if (token.text == ";") break;
        // "=" inside an unquoted value, as in base64-like boundaries, belongs to it.
        if (seen_equals) param.value += '=';
        seen_equals = true;
      } else if (!seen_equals) {
        param.name += ToLower(token.text);
      } else {
        // A sender that forgot the quotes around "my file.pdf" still means one value.
        if (!param.value.empty() && lexer.space_before()) param.value += ' ';
        param.value += token.text;
      }
    }
    if (seen_equals && !param.name.empty()) out.params.push_back(std::move(param));
  }
  return out;
}

const std::string* FindParam(const Params& params, std::string_view name) {
  for (const Param& param : params) {
    if (param.name == name) return &param.value;
  }
  return nullptr;
}

std::optional<std::string> DecodedParam(const Params& params, std::string_view name) {
  std::map<size_t, Piece> pieces;
  for (const Param& param : params) {
    if (auto piece = MatchPiece(param.name, name)) {
      pieces.try_emplace(piece->number, Piece{param.value, piece->extended});
    }
  }
  if (!pieces.empty()) return JoinPieces(pieces);
  if (const std::string* plain = FindParam(params, name)) return DecodeHeader(*plain);
  return std::nullopt;
}

}  // namespace pennypost::mime
