#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/id.h"
#include "base/text.h"
#include "mailauth/dkim_sign.h"
#include "mailauth/dkim_verify.h"
#include "mailauth/fake_zone.h"
#include "mailauth/tag_list.h"
#include "testing/splits.h"

namespace pennypost::mailauth {
namespace {

constexpr int64_t kNow = 1528637999;

// RFC 8463 A.3
constexpr std::string_view kRfc8463 =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

FakeZone Rfc8463Zone() {
  FakeZone zone;
  zone.Add("brisbane._domainkey.football.example.com", DnsType::kTxt,
           {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  zone.Add("test._domainkey.football.example.com", DnsType::kTxt,
           {"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
            "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
            "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
            "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"});
  return zone;
}

std::vector<DkimResult> Verify(std::string_view message, const FakeZone& zone, int64_t now = kNow,
                               int* queries = nullptr) {
  size_t body = message.find("\r\n\r\n") + 4;
  DkimVerifier dkim(message.substr(0, body), {.unix_seconds = now});
  dkim.Body(message.substr(body));
  dkim.EndBody();
  while (const DnsQuestion* question = dkim.Next()) {
    if (queries != nullptr) ++*queries;
    dkim.Resume(zone.Ask(*question));
  }
  return dkim.results();
}

std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  size_t at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, from.size(), to);
}

std::string Status(const DkimResult& result) {
  return std::string(DkimStatusName(result.status));
}

TEST(Dkim, BothSignaturesOfRfc8463Pass) {
  std::vector<DkimResult> results = Verify(kRfc8463, Rfc8463Zone());
  ASSERT_EQ(results.size(), 2u);
  for (const DkimResult& result : results) {
    EXPECT_EQ(Status(result), "pass") << result.reason;
    EXPECT_EQ(result.domain, "football.example.com");
  }
}

TEST(Dkim, TamperedMailFails) {
  for (auto [from, to] : {std::pair("dinner ready", "dinner cold"),
                          {"lost the game", "won the game"},
                          {"joe@football", "jim@football"},
                          {"Joe.\r\n", "Joe.\r\nP.S.\r\n"},
                          {"bh=2", "bh=3"},
                          {"Date: Fri", "Subject: more\r\nDate: Fri"},
                          {"From: Joe", "From: x@y.org\r\nFrom: Joe"}}) {
    for (const DkimResult& result : Verify(Replace(kRfc8463, from, to), Rfc8463Zone())) {
      if (std::string_view(from) == "bh=2" && result.algorithm == "rsa-sha256") continue;
      EXPECT_EQ(Status(result), "fail") << from;
    }
  }
}

TEST(Dkim, WhatRelaxedAllows) {
  std::string other =
      Replace(kRfc8463, "Subject: Is dinner ready?", "subject:   Is dinner\r\n\t ready?  ");
  other = Replace(other, "We lost the game.  Are", "We lost\tthe game. Are");
  other += "\r\n\r\n";
  for (const DkimResult& result : Verify(other, Rfc8463Zone())) EXPECT_EQ(Status(result), "pass");
}

TEST(Dkim, ProblemsOfTheSignatureField) {
  struct {
    const char* from;
    const char* to;
    const char* reason;
  } rows[] = {
      {"v=1", "v=2", "unknown version"},
      {"a=ed25519-sha256", "a=rsa-sha1", "algorithm not accepted"},
      {"h=from : to :", "h=to :", ""},
      {"i=@football.example.com", "i=@example.com", "identity outside of the domain"},
      {"i=@football.example.com", "i=@notfootball.example.com", "identity outside of the domain"},
      {"q=dns/txt", "q=http", "unknown query method"},
      {"c=relaxed/relaxed", "c=relaxed/nowsp", "unknown canonical form"},
      {"t=1528637909", "t=9528637909", "signed in the future"},
      {"t=1528637909", "t=1528637909; x=1528637910", "signature expired"},
      {"t=1528637909", "t=1528637909; x=1", "expires before it was made"},
      {"t=1528637909", "l=100000", "l= beyond the body"},
      {"t=1528637909", "t=99999999999999999999999", "bad number: t"},
      {"s=brisbane", "s=", "tag missing: s"},
      {"s=brisbane", "s=nowhere", "no key"},
      {"s=brisbane", "s=test", "key of another algorithm"},
      {"s=brisbane", "s=brisbane; s=test", "syntax error"},
      {"d=football.example.com", "d=com", "bad domain or selector"},
  };
  for (const auto& row : rows) {
    DkimResult result = Verify(Replace(kRfc8463, row.from, row.to), Rfc8463Zone())[0];
    EXPECT_NE(Status(result), "pass") << row.to;
    if (*row.reason != '\0') {
      EXPECT_EQ(result.reason, row.reason) << row.to;
    }
  }
}

TEST(Dkim, FromMustBeSigned) {
  std::string message = Replace(kRfc8463, "h=from : to :", "h=to :");
  message = Replace(message, "message-id : from : subject : date;\r\n bh", "message-id;\r\n bh");
  EXPECT_EQ(Verify(message, Rfc8463Zone())[0].reason, "From not signed");
}

TEST(Dkim, ProblemsOfTheKey) {
  std::string key = "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  struct {
    std::string record;
    const char* status;
  } rows[] = {
      {"k=ed25519; " + key, "pass"},
      {"v=DKIM1; k=ed25519; s=email:x; h=sha1:sha256; n=note; " + key, "pass"},
      {"v=DKIM1; k=ed25519; t=s; " + key, "pass"},
      {"k=ed25519; v=DKIM1; " + key, "permerror"},
      {"v=DKIM2; k=ed25519; " + key, "permerror"},
      {"v=DKIM1; k=ed25519; p=", "permerror"},
      {"v=DKIM1; k=ed25519; h=sha1; " + key, "permerror"},
      {"v=DKIM1; k=ed25519; s=web; " + key, "permerror"},
      {"v=DKIM1; k=dsa; " + key, "permerror"},
      {"v=DKIM1; k=ed25519; n=" + std::string(5000, 'x') + "; " + key, "permerror"},
      {"v=DKIM1; k=ed25519; p=AAAA", "permerror"},
  };
  for (const auto& row : rows) {
    FakeZone zone = Rfc8463Zone();
    zone.Add("brisbane._domainkey.football.example.com", DnsType::kTxt, {row.record});
    EXPECT_EQ(Status(Verify(kRfc8463, zone)[0]), row.status) << row.record;
  }
  FakeZone down = Rfc8463Zone();
  down.Fail("brisbane._domainkey.football.example.com", DnsType::kTxt, DnsStatus::kTimeout);
  EXPECT_EQ(Status(Verify(kRfc8463, down)[0]), "temperror");
}

TEST(Dkim, AStrictKeyRefusesSubdomains) {
  FakeZone zone = Rfc8463Zone();
  zone.Add("brisbane._domainkey.football.example.com", DnsType::kTxt,
           {"v=DKIM1; k=ed25519; t=s:y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  DkimResult result = Verify(Replace(kRfc8463, "i=@foot", "i=@sub.foot"), zone)[0];
  EXPECT_EQ(result.reason, "identity in a subdomain");
  EXPECT_TRUE(result.testing);
}

// RFC 8301 3.2
TEST(Dkim, ShortRsaKeysNeverPass) {
  std::string der512 =
      "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKkMaVjXLDnqOjwdC1YyAFLjdUp4yGL9zwQv6RqwXWdmMKmfMgNVFc3V0ENe"
      "FYbR"
      "NKbXhIE5XIBBpvbb5YoyA2cCAwEAAQ==";
  DkimPublicKey::Parsed parsed = DkimPublicKey::Parse("v=DKIM1; p=" + der512);
  EXPECT_EQ(parsed.problem, DkimPublicKey::Problem::kWeak);
}

std::vector<DkimSigningKey> Keys(FakeZone& zone) {
  std::vector<DkimSigningKey> keys;
  for (DkimAlgorithm algorithm : {DkimAlgorithm::kRsaSha256, DkimAlgorithm::kEd25519Sha256}) {
    DkimPrivateKey key = *DkimPrivateKey::Generate(algorithm);
    std::string selector = algorithm == DkimAlgorithm::kRsaSha256 ? "r" : "e";
    zone.Add(selector + "._domainkey.example.org", DnsType::kTxt, {key.PublicRecord()});
    // Through PEM, as the directory keeps it.
    keys.push_back({"example.org", selector, *DkimPrivateKey::FromPem(key.ToPem())});
  }
  return keys;
}

constexpr std::string_view kPlain =
    "From: a@example.org\r\nTo: b@example.net\r\nSubject: hello\r\n\r\nBody  text \r\n\r\n";

TEST(Dkim, WhatWeSignVerifies) {
  FakeZone zone;
  std::vector<DkimSigningKey> keys = Keys(zone);
  for (std::string_view message : {kPlain, std::string_view("From: a@example.org\r\n\r\n"),
                                   std::string_view("From: a@example.org\r\n\r\nno line end")}) {
    std::string fields = DkimSign(message, keys, {.unix_seconds = kNow});
    EXPECT_EQ(fields.find("l="), std::string::npos);
    std::vector<DkimResult> results = Verify(fields + std::string(message), zone);
    ASSERT_EQ(results.size(), 2u);
    for (const DkimResult& result : results) EXPECT_EQ(Status(result), "pass") << result.reason;
    for (const DkimResult& result : Verify(fields + std::string(message), zone, kNow + 8 * 86400)) {
      EXPECT_EQ(result.reason, "signature expired");
    }
    for (std::string_view line : Split(fields, '\n')) EXPECT_LE(line.size(), 79u);
  }
}

TEST(Dkim, NobodyCanAddASignedField) {
  FakeZone zone;
  std::string message = DkimSign(kPlain, Keys(zone), {.unix_seconds = kNow}) + std::string(kPlain);
  for (std::string_view field :
       {"From: x@y\r\n", "To: x@y\r\n", "Cc: x@y\r\n", "Subject: x\r\n", "Date: x\r\n",
        "Reply-To: x@y\r\n", "Message-ID: <x@y>\r\n", "Content-Type: text/html\r\n",
        "List-Unsubscribe: <http://x>\r\n"}) {
    for (const DkimResult& result : Verify(std::string(field) + message, zone)) {
      EXPECT_EQ(Status(result), "fail") << field;
    }
  }
  for (const DkimResult& result : Verify("Received: x\r\n" + message, zone))
    EXPECT_EQ(Status(result), "pass");
}

std::string Signed(std::string_view message, const DkimSigningKey& key, std::string_view names,
                   std::string_view more = "", std::string_view body = "") {
  std::string field = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=" + key.domain +
                      "; s=" + key.selector + "; h=" + std::string(names) + ";" + std::string(more);
  size_t header = message.find("\r\n\r\n") + 4;
  BodyHasher hasher(Canon::kRelaxed);
  hasher.Add(body.empty() ? message.substr(header) : body);
  field += " bh=" + Base64Encode(hasher.Finish()) + "; b=";
  std::vector<std::string> list;
  for (std::string_view name : ColonList(names)) list.emplace_back(name);
  mail::HeaderBlock block = mail::ParseHeaderBlock(message);
  field += Base64Encode(key.key.Sign(DkimSignedData(block, list, Canon::kRelaxed, field)));
  return field + "\r\n" + std::string(message);
}

// RFC 6376 8.2 (ROBUSTNESS D1): l= alone never makes a pass.
TEST(Dkim, WhatIsAppendedBehindLIsSeen) {
  FakeZone zone;
  DkimSigningKey key = Keys(zone)[1];
  std::string message = "From: a@example.org\r\n\r\nhello\r\n";
  std::string whole = Signed(message, key, "from", " l=7;");
  EXPECT_EQ(Status(Verify(whole, zone)[0]), "pass");
  DkimResult result = Verify(whole + "<p>evil\r\n", zone)[0];
  EXPECT_EQ(Status(result), "policy");
  EXPECT_EQ(result.reason, "only a part of the body is signed");
  EXPECT_EQ(Status(Verify(Signed(message, key, "from", " l=0;", "\r\n"), zone)[0]), "policy");
}

// RFC 6376 8.15 (ROBUSTNESS D2)
TEST(Dkim, ASecondFieldThatIsNotSignedIsSeen) {
  FakeZone zone;
  DkimSigningKey key = Keys(zone)[1];
  std::string message = "From: a@example.org\r\nSubject: s\r\nReceived: r\r\n\r\nhello\r\n";
  std::string good = Signed(message, key, "from:subject:received");
  EXPECT_EQ(Status(Verify(good, zone)[0]), "pass");
  EXPECT_EQ(Status(Verify("Received: x\r\n" + good, zone)[0]), "pass");
  for (std::string_view field : {"From: x@y.org\r\n", "subject: x\r\n"}) {
    EXPECT_EQ(Status(Verify(std::string(field) + good, zone)[0]), "policy") << field;
  }
}

// RFC 6376 2.11: the identity of i= is quoted-printable.
TEST(Dkim, AnEncodedIdentity) {
  FakeZone zone;
  DkimSigningKey key = Keys(zone)[1];
  std::string message = "From: a@example.org\r\n\r\nhello\r\n";
  DkimResult result =
      Verify(Signed(message, key, "from", " i=4=41\r\n x=40sub.example.org;"), zone)[0];
  EXPECT_EQ(Status(result), "pass") << result.reason;
  EXPECT_EQ(result.identity, "4Ax@sub.example.org");
  EXPECT_EQ(Status(Verify(Signed(message, key, "from", " i==4;"), zone)[0]), "permerror");
}

// RFC 6376 5.4.1: its own field is never one of those that it names.
TEST(Dkim, ASignatureOverOtherSignatures) {
  FakeZone zone;
  DkimSigningKey key = Keys(zone)[1];
  std::string message = "From: a@example.org\r\n\r\nhello\r\n";
  std::string twice =
      Signed(Signed(message, key, "from"), key, "from:dkim-signature:dkim-signature");
  std::vector<DkimResult> results = Verify(twice, zone);
  ASSERT_EQ(results.size(), 2u);
  for (const DkimResult& result : results) EXPECT_EQ(Status(result), "pass") << result.reason;
}

TEST(Dkim, AmongSeveralRecordsTheKeyIsFound) {
  FakeZone zone;
  DkimSigningKey key = Keys(zone)[1];
  zone.Add("e._domainkey.example.org", DnsType::kTxt, {"v=spf1 -all", key.key.PublicRecord()});
  std::string message = "From: a@example.org\r\n\r\nhello\r\n";
  EXPECT_EQ(Status(Verify(Signed(message, key, "from"), zone)[0]), "pass");
}

TEST(Dkim, AThousandSignaturesCostFive) {
  std::string message;
  for (int i = 0; i < 1000; ++i)
    message += std::string(kRfc8463.substr(0, kRfc8463.find("DKIM-Signature", 5)));
  message += std::string(kRfc8463.substr(kRfc8463.find("From:")));
  int queries = 0;
  EXPECT_EQ(Verify(message, Rfc8463Zone(), kNow, &queries).size(), 5u);
  EXPECT_EQ(queries, 5);
}

TEST(Dkim, AWrongBodyCostsNoQuery) {
  int queries = 0;
  std::string longer(kRfc8463);
  longer += "more";
  Verify(longer, Rfc8463Zone(), kNow, &queries);
  EXPECT_EQ(queries, 0);
}

TEST(DkimKey, LongRecordsBecomeSeveralStrings) {
  std::string line = DkimZoneLine("s", "example.org", std::string(600, 'x'));
  EXPECT_TRUE(line.starts_with("s._domainkey.example.org. IN TXT ( \"xxx"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '"'), 6);
  EXPECT_FALSE(
      DkimPrivateKey::FromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
          .ok());
}

// RFC 6376 3.4.5
TEST(DkimCanon, HeaderExamples) {
  EXPECT_EQ(CanonicalHeader("A: X\r\n", Canon::kRelaxed), "a:X\r\n");
  EXPECT_EQ(CanonicalHeader("B : Y\t\r\n\tZ  \r\n", Canon::kRelaxed), "b:Y Z\r\n");
  EXPECT_EQ(CanonicalHeader("B : Y\t\r\n\tZ  \r\n", Canon::kSimple), "B : Y\t\r\n\tZ  \r\n");
}

std::string BodyHash(std::string_view canonical) {
  return Base64Encode(Sha256(canonical));
}

TEST(DkimCanon, BodiesHoweverTheyAreCut) {
  struct {
    std::string_view body, relaxed, simple;
  } rows[] = {
      {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n"},
      {"", "", "\r\n"},
      {"\r\n\r\n", "", "\r\n"},
      {" \r\n", "", " \r\n"},
      {"a\r\n \r\n\tb", "a\r\n\r\n b\r\n", "a\r\n \r\n\tb\r\n"},
      {"a\rb\r\r\nc", "a\rb\r\r\nc\r\n", "a\rb\r\r\nc\r\n"},
      {"a\r", "a\r\r\n", "a\r\r\n"},
      {"a  ", "a\r\n", "a  \r\n"},
  };
  for (const auto& row : rows) {
    for (const auto& pieces : testing::Splits(row.body)) {
      BodyHasher relaxed(Canon::kRelaxed), simple(Canon::kSimple);
      for (std::string_view piece : pieces) {
        relaxed.Add(piece);
        simple.Add(piece);
      }
      EXPECT_EQ(Base64Encode(relaxed.Finish()), BodyHash(row.relaxed)) << row.body;
      EXPECT_EQ(Base64Encode(simple.Finish()), BodyHash(row.simple)) << row.body;
    }
  }
}

TEST(DkimCanon, LengthLimit) {
  BodyHasher hasher(Canon::kSimple, 3);
  hasher.Add("abcdef\r\n");
  EXPECT_EQ(Base64Encode(hasher.Finish()), BodyHash("abc"));
  EXPECT_EQ(hasher.canonical_size(), 8u);
}

}  // namespace
}  // namespace pennypost::mailauth
