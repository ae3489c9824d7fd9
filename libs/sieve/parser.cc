#include "sieve/parser.h"

#include <fmt/format.h>

#include "sieve/lexer.h"

namespace pennypost::sieve {
namespace {

using Kind = Token::Kind;

class Parser {
 public:
  Parser(std::string_view script, const Limits& limits) : limits_(limits), lexer_(script) {}

  ParseResult Run() {
    Next();
    ParseCommands(result_.commands, 0);
    if (ok() && token_.kind != Kind::kEnd) Fail("'}' without a block");
    return std::move(result_);
  }

 private:
  bool ok() const { return result_.errors.empty(); }

  void FailAt(Position at, std::string message) {
    if (ok()) result_.errors.push_back({at, std::move(message)});
  }
  void Fail(std::string message) { FailAt(token_.at, std::move(message)); }

  void Next() {
    if (!ok()) return;
    token_ = lexer_.Next();
    if (token_.kind == Kind::kError) Fail(token_.text);
  }

  std::string Found() const {
    switch (token_.kind) {
      case Kind::kEnd:
        return "the end of the script";
      case Kind::kIdentifier:
        return fmt::format("'{}'", token_.text);
      case Kind::kTag:
        return fmt::format("':{}'", token_.text);
      case Kind::kNumber:
        return "a number";
      case Kind::kString:
        return "a string";
      default:
        return fmt::format("'{}'", token_.text);
    }
  }

  void ParseCommands(std::vector<Node>& out, size_t depth) {
    while (ok() && token_.kind != Kind::kEnd && !token_.Is('}')) {
      if (token_.kind != Kind::kIdentifier) {
        return Fail(fmt::format("a command is expected here, not {}", Found()));
      }
      ParseCommand(out.emplace_back(), depth);
    }
  }

  void ParseCommand(Node& node, size_t depth) {
    ParseHead(node, 0);
    if (!ok()) return;
    if (token_.Is(';')) return Next();
    if (!token_.Is('{')) {
      return Fail(fmt::format("';' or a block is expected after '{}', not {}", node.name, Found()));
    }
    Position open = token_.at;
    if (depth >= limits_.max_block_depth) {
      return Fail(fmt::format("blocks are nested deeper than {}", limits_.max_block_depth));
    }
    node.has_block = true;
    Next();
    ParseCommands(node.block, depth + 1);
    if (!ok()) return;
    if (!token_.Is('}')) return FailAt(open, "block is not closed");
    Next();
  }

  // Name, arguments and tests: what commands and tests share.
  void ParseHead(Node& node, size_t test_depth) {
    node.at = token_.at;
    node.name = token_.text;
    Next();
    while (ok() && ParseArgument(node)) {
    }
    if (!ok()) return;
    if (token_.kind == Kind::kIdentifier) return ParseTest(node, test_depth + 1);
    if (!token_.Is('(')) return;
    do {
      Next();
      if (ok() && token_.kind != Kind::kIdentifier) {
        Fail(fmt::format("a test is expected here, not {}", Found()));
      }
      if (ok()) ParseTest(node, test_depth + 1);
    } while (ok() && token_.Is(','));
    if (ok() && !token_.Is(')')) {
      Fail(fmt::format("',' or ')' is expected in a list of tests, not {}", Found()));
    }
    Next();
  }

  void ParseTest(Node& parent, size_t depth) {
    if (depth > limits_.max_test_depth) {
      return Fail(fmt::format("tests are nested deeper than {}", limits_.max_test_depth));
    }
    ParseHead(parent.tests.emplace_back(), depth);
  }

  bool ParseArgument(Node& node) {
    Argument argument;
    argument.at = token_.at;
    if (token_.kind == Kind::kTag) {
      argument.kind = Argument::Kind::kTag;
      argument.tag = token_.text;
    } else if (token_.kind == Kind::kNumber) {
      argument.kind = Argument::Kind::kNumber;
      argument.number = token_.number;
    } else if (token_.kind == Kind::kString) {
      argument.strings.push_back(token_.text);
    } else if (token_.Is('[')) {
      argument.kind = Argument::Kind::kList;
      ParseList(argument);
    } else {
      return false;
    }
    Next();
    node.arguments.push_back(std::move(argument));
    return true;
  }

  // Leaves the "]" as the token at hand. An empty list is an error (RFC 5228 8.2).
  void ParseList(Argument& argument) {
    do {
      Next();
      if (!ok()) return;
      if (token_.kind != Kind::kString) {
        return Fail(fmt::format("a string is expected in a list, not {}", Found()));
      }
      argument.strings.push_back(token_.text);
      Next();
    } while (ok() && token_.Is(','));
    if (ok() && !token_.Is(']')) {
      Fail(fmt::format("',' or ']' is expected in a list of strings, not {}", Found()));
    }
  }

  const Limits& limits_;
  Lexer lexer_;
  Token token_;
  ParseResult result_;
};

}  // namespace

ParseResult Parse(std::string_view script, const Limits& limits) {
  if (script.size() > limits.max_script) {
    ParseResult result;
    result.errors.push_back(
        {{}, fmt::format("script is larger than {} octets", limits.max_script)});
    return result;
  }
  return Parser(script, limits).Run();
}

}  // namespace pennypost::sieve
