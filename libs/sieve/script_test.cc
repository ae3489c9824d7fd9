// Errors of lexer, parser and checker: the exact text and place; and the budgets of a run.

#include "sieve/script.h"

#include <gtest/gtest.h>

#include "sieve/language.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

struct Bad {
  const char* script;
  const char* error;
};

class BadScript : public testing::TestWithParam<Bad> {};

TEST_P(BadScript, SaysWhatAndWhere) {
  Script script = Compile(GetParam().script);
  ASSERT_FALSE(script.ok()) << GetParam().script;
  EXPECT_EQ(script.errors[0].ToString(), GetParam().error) << GetParam().script;
}

INSTANTIATE_TEST_SUITE_P(
    Lexer, BadScript,
    testing::Values(
        Bad{"keep;\n /* open", "line 2, column 2: comment is not closed"},
        Bad{"redirect \"abc", "line 1, column 10: string is not closed"},
        Bad{"redirect \"abc\\", "line 1, column 10: string is not closed"},
        Bad{"redirect \"\xFF\";", "line 1, column 10: string is not UTF-8"},
        Bad{"redirect text: x", "line 1, column 16: text: must be followed by a new line"},
        Bad{"redirect text:\nabc\n..\n",
            "line 1, column 10: text: has no line with a single dot that ends it"},
        Bad{"keep @", "line 1, column 6: unexpected character '@'"},
        Bad{"keep \x01", "line 1, column 6: unexpected octet 0x01"},
        Bad{"keep : x;", "line 1, column 6: a name must follow ':'"},
        Bad{"if size :over 9223372036854775808 { }", "line 1, column 15: number is too large"},
        Bad{"if size :over 9007199254740993G { }", "line 1, column 15: number is too large"},
        Bad{"if size :over 12x { }",
            "line 1, column 15: a number may only be followed by K, M or G"}));

INSTANTIATE_TEST_SUITE_P(
    Parser, BadScript,
    testing::Values(
        Bad{"keep",
            "line 1, column 5: ';' or a block is expected after 'keep', not the end of the "
            "script"},
        Bad{"keep; }", "line 1, column 7: '}' without a block"},
        Bad{"\"x\";", "line 1, column 1: a command is expected here, not a string"},
        Bad{"if true {\n keep;\n", "line 1, column 9: block is not closed"},
        Bad{"if anyof (true, 1) {}", "line 1, column 17: a test is expected here, not a number"},
        Bad{"if anyof (true { }",
            "line 1, column 16: ',' or ')' is expected in a list of tests, not '{'"},
        Bad{"redirect [\"a\" \"b\"];",
            "line 1, column 15: ',' or ']' is expected in a list of strings, not a string"},
        Bad{"redirect [];", "line 1, column 11: a string is expected in a list, not ']'"}));

INSTANTIATE_TEST_SUITE_P(
    Checker, BadScript,
    testing::Values(
        Bad{"kep;", "line 1, column 1: unknown command 'kep'"},
        Bad{"header;", "line 1, column 1: 'header' is a test, not a command"},
        Bad{"if keep {}", "line 1, column 4: 'keep' is a command, not a test"},
        Bad{"if maybe {}", "line 1, column 4: unknown test 'maybe'"},
        Bad{"fileinto \"x\";", "line 1, column 1: 'fileinto' needs require \"fileinto\""},
        Bad{"redirect :copy \"a@b.c\";", "line 1, column 10: ':copy' needs require \"copy\""},
        Bad{"keep :foo;", "line 1, column 6: 'keep' takes no ':foo'"},
        Bad{"keep; require \"copy\";",
            "line 1, column 7: 'require' must stand before all other commands"},
        Bad{"require \"nope\";", "line 1, column 9: extension 'nope' is not known"},
        Bad{"else { }", "line 1, column 1: 'else' must follow 'if' or 'elsif'"},
        Bad{"if true { } keep; elsif true { }",
            "line 1, column 19: 'elsif' must follow 'if' or 'elsif'"},
        Bad{"if true;", "line 1, column 1: 'if' needs a block"},
        Bad{"keep { }", "line 1, column 1: 'keep' takes no block"},
        Bad{"if { }", "line 1, column 1: 'if' needs exactly one test"},
        Bad{"if not { }", "line 1, column 4: 'not' needs exactly one test"},
        Bad{"keep true;", "line 1, column 6: 'keep' takes no test"},
        Bad{"redirect;", "line 1, column 1: 'redirect' takes 1 positional argument, not 0"},
        Bad{"redirect 3;", "line 1, column 10: argument 1 of 'redirect' must be a string"},
        Bad{"redirect \"no\";", "line 1, column 10: 'no' is not an address"},
        Bad{"if header \"a\" :is \"b\" { }",
            "line 1, column 15: ':is' must stand before the positional arguments of 'header'"},
        Bad{"if header :is :contains \"a\" \"b\" { }",
            "line 1, column 15: ':is' and ':contains' exclude each other"},
        Bad{"if header :is :is \"a\" \"b\" { }", "line 1, column 15: ':is' is given twice"},
        Bad{"if header :comparator 3 \"a\" \"b\" { }",
            "line 1, column 11: ':comparator' must be followed by a string"},
        Bad{"if header :comparator \"i;x\" \"a\" \"b\" { }",
            "line 1, column 23: unknown comparator 'i;x'"},
        Bad{"if header \"a:b\" \"c\" { }",
            "line 1, column 11: 'a:b' is not the name of a header field"},
        Bad{"if address \"subject\" \"c\" { }",
            "line 1, column 12: header field 'subject' holds no addresses"},
        Bad{"if size 3 { }", "line 1, column 4: 'size' needs :over or :under"},
        Bad{"require \"relational\"; if header :count \"xx\" \"a\" \"b\" { }",
            "line 1, column 40: unknown relation 'xx': one of gt, ge, lt, le, eq, ne"},
        Bad{"require \"regex\"; if header :regex \"a\" \"(\" { }",
            "line 1, column 39: regular expression '(': missing ): ("},
        Bad{"require \"variables\"; set \"1a\" \"b\";",
            "line 1, column 26: '1a' is not the name of a variable"},
        Bad{"require \"encoded-character\"; redirect \"${unicode:D800}\";",
            "line 1, column 39: 'D800' is not a Unicode character"}));

TEST(Compile, ReportsSeveralErrorsInOrder) {
  Script script = Compile("foo;\nbar;\nkeep;\nredirect 1;\n");
  ASSERT_EQ(script.errors.size(), 3u);
  EXPECT_EQ(script.errors[1].at.line, 2u);
  EXPECT_EQ(script.errors[2].at.line, 4u);
}

TEST(Compile, ColumnsCountCharacters) {
  Script script = Compile("if header \"ü\" \"grün\" { kep; }");
  ASSERT_EQ(script.errors.size(), 2u);
  EXPECT_EQ(script.errors[1].at.column, 24u);
}

std::string Nested(size_t blocks) {
  std::string script;
  for (size_t i = 0; i < blocks; ++i) script += "if true {";
  return script + "keep;" + std::string(blocks, '}');
}

// ROBUSTNESS F3
TEST(Compile, NestingIsBounded) {
  EXPECT_TRUE(Compile(Nested(15)).ok());
  EXPECT_EQ(Compile(Nested(16)).errors[0].message, "blocks are nested deeper than 15");
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  EXPECT_EQ(Compile("if " + nots + "true { }").errors[0].message,
            "tests are nested deeper than 32");
  EXPECT_EQ(Compile(std::string((1 << 20) + 1, ' ')).errors[0].message,
            "script is larger than 1048576 octets");
  EXPECT_TRUE(Compile(std::string(1 << 20, ' ')).ok());
}

Result RunOver(const std::string& text, const std::string& mail, const Limits& limits = {}) {
  Script script = Compile(text, limits);
  EXPECT_TRUE(script.ok()) << script.errors[0].ToString();
  Message message{mail};
  Host host;
  return Execute(script, message, {"a@example.org", "b@example.org", ""}, host, limits);
}

// ROBUSTNESS F3: CVE-2026-47082
TEST(Run, ManyStarsOverALongValueEndInTime) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "a*";
  std::string mail = "Subject: " + std::string(1'000'000, 'a') + "\r\n\r\n";
  Result all = RunOver("if header :matches \"subject\" \"" + pattern + "\" { discard; }", mail);
  EXPECT_EQ(all.actions.size(), 1u);
  Result result = RunOver("if header :matches \"subject\" \"" + pattern + "b\" { discard; }", mail);
  EXPECT_TRUE(result.implicit_keep);
  EXPECT_TRUE(result.actions.empty());
  std::string half(500'000, 'a');
  result = RunOver("if header :matches \"subject\" \"*" + half + "b\" { discard; }", mail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "script takes more than 1000000 steps");
  EXPECT_TRUE(result.implicit_keep);
}

// ROBUSTNESS F3: loops multiply whatever stands in them.
TEST(Run, LoopsOverPartsAreBounded) {
  std::string mail = "Subject: " + std::string(6000, 'a') +
                     "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 200; ++i) mail += "--b\r\n\r\nx\r\n";
  std::string loops = "foreverypart { foreverypart { foreverypart {\n";
  for (const std::string& body :
       {std::string("if header :regex \"subject\" \"(a|b|c)*x{1,500}y\" { stop; }"),
        "set \"x\" \"" + std::string(500'000, 'x') + "\";"}) {
    Result result = RunOver(
        "require [\"foreverypart\", \"variables\", \"regex\"];\n" + loops + " " + body + "}}}",
        mail + "--b--\r\n");
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->ToString(), "line 3, column 2: script takes more than 1000000 steps");
    EXPECT_LT(result.steps, 3'000'000u);
  }
}

TEST(Run, GrowthByVariablesIsBounded) {
  std::string script = "require \"variables\"; set \"a\" \"0123456789abcdef\";";
  for (int i = 0; i < 40; ++i) script += "set \"a\" \"${a}${a}${a}${a}\";";
  script += "if string :count \"eq\" \"${a}\" \"1\" { }";
  script.replace(script.find("\"variables\""), 11, "[\"variables\", \"relational\"]");
  Result result = RunOver(script, "\r\n");
  EXPECT_FALSE(result.error);
  std::string wide =
      "require \"variables\"; set \"a\" \"" + std::string(1 << 14, 'x') + "\"; set \"b\" \"";
  for (int i = 0; i < 100; ++i) wide += "${a}";
  result = RunOver(wide + "\";", "\r\n");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "string with variables is longer than 1 MiB");
}

TEST(Run, ActionsAreBounded) {
  std::string script = "require \"fileinto\";";
  for (int i = 0; i < 33; ++i) script += "fileinto \"m" + std::to_string(i) + "\";";
  Result result = RunOver(script, "\r\n");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "more than 32 actions");
  EXPECT_TRUE(result.actions.empty());
  std::string redirects;
  for (int i = 0; i < 5; ++i) redirects += "redirect \"a" + std::to_string(i) + "@b.org\";";
  EXPECT_EQ(RunOver(redirects, "\r\n").error->message, "more than 4 redirects");
}

TEST(Run, RejectExcludesDelivery) {
  EXPECT_EQ(RunOver("require \"reject\"; keep; reject \"no\";", "\r\n").error->message,
            "reject cannot be combined with keep, fileinto, redirect or vacation");
  Result result = RunOver("require \"ereject\"; ereject \"no\";", "\r\n");
  ASSERT_EQ(result.actions.size(), 1u);
  EXPECT_TRUE(std::get<Reject>(result.actions[0]).extended);
  EXPECT_FALSE(result.implicit_keep);
}

TEST(Language, CapabilitiesAreSortedAndWithoutTheTestSuite) {
  auto names = TheLanguage().Capabilities();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::count(names.begin(), names.end(), kTestSuite), 0);
  EXPECT_EQ(std::count(names.begin(), names.end(), "fileinto"), 1);
}

}  // namespace
}  // namespace pennypost::sieve
