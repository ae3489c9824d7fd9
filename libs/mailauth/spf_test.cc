#include "mailauth/spf.h"

#include <gtest/gtest.h>

#include "mailauth/fake_zone.h"

namespace pennypost::mailauth {
namespace {

// The zone of RFC 7208 appendix A.
FakeZone AppendixA() {
  FakeZone zone;
  zone.Add("example.com", DnsType::kMx, {"mail-a.example.com", "mail-b.example.com"});
  zone.Add("example.com", DnsType::kA, {"192.0.2.10", "192.0.2.11"});
  zone.Add("amy.example.com", DnsType::kA, {"192.0.2.65"});
  zone.Add("bob.example.com", DnsType::kA, {"192.0.2.66"});
  zone.Add("mail-a.example.com", DnsType::kA, {"192.0.2.129"});
  zone.Add("mail-b.example.com", DnsType::kA, {"192.0.2.130"});
  zone.Add("example.org", DnsType::kMx, {"mail-c.example.org"});
  zone.Add("mail-c.example.org", DnsType::kA, {"192.0.2.140"});
  zone.Add("65.2.0.192.in-addr.arpa", DnsType::kPtr, {"amy.example.com"});
  zone.Add("140.2.0.192.in-addr.arpa", DnsType::kPtr, {"mail-c.example.org"});
  zone.Add("4.0.0.10.in-addr.arpa", DnsType::kPtr, {"bob.example.com"});
  zone.Add("mary.mobile-users._spf.example.com", DnsType::kA, {"127.0.0.2"});
  zone.Add("15.15.168.192.joel.remote-users._spf.example.com", DnsType::kA, {"127.0.0.2"});
  return zone;
}

struct Outcome {
  SpfResult result;
  std::string explanation;
  int queries;
};

Outcome Check(FakeZone& zone, std::string_view ip, std::string mail_from,
              std::string helo = "mail.example.com") {
  SpfRequest request{
      .ip = *IpAddress::Parse(ip), .helo = std::move(helo), .mail_from = std::move(mail_from)};
  request.receiver = "mx.example.org";
  request.unix_seconds = 1234567890;
  SpfEvaluator spf(request);
  int queries = 0;
  while (const DnsQuestion* question = spf.Next()) {
    ++queries;
    spf.Resume(zone.Ask(*question));
  }
  return {spf.result(), spf.explanation(), queries};
}

std::string Name(SpfResult result) {
  return std::string(SpfResultName(result));
}

// The result for one record at example.com.
std::string With(std::string record, std::string_view ip, std::string from = "joe@example.com") {
  FakeZone zone = AppendixA();
  zone.Add("example.com", DnsType::kTxt, {std::move(record)});
  return Name(Check(zone, ip, std::move(from)).result);
}

// RFC 7208 A.1
TEST(Spf, SimpleExamplesOfTheAppendix) {
  struct {
    const char* record;
    const char* ip;
    const char* result;
  } rows[] = {
      {"v=spf1 +all", "203.0.113.1", "pass"},
      {"v=spf1 a -all", "192.0.2.10", "pass"},
      {"v=spf1 a -all", "192.0.2.11", "pass"},
      {"v=spf1 a -all", "192.0.2.12", "fail"},
      {"v=spf1 a:example.org -all", "192.0.2.10", "fail"},
      {"v=spf1 mx -all", "192.0.2.129", "pass"},
      {"v=spf1 mx -all", "192.0.2.130", "pass"},
      {"v=spf1 mx -all", "192.0.2.131", "fail"},
      {"v=spf1 mx:example.org -all", "192.0.2.140", "pass"},
      {"v=spf1 mx mx:example.org -all", "192.0.2.140", "pass"},
      {"v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", "pass"},
      {"v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.143", "pass"},
      {"v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.132", "fail"},
      {"v=spf1 ptr -all", "192.0.2.65", "pass"},
      {"v=spf1 ptr -all", "192.0.2.140", "fail"},
      {"v=spf1 ptr -all", "10.0.0.4", "fail"},
      {"v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail"},
      {"v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", "pass"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(With(row.record, row.ip), row.result) << row.record << " " << row.ip;
}

// RFC 7208 A.2
TEST(Spf, IncludeAndRedirect) {
  FakeZone zone = AppendixA();
  zone.Add("example.com", DnsType::kTxt, {"v=spf1 mx -all"});
  zone.Add("example.net", DnsType::kTxt, {"v=spf1 ip4:198.51.100.0/24 -all"});
  zone.Add("example.org", DnsType::kTxt, {"v=spf1 include:example.com include:example.net -all"});
  zone.Add("la.example.org", DnsType::kTxt, {"v=spf1 redirect=example.org"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.129", "a@la.example.org").result), "pass");
  EXPECT_EQ(Name(Check(zone, "198.51.100.7", "a@la.example.org").result), "pass");
  EXPECT_EQ(Name(Check(zone, "203.0.113.7", "a@la.example.org").result), "fail");
}

// RFC 7208 A.3 and A.4
TEST(Spf, MacrosInTermsOfTheAppendix) {
  FakeZone zone = AppendixA();
  zone.Add("example.com", DnsType::kTxt,
           {"v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all"});
  zone.Add("mobile-users._spf.example.com", DnsType::kTxt, {"v=spf1 exists:%{l1r+}.%{d}"});
  zone.Add("remote-users._spf.example.com", DnsType::kTxt, {"v=spf1 exists:%{ir}.%{l1r+}.%{d}"});
  EXPECT_EQ(Name(Check(zone, "203.0.113.7", "mary+x@example.com").result), "pass");
  EXPECT_EQ(Name(Check(zone, "192.168.15.15", "joel@example.com").result), "pass");
  EXPECT_EQ(Name(Check(zone, "192.168.15.16", "joel@example.com").result), "fail");

  FakeZone both = AppendixA();
  both.Add("example.com", DnsType::kTxt,
           {"v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all"});
  both.Add("ip4._spf.example.com", DnsType::kTxt, {"v=spf1 -ip4:192.0.2.0/24 +all"});
  both.Add("ptr._spf.example.com", DnsType::kTxt, {"v=spf1 -ptr:example.com +all"});
  EXPECT_EQ(Name(Check(both, "192.0.2.65", "a@example.com").result), "pass");
  EXPECT_EQ(Name(Check(both, "192.0.2.140", "a@example.com").result), "fail");
  EXPECT_EQ(Name(Check(both, "198.51.100.1", "a@example.com").result), "fail");
}

// RFC 7208 7.4
TEST(Spf, ExpansionExamples) {
  struct {
    const char* macro;
    const char* name;
    const char* ip;
  } rows[] = {
      {"%{s}.x.org", "strong-bad@email.example.com.x.org", "192.0.2.3"},
      {"%{o}.x.org", "email.example.com.x.org", "192.0.2.3"},
      {"%{d4}.x.org", "email.example.com.x.org", "192.0.2.3"},
      {"%{d2}.x.org", "example.com.x.org", "192.0.2.3"},
      {"%{d1}.x.org", "com.x.org", "192.0.2.3"},
      {"%{dr}.x.org", "com.example.email.x.org", "192.0.2.3"},
      {"%{d2r}.x.org", "example.email.x.org", "192.0.2.3"},
      {"%{l-}.x.org", "strong.bad.x.org", "192.0.2.3"},
      {"%{lr-}.x.org", "bad.strong.x.org", "192.0.2.3"},
      {"%{l1r-}.x.org", "strong.x.org", "192.0.2.3"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com", "192.0.2.3"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", "192.0.2.3"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net", "192.0.2.3"},
      {"%{ir}.%{v}._spf.%{d2}",
       "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
       "2001:db8::cb01"},
      {"%{L}%%.x.org", "strong-bad%.x.org", "192.0.2.3"},
  };
  for (const auto& row : rows) {
    FakeZone zone;
    zone.Add("email.example.com", DnsType::kTxt,
             {std::string("v=spf1 exists:") + row.macro + " -all"});
    zone.Add(row.name, DnsType::kA, {"127.0.0.1"});
    EXPECT_EQ(Name(Check(zone, row.ip, "strong-bad@email.example.com").result), "pass")
        << row.macro;
  }
}

TEST(Spf, SyntaxErrorsAnywhereAreAPermError) {
  for (const char* record : {"v=spf1 +all foo",
                             "v=spf1 a: +all",
                             "v=spf1 a/33 +all",
                             "v=spf1 a//129 +all",
                             "v=spf1 a/024 +all",
                             "v=spf1 ip4:1.2.3 +all",
                             "v=spf1 ip4:::1 +all",
                             "v=spf1 ip6:1.2.3.4 +all",
                             "v=spf1 ip4:1.2.3.4/ +all",
                             "v=spf1 all:x +all",
                             "v=spf1 include +all",
                             "v=spf1 exists:%(ir).x.org +all",
                             "v=spf1 exists:%{x}.x.org +all",
                             "v=spf1 exists:%{c}.x.org +all",
                             "v=spf1 exists:%{d0}.x.org +all",
                             "v=spf1 redirect=a.org redirect=b.org +all",
                             "v=spf1 exp=a.org exp=b.org +all",
                             "v=spf1 a:111.222.33.44 +all",
                             "v=spf1 a:museum +all",
                             "v=spf1 a:x.org:80 +all",
                             "v=spf1 unknown=%{ +all",
                             "v=spf1 -",
                             "v=spf1 redirect= +all"}) {
    EXPECT_EQ(With(record, "203.0.113.1"), "permerror") << record;
  }
}

TEST(Spf, WhatIsNoSyntaxError) {
  EXPECT_EQ(With("v=spf1 moo.cow-far_out=man:dog/cat +all", "203.0.113.1"), "pass");
  EXPECT_EQ(With("V=SPF1 +ALL", "203.0.113.1"), "pass");
  EXPECT_EQ(With("v=spf1", "203.0.113.1"), "neutral");
  EXPECT_EQ(With("v=spf10 -all", "203.0.113.1"), "none");
  EXPECT_EQ(With("v=spf1 a:abc..example.com -all", "203.0.113.1"), "fail");
  EXPECT_EQ(With("v=spf1 redirect=example.org -all", "203.0.113.1"), "fail");
}

TEST(Spf, SendersWithoutAUsableDomain) {
  FakeZone zone = AppendixA();
  zone.Add("mail.example.com", DnsType::kTxt, {"v=spf1 exists:%{l}.%{o}.x.org -all"});
  zone.Add("postmaster.mail.example.com.x.org", DnsType::kA, {"127.0.0.1"});
  EXPECT_EQ(Name(Check(zone, "203.0.113.1", "").result), "pass");  // RFC 7208 2.4
  EXPECT_EQ(Name(Check(zone, "203.0.113.1", "", "[203.0.113.1]").result), "none");
  EXPECT_EQ(Name(Check(zone, "203.0.113.1", "a@localhost").result), "none");
  EXPECT_EQ(Name(Check(zone, "203.0.113.1", "a@nowhere.invalid").result), "none");
  EXPECT_EQ(Name(Check(zone, "203.0.113.1", "a@" + std::string(64, 'x') + ".org").result), "none");
}

// RFC 7208 4.6.4
TEST(Spf, LookupLimits) {
  FakeZone zone;
  for (int i = 0; i < 12; ++i) {
    zone.Add("i" + std::to_string(i) + ".org", DnsType::kTxt,
             {"v=spf1 include:i" + std::to_string(i + 1) + ".org -all"});
  }
  zone.Add("i12.org", DnsType::kTxt, {"v=spf1 +all"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@i1.org").result), "permerror");
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@i2.org").result), "pass");
  zone.Add("loop.org", DnsType::kTxt, {"v=spf1 include:loop.org"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@loop.org").result), "permerror");
}

TEST(Spf, VoidLookupLimit) {
  EXPECT_EQ(With("v=spf1 a:n1.org a:n2.org +all", "203.0.113.1"), "pass");
  EXPECT_EQ(With("v=spf1 a:n1.org a:n2.org a:n3.org +all", "203.0.113.1"), "permerror");
}

TEST(Spf, MxAndPtrLimits) {
  FakeZone zone;
  std::vector<std::string> eleven;
  for (int i = 0; i < 11; ++i) {
    eleven.push_back("m" + std::to_string(i) + ".x.org");
    zone.Add(eleven.back(), DnsType::kA, {i == 10 ? "192.0.2.1" : "198.51.100.1"});
  }
  zone.Add("x.org", DnsType::kMx, eleven);
  zone.Add("x.org", DnsType::kTxt, {"v=spf1 mx -all"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@x.org").result), "permerror");
  zone.Add("1.2.0.192.in-addr.arpa", DnsType::kPtr, eleven);
  zone.Add("p.org", DnsType::kTxt, {"v=spf1 ptr:x.org -all"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@p.org").result), "fail");  // the eleventh is ignored
}

TEST(Spf, AHostileZoneCostsThirtyQueriesAtMost) {
  FakeZone zone;
  std::string record = "v=spf1";
  for (int i = 0; i < 10; ++i) {
    std::string domain = "d" + std::to_string(i) + ".org";
    record += " mx:" + domain;
    std::vector<std::string> exchanges;
    for (int j = 0; j < 10; ++j) {
      exchanges.push_back("m" + std::to_string(j) + "." + domain);
      zone.Add(exchanges.back(), DnsType::kA, {"198.51.100.1"});
    }
    zone.Add(domain, DnsType::kMx, exchanges);
  }
  zone.Add("evil.org", DnsType::kTxt, {record + " -all"});
  Outcome outcome = Check(zone, "192.0.2.1", "a@evil.org");
  EXPECT_EQ(Name(outcome.result), "permerror");
  EXPECT_LE(outcome.queries, 30);
}

TEST(Spf, TroubleWithDnsIsATempError) {
  FakeZone zone = AppendixA();
  zone.Fail("down.org", DnsType::kTxt, DnsStatus::kTimeout);
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@down.org").result), "temperror");
  zone.Add("half.org", DnsType::kTxt, {"v=spf1 a:down.org -all"});
  zone.Fail("down.org", DnsType::kA, DnsStatus::kServFail);
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@half.org").result), "temperror");
  zone.Add("inc.org", DnsType::kTxt, {"v=spf1 include:down.org +all"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@inc.org").result), "temperror");
  zone.Fail("1.2.0.192.in-addr.arpa", DnsType::kPtr, DnsStatus::kServFail);
  zone.Add("ptr.org", DnsType::kTxt, {"v=spf1 ptr ~all"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@ptr.org").result), "softfail");  // RFC 7208 5.5
}

// RFC 7208 6.2
TEST(Spf, Explanation) {
  FakeZone zone = AppendixA();
  zone.Add("example.com", DnsType::kTxt, {"v=spf1 mx -all exp=why._spf.%{d}"});
  zone.Add("why._spf.example.com", DnsType::kTxt,
           {"%{i} is no mailer of %{d} (%{c} at %{t}, told by %{r}) %{L}"});
  EXPECT_EQ(Check(zone, "203.0.113.9", "a b@example.com").explanation,
            "203.0.113.9 is no mailer of example.com (203.0.113.9 at 1234567890, told by "
            "mx.example.org) a%20b");
  zone.Add("org.net", DnsType::kTxt, {"v=spf1 include:example.com -all"});
  EXPECT_EQ(Check(zone, "203.0.113.9", "a@org.net").explanation, "");  // never that of an include
  zone.Add("re.net", DnsType::kTxt, {"v=spf1 redirect=example.com exp=own.re.net"});
  zone.Add("own.re.net", DnsType::kTxt, {"own"});
  EXPECT_NE(Check(zone, "203.0.113.9", "a@re.net").explanation,
            "own");  // that of the redirect's target
}

TEST(Spf, TwoRecordsAreAPermError) {
  FakeZone zone;
  zone.Add("two.org", DnsType::kTxt, {"v=spf1 +all", "other", "v=spf1 -all"});
  EXPECT_EQ(Name(Check(zone, "192.0.2.1", "a@two.org").result), "permerror");
}

}  // namespace
}  // namespace pennypost::mailauth
