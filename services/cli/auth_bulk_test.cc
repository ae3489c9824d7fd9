#include "services/cli/auth_bulk.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/base64.h"
#include "mailauth/dkim_sign.h"

namespace pennypost::cli {
namespace {

using Json = nlohmann::json;

Json Ask(const Json& line) {
  return Json::parse(AuthCheckLine(line.dump()));
}

// The public suite, all of it, through the door that auth-check has.
TEST(AuthBulk, TheOpenSpfSuite) {
  std::ifstream file(PP_SOURCE_DIR "/services/cli/testdata/openspf/rfc7208-tests.json");
  Json suite = Json::parse(file);
  int tests = 0;
  for (const Json& scenario : suite) {
    for (Json test : scenario["tests"]) {
      test["check"] = "spf";
      test["now"] = 1600000000;
      test["dns"] = scenario["dns"];
      Json answer = Ask(test);
      ++tests;
      ASSERT_TRUE(answer.contains("spf")) << answer;
      std::string result = answer["spf"]["result"];
      EXPECT_NE(std::find(test["results"].begin(), test["results"].end(), result),
                test["results"].end())
          << test["id"] << ": " << result << ", not " << test["results"];
      if (test.contains("explanation")) {
        EXPECT_EQ(answer["spf"].value("explanation", ""), test["explanation"]) << test["id"];
      }
    }
  }
  EXPECT_EQ(tests, 203);
}

Json Records(const std::vector<std::vector<std::string>>& records) {
  return records;
}

Json DkimLine(const std::string& message) {
  return {{"id", "m"},
          {"check", "dkim"},
          {"message_b64", Base64Encode(message)},
          {"now", 1600000000},
          {"dns", Json::object()}};
}

TEST(AuthBulk, SignaturesInTheOrderOfTheHeader) {
  mailauth::DkimPrivateKey rsa =
      *mailauth::DkimPrivateKey::Generate(mailauth::DkimAlgorithm::kRsaSha256);
  mailauth::DkimPrivateKey ed =
      *mailauth::DkimPrivateKey::Generate(mailauth::DkimAlgorithm::kEd25519Sha256);
  std::string plain = "From: a@example.org\r\nSubject: s\r\n\r\nhello\r\n";
  std::string message = mailauth::DkimSign(
      plain, {{"example.org", "r", rsa}, {"example.org", "e", ed}, {"example.org", "gone", ed}},
      {.unix_seconds = 1600000000});
  message += plain;
  Json line = DkimLine(message);
  line["dns"] = {{"r._domainkey.example.org", Records({{"TXT", rsa.PublicRecord()}})},
                 {"e._domainkey.example.org", Records({{"TIMEOUT"}})}};
  Json answer = Ask(line);
  ASSERT_EQ(answer["dkim"].size(), 3u) << answer;
  EXPECT_EQ(answer["dkim"][0]["result"], "pass");
  EXPECT_EQ(answer["dkim"][0]["domain"], "example.org");
  EXPECT_EQ(answer["dkim"][0]["selector"], "r");
  EXPECT_EQ(answer["dkim"][1]["result"], "temperror");
  EXPECT_EQ(answer["dkim"][2]["result"], "permerror");
  line["now"] = 1600000000 + 8 * 86400;
  EXPECT_NE(Ask(line)["dkim"][0]["result"], "pass") << "expired";
}

TEST(AuthBulk, AFileOfThisMachineHasItsLineEndsMended) {
  mailauth::DkimPrivateKey ed =
      *mailauth::DkimPrivateKey::Generate(mailauth::DkimAlgorithm::kEd25519Sha256);
  std::string plain = "From: a@example.org\r\n\r\nhello\r\n";
  std::string message =
      mailauth::DkimSign(plain, {{"example.org", "e", ed}}, {.unix_seconds = 1600000000}) + plain;
  std::erase(message, '\r');
  Json line = DkimLine(message);
  line["dns"] = {{"e._domainkey.example.org", Records({{"TXT", ed.PublicRecord()}})}};
  EXPECT_EQ(Ask(line)["dkim"][0]["result"], "pass");
}

TEST(AuthBulk, MessagesWithoutSignatures) {
  EXPECT_EQ(Ask(DkimLine("From: a@b.c\r\n\r\n"))["dkim"], Json::array());
  EXPECT_EQ(Ask(DkimLine(""))["dkim"], Json::array());
  Json arc = DkimLine("From: a@b.c\r\n\r\n");
  arc["check"] = "arc";
  EXPECT_EQ(Ask(arc)["arc"]["result"], "none");
}

TEST(AuthBulk, HowDnsIsWritten) {
  Json line = {{"id", 7},       {"check", "spf"},          {"ip", "192.0.2.1"},
               {"helo", "h.x"}, {"mail_from", "a@b.test"}, {"now", 1}};
  auto result = [&line](Json dns) {
    line["dns"] = std::move(dns);
    return Ask(line)["spf"]["result"];
  };
  EXPECT_EQ(result(nullptr), "none");
  EXPECT_EQ(result({{"b.test", Records({{"TXT", "v=spf1 ", "+all"}})}}), "pass");
  Json nested = Json::array({"TXT", Json::array({"v=spf1 ", "-all"})});
  EXPECT_EQ(result({{"b.test", Json::array({nested})}}), "fail");
  EXPECT_EQ(result({{"B.Test.", Records({{"CNAME", "c.test."}})},
                    {"c.test", Records({{"TXT", "v=spf1 ~all"}})}}),
            "softfail");
  EXPECT_EQ(result({{"b.test", Records({{"CNAME", "b.test"}})}}), "temperror") << "a loop";
  EXPECT_EQ(result({{"b.test", Records({{"TIMEOUT"}})}}), "temperror");
  EXPECT_EQ(result({{"b.test", Records({{"TXT", "v=spf1 ?all"}, {"SERVFAIL"}})}}), "neutral");
  EXPECT_EQ(result({{"b.test", Records({{"TXT", "v=spf1 ?all"}, {"TIMEOUT", "TXT"}})}}),
            "temperror");
  EXPECT_EQ(result({{"b.test", Records({{"TXT", "v=spf1 ?all"}, {"TIMEOUT", "A"}})}}), "neutral");
  line["mail_from"] = "<>";
  EXPECT_EQ(result({{"h.x", Records({{"TXT", "v=spf1 -all"}})}}), "fail") << "the HELO name";
}

TEST(AuthBulk, DmarcTakesWhatSpfFound) {
  Json line = DkimLine("From: joe@mail.example.com\r\n\r\nhello\r\n");
  line["check"] = "dmarc";
  line["spf"] = {{"result", "pass"}, {"domain", "bounces.example.com"}};
  line["dns"] = {
      {"_dmarc.example.com", Records({{"TXT", "v=DMARC1; p=reject;", " sp=quarantine"}})}};
  Json passed = {{"result", "pass"}, {"policy", "quarantine"}, {"org_domain", "example.com"}};
  EXPECT_EQ(Ask(line)["dmarc"], passed);
  line["spf"]["result"] = "softfail";
  EXPECT_EQ(Ask(line)["dmarc"]["result"], "fail");
  line["spf"]["result"] = "temperror";
  EXPECT_EQ(Ask(line)["dmarc"]["result"], "temperror");
  line.erase("spf");
  EXPECT_EQ(Ask(line)["dmarc"]["result"], "fail");
  line["dns"] = {{"_dmarc.example.com", Records({{"SERVFAIL"}})}};
  EXPECT_EQ(Ask(line)["dmarc"]["result"], "temperror");
  line["dns"] = Json::object();
  Json none = {{"result", "none"}, {"policy", "none"}, {"org_domain", "mail.example.com"}};
  EXPECT_EQ(Ask(line)["dmarc"], none);
  line["spf"] = 7;
  EXPECT_TRUE(Ask(line).contains("error"));
}

TEST(AuthBulk, WhateverALineHoldsThereIsAnAnswer) {
  for (std::string line :
       {std::string(""),
        std::string("{"),
        std::string("null"),
        std::string("[]"),
        std::string("\xff\xfe"),
        std::string("{}"),
        std::string(R"({"id":"9"})"),
        std::string(R"({"id":"9","check":"magic"})"),
        std::string(R"({"id":"9","check":7})"),
        std::string(R"({"id":"9","check":"spf"})"),
        std::string(R"({"id":"9","check":"spf","ip":"x"})"),
        std::string(R"({"id":"9","check":"spf","ip":"192.0.2.1","now":"soon"})"),
        std::string(R"({"id":"9","check":"spf","ip":"192.0.2.1","dns":[]})"),
        std::string(R"({"id":"9","check":"spf","ip":"192.0.2.1","dns":{"a":1}})"),
        std::string(R"({"id":"9","check":"spf","ip":"192.0.2.1","dns":{"a":[[]]}})"),
        std::string(R"({"id":"9","check":"spf","ip":"192.0.2.1","dns":{"a":[["MX",10]]}})"),
        std::string(R"({"id":"9","check":"dkim","message_b64":"?"})"),
        std::string(R"({"id":"9","check":"arc-seal","message_b64":""})"),
        std::string(100'000, '['),
        std::string("{\"id\":\"9\"") + std::string(1, '\0') + "}"}) {
    Json answer = Json::parse(AuthCheckLine(line));
    EXPECT_TRUE(answer.contains("error")) << line.substr(0, 80);
    if (line.starts_with("{\"id\":\"9\",")) {
      EXPECT_EQ(answer["id"], "9") << line;
    }
  }
}

TEST(AuthBulk, OneLineOutForEachLineIn) {
  std::istringstream in("{\"id\":\"1\",\"check\":\"spf\",\"ip\":\"192.0.2.1\"}\ngarbage\n\n" +
                        std::string(kMaxAuthLine + 10, 'x') +
                        "\n{\"id\":\"5\",\"check\":\"spf\",\"ip\":\"::1\"}");
  std::ostringstream out;
  AuthCheckLines(in, out);
  std::istringstream lines(out.str());
  std::vector<Json> answers;
  for (std::string line; std::getline(lines, line);) answers.push_back(Json::parse(line));
  ASSERT_EQ(answers.size(), 5u) << out.str();
  EXPECT_EQ(answers[0]["spf"]["result"], "none");
  EXPECT_EQ(answers[1]["error"], "not JSON");
  EXPECT_EQ(answers[2]["error"], "not JSON");
  EXPECT_EQ(answers[3]["error"], "line too long");
  EXPECT_EQ(answers[4]["id"], "5");
}

}  // namespace
}  // namespace pennypost::cli
