#include "imap/lexer.h"

#include <gtest/gtest.h>

#include "testing/splits.h"

namespace pennypost::imap {
namespace {

// Every event as a word: "cmd(text)", "+", "no(tag)", "bad(tag)", "fatal".
std::string Run(const std::vector<std::string_view>& pieces, const Limits& limits) {
  Lexer lexer;
  std::string out;
  for (std::string_view piece : pieces) {
    lexer.Feed(piece);
    for (;;) {
      Lexer::Event event = lexer.Next(limits);
      if (std::holds_alternative<Lexer::NeedMore>(event)) break;
      if (std::holds_alternative<Lexer::Continue>(event)) out += "+ ";
      if (auto* command = std::get_if<Lexer::CommandText>(&event))
        out += "cmd(" + command->text + ") ";
      if (auto* refused = std::get_if<Lexer::Refused>(&event)) {
        out += (refused->too_big ? "no(" : "bad(") + refused->tag + ") ";
      }
      if (std::holds_alternative<Lexer::Fatal>(event)) return out + "fatal";
    }
  }
  return out;
}

void ExpectAll(std::string_view input, std::string_view expected, const Limits& limits = {}) {
  for (const auto& pieces : testing::Splits(input))
    EXPECT_EQ(Run(pieces, limits), expected) << input;
}

TEST(Lexer, CutsCommandsAndLiterals) {
  ExpectAll("a NOOP\r\nb NOOP\n", "cmd(a NOOP) cmd(b NOOP) ");
  ExpectAll("a LOGIN {3}\r\nx\r\n {2+}\r\nyz\r\nb X\r\n",
            "+ cmd(a LOGIN {3}\r\nx\r\n {2+}\r\nyz) cmd(b X) ");
  ExpectAll("a LOGIN {0}\r\n {0+}\r\n\r\n", "+ cmd(a LOGIN {0}\r\n {0+}\r\n) ");
  ExpectAll("a b}\r\n", "cmd(a b}) ");
  ExpectAll("\r\n", "cmd() ");
}

TEST(Lexer, RefusesBeforeItAsks) {
  ExpectAll("a X {4097}\r\nb Y\r\n", "no(a) cmd(b Y) ");
  ExpectAll("a X {4294967296}\r\nb Y\r\n", "no(a) cmd(b Y) ");
  ExpectAll("a X {18446744073709551616}\r\nb Y\r\n", "bad(a) cmd(b Y) ");
  ExpectAll("a X {-1}\r\nb Y\r\n", "bad(a) cmd(b Y) ");
  ExpectAll("a X {}\r\nb Y\r\n", "bad(a) cmd(b Y) ");
  ExpectAll("a X {1+}\r\nx{1+}\r\ny {1+}\r\nz\r\nb Y\r\n", "no(a) cmd(b Y) ");
  ExpectAll("a X {4097+}\r\n" + std::string(4097, '\n') + " rest\r\nb Y\r\n", "no(a) cmd(b Y) ");
  ExpectAll("a X {65537+}\r\n", "fatal");
}

TEST(Lexer, RefusesLongLinesAndNul) {
  ExpectAll("a " + std::string(9000, 'x') + "\r\nb Y\r\n", "no(a) cmd(b Y) ");
  ExpectAll(std::string_view("a \0\r\nb Y\r\n", 10), "bad(a) cmd(b Y) ");
}

TEST(Lexer, AppendHasItsOwnLimit) {
  Limits limits = LimitsAfterLogin(200'000);
  std::string message(150'000, 'x');
  ExpectAll("a APPEND x {150000+}\r\n" + message + "\r\n",
            "cmd(a APPEND x {150000+}\r\n" + message + ") ", limits);
  ExpectAll("a APPEND x {200001}\r\nb Y\r\n", "no(a) cmd(b Y) ", limits);
  ExpectAll("a APPEND {150000}\r\nb Y\r\n", "no(a) cmd(b Y) ", limits);
  ExpectAll("a FETCH {150000}\r\nb Y\r\n", "no(a) cmd(b Y) ", limits);
  ExpectAll("a APPEND x {150000}\r\nb Y\r\n", "no(a) cmd(b Y) ");
  ExpectAll("a UID REPLACE 1 x {150000+}\r\n" + message + "\r\n",
            "cmd(a UID REPLACE 1 x {150000+}\r\n" + message + ") ", LimitsAfterLogin(200'000));
  ExpectAll("a REPLACE 1 {150000}\r\nb Y\r\n", "no(a) cmd(b Y) ", LimitsAfterLogin(200'000));
  // RFC 3502: several messages, which share the limit.
  limits = LimitsAfterLogin(10);
  ExpectAll("a APPEND x {4+}\r\n1234 {6}\r\n123456\r\n",
            "+ cmd(a APPEND x {4+}\r\n1234 {6}\r\n123456) ", limits);
  ExpectAll("a APPEND x {4+}\r\n1234 {7}\r\nb Y\r\n", "no(a) cmd(b Y) ", limits);
}

TEST(Lexer, LinesOfAnExchange) {
  std::string input = "abc\r\n*\n" + std::string(40, 'x') + "\r\nd\r\n";
  for (const auto& pieces : testing::Splits(input)) {
    Lexer lexer;
    std::string out;
    for (std::string_view piece : pieces) {
      lexer.Feed(piece);
      for (;;) {
        Lexer::Event event = lexer.NextLine(20);
        if (std::holds_alternative<Lexer::NeedMore>(event)) break;
        auto* line = std::get_if<Lexer::CommandText>(&event);
        out += line ? line->text + "|" : "refused|";
      }
    }
    EXPECT_EQ(out, "abc|*|refused|d|");
  }
}

}  // namespace
}  // namespace pennypost::imap
