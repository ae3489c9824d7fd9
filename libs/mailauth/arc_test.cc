// ARC with chains made by hand, after the manifest of the public ARC suite: each row one way in
// which a set may be written.

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/text.h"
#include "mailauth/arc_seal.h"
#include "mailauth/arc_verify.h"
#include "mailauth/fake_zone.h"
#include "testing/splits.h"

namespace pennypost::mailauth {
namespace {

std::string Replace(std::string text, std::string_view from, std::string_view to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

constexpr std::string_view kPlain =
    "MIME-Version: 1.0\r\nReceived: from a by b\r\nDate: Thu, 14 Jan 2015 15:00:01 -0800\r\n"
    "From: John Q Doe <jqd@d1.example.org>\r\nTo: arc@dmarc.org\r\nSubject: Example 1\r\n\r\n"
    "Hey gang,\r\nThis is a test  message.\r\n--J.\r\n";

// The text of one set before it is signed; "b=;" stands where the signature goes.
struct SetText {
  int instance = 1;
  std::string results = "i=1; lists.example.org; spf=pass";
  std::string signature =
      "a=ed25519-sha256; b=; bh=BH; c=relaxed/relaxed; d=example.org; "
      "h=from:to:date:subject:mime-version:arc-authentication-results; i=1; s=dummy; t=12345";
  std::string seal = "a=ed25519-sha256; b=; cv=none; d=example.org; i=1; s=dummy; t=12345";
  std::vector<std::string> names = {"from",    "to",           "date",
                                    "subject", "mime-version", "arc-authentication-results"};
  Canon header_canon = Canon::kRelaxed, body_canon = Canon::kRelaxed;
};

SetText TextOf(int instance) {
  SetText text;
  std::string i = "i=" + std::to_string(instance) + ";";
  text.instance = instance;
  text.results = Replace(text.results, "i=1;", i);
  text.signature = Replace(text.signature, "i=1;", i);
  text.seal = Replace(text.seal, "i=1;", i);
  if (instance > 1) text.seal = Replace(text.seal, "cv=none", "cv=pass");
  return text;
}

class Arc : public ::testing::Test {
 protected:
  Arc() { zone_.Add("dummy._domainkey.example.org", DnsType::kTxt, {key_.PublicRecord()}); }

  std::string SignField(std::string field, const std::string& data) {
    return Replace(field, "b=;", "b=" + Base64Encode(key_.Sign(data)) + ";");
  }

  // The message with the set on top. `below` are the canonical sets that a seal covers already.
  std::string Add(const std::string& message, const SetText& text) {
    std::string results = "ARC-Authentication-Results: " + text.results + "\r\n";
    std::string with = results + message;
    mail::HeaderBlock block = mail::ParseHeaderBlock(with);
    BodyHasher hasher(text.body_canon);
    hasher.Add(std::string_view(with).substr(block.size));
    std::string field = "ARC-Message-Signature: " + text.signature;
    size_t hash = field.find("BH");
    if (hash != std::string::npos) field.replace(hash, 2, Base64Encode(hasher.Finish()));
    field = SignField(field, DkimSignedData(block, text.names, text.header_canon, field)) + "\r\n";
    std::string covered = covered_ + CanonicalHeader(results, Canon::kRelaxed) +
                          CanonicalHeader(field, Canon::kRelaxed);
    std::string seal = "ARC-Seal: " + text.seal;
    std::string own = CanonicalHeader(WithoutSignature(seal), Canon::kRelaxed);
    seal = SignField(seal, covered + own.substr(0, own.size() - 2)) + "\r\n";
    covered_ = covered + CanonicalHeader(seal, Canon::kRelaxed);
    return seal + field + results + message;
  }
  std::string Chain(int sets) {
    covered_.clear();
    std::string message(kPlain);
    for (int i = 1; i <= sets; ++i) message = Add(message, TextOf(i));
    return message;
  }
  std::string One(const SetText& text) {
    covered_.clear();
    return Add(std::string(kPlain), text);
  }

  ArcResult Validate(std::string_view message, int* queries = nullptr) {
    size_t body = mail::ParseHeaderBlock(message).size;
    ArcVerifier arc(message.substr(0, body), {.unix_seconds = 1600000000});
    arc.Body(message.substr(body));
    arc.EndBody();
    while (const DnsQuestion* question = arc.Next()) {
      if (queries != nullptr) ++*queries;
      arc.Resume(zone_.Ask(*question));
    }
    return arc.result();
  }
  std::string Status(std::string_view message) {
    ArcResult result = Validate(message);
    return std::string(ArcStatusName(result.status)) +
           (result.reason.empty() ? "" : ": " + result.reason);
  }
  bool Passes(std::string_view message) { return Validate(message).status == ArcStatus::kPass; }

  DkimPrivateKey key_ = *DkimPrivateKey::Generate(DkimAlgorithm::kEd25519Sha256);
  FakeZone zone_;
  std::string covered_;
};

TEST_F(Arc, ChainsThatHold) {
  EXPECT_EQ(Status(kPlain), "none");
  EXPECT_EQ(Status(""), "none");
  for (int sets : {1, 2, 3, 5, 50}) EXPECT_EQ(Status(Chain(sets)), "pass") << sets;
  int queries = 0;
  ArcResult result = Validate(Chain(3), &queries);
  EXPECT_EQ(queries, 1) << "each key is asked for once";
  EXPECT_EQ(result.instances, 3);
  EXPECT_EQ(result.oldest_pass, 0);
  EXPECT_EQ(result.sealers,
            (std::vector<std::string>{"example.org", "example.org", "example.org"}));
}

TEST_F(Arc, HowASetMayBeWritten) {
  auto with = [this](std::string SetText::*member, std::string_view from, std::string_view to) {
    SetText text = TextOf(1);
    text.*member = Replace(text.*member, from, to);
    return One(text);
  };
  for (std::string SetText::*member : {&SetText::signature, &SetText::seal}) {
    for (auto [from, to] : {std::pair("; d=", " ;\r\n  d="),
                            {"d=example", "d = example"},
                            {"t=12345", "t=12345;"},
                            {"t=12345", "t=12345 ; "},
                            {"t=12345", "w=catparty; t=12345"},
                            {"; t=12345", ""},
                            {"d=example.org", "d=Example.ORG"}}) {
      EXPECT_EQ(Status(with(member, from, to)), "pass") << to;
    }
    for (auto [from, to] : {std::pair("; d=", ";; d="),
                            {"; d=", "; d=example.org; d="},
                            {"; s=dummy", "; S=dummy"},
                            {"; d=example.org", "; d=other.example.org"},
                            {"; s=dummy", "; _=x; s=dummy"},
                            {"; d=example.org", ""},
                            {"; d=example.org", "; d="},
                            {"; d=example.org", "; d=nowhere"},
                            {"; s=dummy", ""},
                            {"; s=dummy", "; s="},
                            {"; s=dummy", "; s=other"},
                            {"a=ed25519-sha256; ", ""},
                            {"a=ed25519-sha256", "a="},
                            {"a=ed25519-sha256", "a=rsa-sha1"},
                            {"a=ed25519-sha256", "a=rsa-sha256"},
                            {"; t=12345", "; t="},
                            {"; t=12345", "; t=now"},
                            {"; i=1", ""},
                            {"; i=1", "; i="},
                            {"; i=1", "; i=0"},
                            {"; i=1", "; i=a"},
                            {"; i=1", "; i=51"},
                            {"; i=1", "; i=2"}}) {
      EXPECT_EQ(Status(with(member, from, to)).substr(0, 4), "fail") << to;
    }
  }
  for (auto [from, to] : {std::pair("cv=none", "cv="),
                          {"cv=none", "cv=maybe"},
                          {"cv=none", "cv=pass"},
                          {"cv=none; ", ""},
                          {"cv=none", "cv=none; h=from"}}) {
    EXPECT_FALSE(Passes(with(&SetText::seal, from, to))) << to;
  }
  for (auto [from, to] : {std::pair("i=1; ", ""),
                          {"i=1;", "i=2;"},
                          {"i=1; ", "i=1 "},
                          {"i=1; lists.example.org;", "lists.example.org; i=1;"},
                          {"i=1", "i=0"}}) {
    EXPECT_FALSE(Passes(with(&SetText::results, from, to))) << to;
  }
  EXPECT_TRUE(Passes(with(&SetText::results, "i=1;", " i = 1 ;")));
}

TEST_F(Arc, TagsOfTheMessageSignature) {
  auto with = [this](std::string_view from, std::string_view to, std::vector<std::string> names) {
    SetText text = TextOf(1);
    text.signature = Replace(text.signature, from, to);
    text.names = std::move(names);
    return One(text);
  };
  std::string all = "h=from:to:date:subject:mime-version:arc-authentication-results";
  std::vector<std::string> names = TextOf(1).names;
  EXPECT_TRUE(Passes(with(all, "h=", {}))) << "as the suite has it";
  EXPECT_TRUE(Passes(with(all, "h=From : To", {"from", "to"})));
  EXPECT_TRUE(Passes(with(all, "h=from::to", {"from", "to"})));
  EXPECT_TRUE(Passes(with(all, "h=from:x-none:x-none", {"from", "x-none"})));
  EXPECT_FALSE(Passes(with(all + "; ", "", {})));
  EXPECT_FALSE(Passes(with(all, "h=from:arc-seal", {"from"})));
  EXPECT_FALSE(Passes(with(all, "h=to:from", {"from", "to"})));
  EXPECT_FALSE(Passes(with("bh=BH; ", "", names)));
  EXPECT_FALSE(Passes(with("bh=BH", "bh=", names)));
  EXPECT_FALSE(Passes(with("bh=BH", "bh=???", names)));
  EXPECT_TRUE(Passes(with("c=relaxed/relaxed; ", "", names)));
  EXPECT_FALSE(Passes(with("c=relaxed/relaxed", "c=", names)));
  EXPECT_FALSE(Passes(with("c=relaxed/relaxed", "c=nowsp/relaxed", names)));
  EXPECT_FALSE(Passes(with("t=12345", "t=12345; x=12346", names)));
  EXPECT_FALSE(Passes(with("t=12345", "t=12345; l=3", names)));
  for (Canon header : {Canon::kSimple, Canon::kRelaxed}) {
    for (Canon body : {Canon::kSimple, Canon::kRelaxed}) {
      SetText text = TextOf(1);
      text.header_canon = header;
      text.body_canon = body;
      auto name = [](Canon canon) { return canon == Canon::kSimple ? "simple" : "relaxed"; };
      text.signature = Replace(text.signature, "c=relaxed/relaxed",
                               std::string("c=") + name(header) + "/" + name(body));
      EXPECT_EQ(Status(One(text)), "pass") << name(header) << name(body);
    }
  }
}

TEST_F(Arc, WhatBreaksAChain) {
  std::string chain = Chain(2);
  mail::HeaderBlock block = mail::ParseHeaderBlock(chain);
  for (size_t i = 0; i < 6; ++i) {
    std::string field(block.fields[i].raw);
    EXPECT_FALSE(Passes(Replace(chain, field, ""))) << "without " << field;
    EXPECT_FALSE(Passes(field + chain)) << "twice " << field;
  }
  EXPECT_FALSE(Passes(Replace(chain, "Hey gang", "Hey man")));
  EXPECT_FALSE(Passes(Replace(chain, "Subject: Example 1", "Subject: Example 2")));
  EXPECT_FALSE(
      Passes(Replace(chain, "lists.example.org; spf=pass", "lists.example.org; spf=fail")));
  EXPECT_TRUE(Passes("Received: by x\r\n" + chain));
  EXPECT_TRUE(Passes(Replace(chain, "ARC-Seal", "arc-SEAL")));
  EXPECT_TRUE(Passes(Replace(chain, "Subject: Example 1", "Subject:   Example\r\n\t1  ")));
  EXPECT_FALSE(Passes("ARC-Seal: nonsense\r\n" + std::string(kPlain)));
  for (auto [number, cv] : {std::pair(1, "fail"), {2, "fail"}, {2, "none"}}) {
    covered_.clear();
    std::string message(kPlain);
    for (int i = 1; i <= 2; ++i) {
      SetText text = TextOf(i);
      if (i == number)
        text.seal = Replace(text.seal, i == 1 ? "cv=none" : "cv=pass", std::string("cv=") + cv);
      message = Add(message, text);
    }
    EXPECT_FALSE(Passes(message)) << number << cv;
  }
  zone_.Fail("dummy._domainkey.example.org", DnsType::kTxt, DnsStatus::kTimeout);
  ArcResult result = Validate(chain);
  EXPECT_EQ(result.status, ArcStatus::kFail);
  EXPECT_TRUE(result.temporary);
}

// RFC 8617 5.2: of the message signatures only the newest must hold.
TEST_F(Arc, TheOldestSignatureThatHolds) {
  covered_.clear();
  std::string message = Add(std::string(kPlain), TextOf(1));
  message = Replace(message, "Subject: Example 1", "Subject: [list] Example 1");
  message = Add(message, TextOf(2));
  message = Add(message, TextOf(3));
  ArcResult result = Validate(message);
  EXPECT_EQ(result.status, ArcStatus::kPass) << result.reason;
  EXPECT_EQ(result.oldest_pass, 2);
}

TEST_F(Arc, HowTheBodyIsCutMakesNoDifference) {
  std::string message = Chain(2);
  size_t body = mail::ParseHeaderBlock(message).size;
  for (const auto& pieces : testing::Splits(std::string_view(message).substr(body))) {
    ArcVerifier arc(std::string_view(message).substr(0, body), {.unix_seconds = 1});
    for (std::string_view piece : pieces) arc.Body(piece);
    arc.EndBody();
    while (const DnsQuestion* question = arc.Next()) arc.Resume(zone_.Ask(*question));
    EXPECT_EQ(arc.result().status, ArcStatus::kPass);
  }
}

TEST_F(Arc, AHugeChainIsNotLookedAt) {
  std::string message = Chain(1);
  SetText text = TextOf(2);
  text.results += "; x=" + std::string(300'000, 'y');
  EXPECT_EQ(Status(Add(message, text)), "fail: chain too long");
}

class ArcSealing : public Arc {
 protected:
  ArcSealing() {
    options_.authserv_id = "lists.example.org";
    options_.domain = "example.org";
    options_.selector = "dummy";
    options_.unix_seconds = 12345;
    options_.names = {"mime-version", "date", "From", "to", "subject"};
  }
  std::string Seal(const std::string& message, ArcStatus status) {
    absl::StatusOr<ArcFields> fields = ArcSeal(message, status, key_, options_);
    EXPECT_TRUE(fields.ok());
    fields_ = *fields;
    if (fields->seal.empty()) return message;
    for (const std::string* text : {&fields->results, &fields->message_signature, &fields->seal}) {
      for (std::string_view line : Split(*text, '\n')) EXPECT_LE(line.size(), 120u) << line;
    }
    return "ARC-Seal: " + fields->seal + "\r\nARC-Message-Signature: " + fields->message_signature +
           "\r\nARC-Authentication-Results: " + fields->results + "\r\n" + message;
  }
  ArcSealOptions options_;
  ArcFields fields_;
};

TEST_F(ArcSealing, WhatWeSealHolds) {
  std::string message(kPlain);
  ArcStatus status = ArcStatus::kNone;
  for (int i = 1; i <= 50; ++i) {
    message = Seal(
        "Authentication-Results: lists.example.org; arc=" + std::string(ArcStatusName(status)) +
            ";\r\n spf=pass (\"a;b\")\r\n" + message,
        status);
    status = ArcStatus::kPass;
    ArcResult result = Validate(message);
    ASSERT_EQ(result.status, ArcStatus::kPass) << i << result.reason;
    ASSERT_EQ(result.instances, i);
    ASSERT_EQ(result.oldest_pass, 0);
  }
  Seal(message, ArcStatus::kPass);
  EXPECT_TRUE(fields_.seal.empty() && fields_.results.empty()) << "50 sets are all there can be";
}

TEST_F(ArcSealing, ResultsOfOneHostAreMerged) {
  Seal(
      "Authentication-Results: lists.example.org; arc=none\r\n"
      "Authentication-Results: Lists.Example.ORG.; spf=pass smtp.mfrom=a@b;\r\n"
      "   dkim=pass (1024-bit; key)\r\n"
      "Authentication-Results: other.example.org; dmarc=pass\r\n" +
          std::string(kPlain),
      ArcStatus::kNone);
  EXPECT_EQ(mail::Unfold(fields_.results),
            "i=1; lists.example.org; arc=none; spf=pass smtp.mfrom=a@b; dkim=pass (1024-bit; key)");
  Seal(std::string(kPlain), ArcStatus::kNone);
  EXPECT_EQ(fields_.results, "i=1; lists.example.org; none");
}

// RFC 8617 5.1.2
TEST_F(ArcSealing, ABrokenChainIsSealedOnceAndByItself) {
  std::string message = Seal(std::string(kPlain), ArcStatus::kNone);
  message = Replace(message, "ARC-Message-Signature", "X-Gone");
  message = Seal(message, ArcStatus::kPass);
  EXPECT_NE(fields_.seal.find("cv=fail"), std::string::npos) << "whatever was recorded";
  EXPECT_NE(fields_.seal.find("i=2;"), std::string::npos);
  EXPECT_FALSE(Passes(message));
  Seal(message, ArcStatus::kFail);
  EXPECT_TRUE(fields_.seal.empty());
}

TEST_F(ArcSealing, WhatMakesNoSet) {
  auto refused = [this](auto change) {
    ArcSealOptions options = options_;
    change(options);
    return !ArcSeal(kPlain, ArcStatus::kNone, key_, options).ok();
  };
  EXPECT_FALSE(refused([](ArcSealOptions&) {}));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.names = {"to"}; }));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.names.push_back("a;b"); }));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.names.push_back("arc-seal"); }));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.names.resize(1000, "from"); }));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.domain = "x"; }));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.selector = "a\r\nb"; }));
  EXPECT_TRUE(refused([](ArcSealOptions& o) { o.authserv_id = ""; }));
}

TEST(ArcRecorded, StatusOfTheChain) {
  auto recorded = [](std::string fields) -> std::string {
    fields += "\r\n";
    mail::HeaderBlock block = mail::ParseHeaderBlock(fields);
    std::optional<ArcStatus> status = RecordedArcStatus(block, "mx.test");
    return status ? std::string(ArcStatusName(*status)) : "-";
  };
  EXPECT_EQ(recorded(""), "-");
  EXPECT_EQ(recorded("Authentication-Results: mx.test; spf=pass\r\n"), "-");
  EXPECT_EQ(recorded("Authentication-Results: mx.test; spf=pass; arc = pass (ok)\r\n"), "pass");
  EXPECT_EQ(recorded("Authentication-Results: other.test; arc=pass\r\n"), "-");
  EXPECT_EQ(recorded("Authentication-Results: mx.test; arc=pass; arc=none\r\n"), "fail");
  EXPECT_EQ(recorded("Authentication-Results: mx.test; arc=perhaps\r\n"), "fail");
}

}  // namespace
}  // namespace pennypost::mailauth
