#include "mailauth/dmarc.h"

#include <gtest/gtest.h>

#include "mailauth/fake_zone.h"
#include "mailauth/iprev.h"
#include "mailauth/message_auth.h"

namespace pennypost::mailauth {
namespace {

using Outcome = DmarcIdentifier::Outcome;

TEST(DmarcRecord, Reads) {
  EXPECT_FALSE(ParseDmarcRecord("v=spf1 -all"));
  EXPECT_FALSE(ParseDmarcRecord("v=dmarc1; p=none")) << "the version is in this case alone";
  EXPECT_FALSE(ParseDmarcRecord("v=DMARC1x; p=none"));
  EXPECT_FALSE(ParseDmarcRecord("p=none; v=DMARC1"));
  EXPECT_FALSE(ParseDmarcRecord("v=DMARC1;" + std::string(5000, 'x')));
  std::optional<DmarcRecord> record = ParseDmarcRecord(
      "v = DMARC1 ; P=Reject;sp = none; np=quarantine;t=Y;psd=n;adkim=s;aspf=S;pct=20;"
      " rua=mailto:a@b.c, https://x.test/y,junk ; p=none; ; nonsense; future=x;");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->policy, DmarcPolicy::kReject) << "the first one counts";
  EXPECT_EQ(record->subdomains, DmarcPolicy::kNone);
  EXPECT_EQ(record->absent, DmarcPolicy::kQuarantine);
  EXPECT_TRUE(record->testing);
  EXPECT_EQ(record->suffix, DmarcSuffix::kNo);
  EXPECT_EQ(record->dkim, DmarcAlignment::kStrict);
  EXPECT_EQ(record->spf, DmarcAlignment::kStrict);
  EXPECT_EQ(record->percent, 20);
  EXPECT_EQ(record->reports, (std::vector<std::string>{"mailto:a@b.c", "https://x.test/y"}));
  EXPECT_FALSE(record->bad_policy);
  record = ParseDmarcRecord("v=DMARC1; adkim=maybe; pct=101; psd=x; t=; rua=x");
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->policy || record->bad_policy || record->testing);
  EXPECT_EQ(record->percent, 100);
  EXPECT_TRUE(ParseDmarcRecord("v=DMARC1; p=rejekt")->bad_policy);
}

class Dmarc : public ::testing::Test {
 protected:
  void Publish(std::string_view domain, std::string_view record) {
    zone_.Add("_dmarc." + std::string(domain), DnsType::kTxt, {std::string(record)});
  }
  DmarcResult Evaluate(DmarcRequest request) {
    DmarcEvaluator dmarc(std::move(request));
    queries_ = 0;
    while (const DnsQuestion* question = dmarc.Next()) {
      ++queries_;
      dmarc.Resume(zone_.Ask(*question));
    }
    return dmarc.result();
  }
  DmarcResult Evaluate(std::string author, std::string signer = "", std::string spf = "") {
    DmarcRequest request;
    request.authors.domains = {std::move(author)};
    if (!signer.empty()) request.dkim.push_back({std::move(signer), Outcome::kPass});
    if (!spf.empty()) request.spf = {std::move(spf), Outcome::kPass};
    return Evaluate(std::move(request));
  }
  // "fail reject example.com"
  static std::string Show(const DmarcResult& result) {
    return std::string(DmarcStatusName(result.status)) + " " +
           std::string(DmarcPolicyName(result.policy)) + " " + result.org_domain;
  }

  FakeZone zone_;
  int queries_ = 0;
};

TEST_F(Dmarc, NoRecordIsNone) {
  EXPECT_EQ(Show(Evaluate("a.mail.example.com", "a.mail.example.com")),
            "none none a.mail.example.com");
  EXPECT_EQ(queries_, 4);
}

TEST_F(Dmarc, PassTakesAnAlignedIdentifier) {
  Publish("example.com", "v=DMARC1; p=reject");
  EXPECT_EQ(Show(Evaluate("example.com")), "fail reject example.com");
  EXPECT_EQ(Show(Evaluate("example.com", "example.com")), "pass reject example.com");
  EXPECT_EQ(Show(Evaluate("example.com", "mail.example.com")), "pass reject example.com");
  EXPECT_EQ(Show(Evaluate("example.com", "", "Bounce.Example.com.")), "pass reject example.com");
  EXPECT_EQ(Show(Evaluate("mail.example.com", "example.com")), "pass reject example.com");
  EXPECT_EQ(Show(Evaluate("a.example.com", "b.example.com")), "pass reject example.com");
  for (const char* other : {"example.org", "notexample.com", "com", "example.com.evil.test"}) {
    EXPECT_EQ(Show(Evaluate("example.com", other, other)), "fail reject example.com") << other;
  }
  DmarcRequest request;
  request.authors.domains = {"example.com"};
  request.dkim = {{"example.com", Outcome::kOther}};
  request.spf = {"example.com", Outcome::kOther};
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kFail);
}

TEST_F(Dmarc, StrictAlignment) {
  Publish("example.com", "v=DMARC1; p=quarantine; adkim=s; aspf=s");
  EXPECT_EQ(Evaluate("example.com", "mail.example.com").status, DmarcStatus::kFail);
  EXPECT_EQ(Evaluate("example.com", "", "mail.example.com").status, DmarcStatus::kFail);
  EXPECT_EQ(Evaluate("example.com", "example.com").status, DmarcStatus::kPass);
  EXPECT_EQ(Evaluate("example.com", "", "example.com").status, DmarcStatus::kPass);
}

TEST_F(Dmarc, PoliciesForSubdomains) {
  Publish("example.com", "v=DMARC1; p=reject; sp=quarantine; np=none");
  zone_.Add("there.example.com", DnsType::kMx, {"mx.example.com"});
  EXPECT_EQ(Show(Evaluate("example.com")), "fail reject example.com");
  EXPECT_EQ(Show(Evaluate("there.example.com")), "fail quarantine example.com");
  EXPECT_EQ(Show(Evaluate("gone.example.com")), "fail none example.com");
  zone_.Fail("gone.example.com", DnsType::kA, DnsStatus::kServFail);
  EXPECT_EQ(Show(Evaluate("gone.example.com")), "fail quarantine example.com");
  Publish("example.com", "v=DMARC1; p=reject; np=quarantine");
  EXPECT_EQ(Show(Evaluate("there.example.com")), "fail reject example.com");
  EXPECT_EQ(Show(Evaluate("absent.example.com")), "fail quarantine example.com");
  Publish("there.example.com", "v=DMARC1; p=none; sp=reject");
  EXPECT_EQ(Show(Evaluate("there.example.com")), "fail none example.com") << "its own comes first";
}

TEST_F(Dmarc, TestingIsOneStepLess) {
  Publish("example.com", "v=DMARC1; p=reject; t=y");
  EXPECT_EQ(Show(Evaluate("example.com")), "fail quarantine example.com");
  Publish("example.com", "v=DMARC1; p=quarantine; t=y");
  EXPECT_EQ(Show(Evaluate("example.com")), "fail none example.com");
  Publish("example.com", "v=DMARC1; p=reject; pct=0");
  DmarcResult result = Evaluate("example.com");
  EXPECT_EQ(Show(result), "fail reject example.com") << "RFC 9989 knows no pct";
  EXPECT_EQ(result.record.percent, 0);
}

TEST_F(Dmarc, RecordsInError) {
  Publish("example.com", "v=DMARC1");
  EXPECT_EQ(Show(Evaluate("example.com")), "fail none example.com");
  Publish("example.com", "v=DMARC1; p=rejekt");
  EXPECT_EQ(Show(Evaluate("example.com")), "permerror none example.com");
  Publish("example.com", "v=DMARC1; p=reject; sp=what; rua=mailto:a@example.com");
  EXPECT_EQ(Show(Evaluate("example.com")), "fail none example.com");
  zone_.Add("_dmarc.example.com", DnsType::kTxt, {"v=DMARC1; p=reject", "v=DMARC1; p=none"});
  EXPECT_EQ(Show(Evaluate("example.com")), "none none example.com") << "two are none";
  zone_.Add("_dmarc.example.com", DnsType::kTxt, {"v=spf1 -all", "v=DMARC1; p=reject"});
  EXPECT_EQ(Show(Evaluate("example.com")), "fail reject example.com");
}

// RFC 9989 4.10
TEST_F(Dmarc, TheWalkUpTheTree) {
  Publish("mail.example.com", "v=DMARC1; p=none");
  Publish("example.com", "v=DMARC1; p=reject");
  EXPECT_EQ(Show(Evaluate("a.mail.example.com", "example.com")), "pass reject example.com");
  EXPECT_EQ(Evaluate("a.mail.example.com").record_domain, "example.com")
      << "that of the organization, not the nearest";
  std::string deep = "a.b.c.d.e.f.g.h.i.j.example.com";
  EXPECT_EQ(Show(Evaluate(deep)), "fail reject example.com");
  EXPECT_EQ(queries_, 8);
  Publish("mail.example.com", "v=DMARC1; p=quarantine; psd=n");
  EXPECT_EQ(Show(Evaluate("a.mail.example.com", "example.com")),
            "fail quarantine mail.example.com");
  EXPECT_EQ(Show(Evaluate("a.mail.example.com", "b.mail.example.com")),
            "pass quarantine mail.example.com");
}

TEST_F(Dmarc, PublicSuffixes) {
  Publish("bank", "v=DMARC1; p=reject; sp=quarantine; psd=y");
  EXPECT_EQ(Show(Evaluate("a.giant.bank")), "fail quarantine giant.bank");
  EXPECT_EQ(Show(Evaluate("a.giant.bank", "giant.bank")), "pass quarantine giant.bank");
  EXPECT_EQ(Show(Evaluate("giant.bank", "tiny.bank")), "fail quarantine giant.bank");
  EXPECT_EQ(Show(Evaluate("giant.bank", "bank")), "fail quarantine giant.bank");
  EXPECT_EQ(Show(Evaluate("bank", "bank")), "pass reject bank");
  Publish("giant.bank", "v=DMARC1; p=none");
  EXPECT_EQ(Show(Evaluate("a.giant.bank")), "fail none giant.bank");
}

// What fails above a domain's own record saves no forger; what might have passed is not refused.
TEST_F(Dmarc, TroubleAboveTheOwnRecord) {
  Publish("example.com", "v=DMARC1; p=reject");
  zone_.Fail("_dmarc.com", DnsType::kTxt, DnsStatus::kServFail);
  EXPECT_EQ(Show(Evaluate("example.com")), "fail reject example.com");
  EXPECT_EQ(Show(Evaluate("example.com", "example.com")), "pass reject example.com");
  EXPECT_EQ(Evaluate("example.com", "mail.example.com").status, DmarcStatus::kTempError);
  EXPECT_EQ(Evaluate("example.com", "example.org").status, DmarcStatus::kTempError);
  EXPECT_EQ(Evaluate("mail.example.com").status, DmarcStatus::kTempError) << "whose sp= counts?";
}

TEST_F(Dmarc, TroubleWithDnsIsATempError) {
  Publish("example.com", "v=DMARC1; p=reject");
  for (DnsStatus trouble : {DnsStatus::kServFail, DnsStatus::kTimeout}) {
    zone_.Fail("_dmarc.mail.example.com", DnsType::kTxt, trouble);
    EXPECT_EQ(Show(Evaluate("mail.example.com", "example.com")), "temperror none mail.example.com");
  }
  DmarcRequest request;
  request.authors.domains = {"example.com"};
  request.dkim = {{"example.com", Outcome::kTempError}};
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kTempError);
  request.spf = {"example.com", Outcome::kPass};
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kPass);
  request.spf.outcome = Outcome::kOther;
  request.dkim[0].domain = "example.org";
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kFail) << "it would not count anyway";
}

TEST_F(Dmarc, AStrangersManyDomainsCostLittle) {
  Publish("example.com", "v=DMARC1; p=reject");
  DmarcRequest request;
  request.authors.domains = {"example.com"};
  for (int i = 0; i < 5; ++i) {
    request.dkim.push_back({"a.b.c.d.e.f.g" + std::to_string(i) + ".test", Outcome::kPass});
  }
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kFail);
  EXPECT_EQ(queries_, 2);
}

DmarcAuthors Authors(std::string header) {
  header += "\r\n";
  return AuthorsOf(mail::ParseHeaderBlock(header));
}

// ROBUSTNESS D7
TEST(DmarcFrom, WhoseDomainItIs) {
  struct {
    const char* header;
    std::vector<std::string> domains;
    bool problem;
  } rows[] = {
      {"From: a@Example.COM\r\n", {"example.com"}, false},
      {"from: \"x@bank.test\" <a@evil.test>\r\n", {"evil.test"}, false},
      {"From: a@x.test (b@y.test)\r\n", {"x.test"}, false},
      {"From: a@x.test, b@x.test\r\n", {"x.test"}, false},
      {"From: a@x.test, b@y.test\r\n", {"x.test", "y.test"}, false},
      {"From: a@b\xC3\xBC"
       "cher.test\r\n",
       {"xn--bcher-kva.test"},
       false},
      {"From: a@x.test\r\nFrom: a@y.test\r\n", {"x.test", "y.test"}, true},
      {"Subject: x\r\n", {}, true},
      {"From:\r\n", {}, true},
      {"From: team: ;\r\n", {}, true},
      {"From: team: a@x.test;\r\n", {"x.test"}, true},
      {"From: root\r\n", {}, true},
      {"From: a@x.test, root\r\n", {"x.test"}, true},
      {"From: <>\r\n", {}, true},
      {"From: a@-\r\n", {}, true},
      {"From: a@1.t,a@2.t,a@3.t,a@4.t,a@5.t,a@6.t\r\n", {"1.t", "2.t", "3.t", "4.t", "5.t"}, true},
  };
  for (const auto& row : rows) {
    DmarcAuthors authors = Authors(row.header);
    EXPECT_EQ(authors.domains, row.domains) << row.header;
    EXPECT_EQ(!authors.problem.empty(), row.problem) << row.header << authors.problem;
  }
}

TEST_F(Dmarc, SeveralAuthors) {
  Publish("x.test", "v=DMARC1; p=quarantine");
  Publish("y.test", "v=DMARC1; p=reject");
  DmarcRequest request;
  request.authors.domains = {"x.test", "y.test"};
  request.dkim = {{"x.test", Outcome::kPass}};
  EXPECT_EQ(Show(Evaluate(request)), "fail reject y.test") << "RFC 7489 6.6.1";
  request.dkim.push_back({"y.test", Outcome::kPass});
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kPass);
  request.authors.problem = "more than one From field";
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kFail);
  request.authors.domains = {"z.test"};
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kPermError);
  request.authors.domains = {};
  EXPECT_EQ(Evaluate(request).status, DmarcStatus::kPermError);
}

TEST(Iprev, NamesThatLeadBack) {
  auto evaluate = [](const FakeZone& zone, std::string_view ip) {
    IprevEvaluator iprev(*IpAddress::Parse(ip));
    int queries = 0;
    while (const DnsQuestion* question = iprev.Next()) {
      EXPECT_LE(++queries, 6);
      iprev.Resume(zone.Ask(*question));
    }
    return std::string(iprev.result()) + " " + iprev.name();
  };
  FakeZone zone;
  EXPECT_EQ(evaluate(zone, "192.0.2.1"), "permerror ");
  zone.Add("1.2.0.192.in-addr.arpa", DnsType::kPtr, {"a.test.", "b.test"});
  EXPECT_EQ(evaluate(zone, "192.0.2.1"), "fail ");
  zone.Add("b.test", DnsType::kA, {"192.0.2.9", "192.0.2.1"});
  EXPECT_EQ(evaluate(zone, "192.0.2.1"), "pass b.test");
  zone.Fail("b.test", DnsType::kA, DnsStatus::kTimeout);
  EXPECT_EQ(evaluate(zone, "192.0.2.1"), "temperror ");
  zone.Add("1.2.0.192.in-addr.arpa", DnsType::kPtr, std::vector<std::string>(50, "c.test"));
  EXPECT_EQ(evaluate(zone, "192.0.2.1"), "fail ");
  zone.Fail("1.2.0.192.in-addr.arpa", DnsType::kPtr, DnsStatus::kServFail);
  EXPECT_EQ(evaluate(zone, "192.0.2.1"), "temperror ");
}

TEST(MessageAuth, AllOfIt) {
  FakeZone zone;
  zone.Add("example.com", DnsType::kTxt, {"v=spf1 ip4:192.0.2.1 -all"});
  zone.Add("_dmarc.example.com", DnsType::kTxt, {"v=DMARC1; p=reject"});
  std::string message = "From: joe@example.com\r\nARC-Seal: i=1\r\n\r\nhello\r\n";
  MessageAuthRequest request;
  request.ip = IpAddress::Parse("192.0.2.1");
  request.mail_from = "joe@example.com";
  request.message = message;
  auto run = [&zone](const MessageAuthRequest& what) {
    MessageAuth auth(what);
    while (const DnsQuestion* question = auth.Next()) auth.Resume(zone.Ask(*question));
    std::string out;
    for (const AuthMethod& method : auth.methods())
      out += method.method + "=" + method.result + " ";
    return out;
  };
  EXPECT_EQ(run(request), "spf=pass dkim=none arc=fail dmarc=pass iprev=permerror ");
  request.ip = IpAddress::Parse("192.0.2.2");
  request.checks.arc = false;
  EXPECT_EQ(run(request), "spf=fail dkim=none dmarc=fail iprev=permerror ");
  request.ip.reset();
  EXPECT_EQ(run(request), "dkim=none dmarc=fail ");
  request.checks = {false, false, false, false, false};
  EXPECT_EQ(run(request), "");
}

}  // namespace
}  // namespace pennypost::mailauth
