#include "mailauth/auth_results.h"

#include <gtest/gtest.h>

namespace pennypost::mailauth {
namespace {

TEST(AuthResults, Writes) {
  EXPECT_EQ(AuthenticationResults("mx.example.org", {}),
            "Authentication-Results: mx.example.org; none\r\n");
  std::vector<AuthMethod> methods = {
      {"spf", "pass", "", {{"smtp.mailfrom", "a@example.com"}}},
      {"dkim",
       "fail",
       "body hash does not match",
       {{"header.d", "example.com"}, {"header.b", "abc/def="}}},
  };
  EXPECT_EQ(
      AuthenticationResults("mx.example.org", methods),
      "Authentication-Results: mx.example.org;\r\n spf=pass\r\n  smtp.mailfrom=a@example.com;\r\n"
      " dkim=fail reason=\"body hash does not match\"\r\n  header.d=example.com\r\n  "
      "header.b=\"abc/def=\"\r\n");
}

TEST(AuthResults, WhatAPeerSaysCannotEndTheField) {
  std::vector<AuthMethod> methods = {
      {"spf", "none", "", {{"smtp.helo", "a\r\nX-Evil: b; dkim=pass \"q\\"}}}};
  EXPECT_EQ(AuthenticationResults("mx", methods),
            "Authentication-Results: mx;\r\n spf=none\r\n  smtp.helo=\"aX-Evil: b; dkim=pass "
            "\\\"q\\\\\"\r\n");
}

// RFC 8601 5
TEST(AuthResults, FindsForgedOnes) {
  struct {
    const char* value;
    bool forged;
  } rows[] = {
      {" mx.example.org; spf=pass", true},
      {" MX.Example.ORG; spf=pass", true},
      {" mx.example.org. ; spf=pass", true},
      {" mx.example.org 1; spf=pass", true},
      {" (a (nested \\) comment)) mx.example.org;none", true},
      {"\r\n\tmx.example.org(x);none", true},
      {" \"mx.example.org\"; none", true},
      {" \"mx\\.example.org\"; none", true},
      {" (never ends mx.example.org", true},
      {"", true},
      {" ; none", true},
      {" mx.example.org.evil.com; spf=pass", false},
      {" other.example.net; spf=pass", false},
      {" (mx.example.org) other.example.net; spf=pass", false},
  };
  for (const auto& row : rows) {
    std::string message = "X: y\r\nauthentication-results:" + std::string(row.value) + "\r\n\r\n";
    std::vector<size_t> forged =
        ForgedAuthResults(mail::ParseHeaderBlock(message), {"mx.example.org"});
    EXPECT_EQ(forged, row.forged ? std::vector<size_t>{1} : std::vector<size_t>{}) << row.value;
  }
}

}  // namespace
}  // namespace pennypost::mailauth
