// Our SPF and DKIM beside those of Debian's python3-spf and python3-dkim, on generated input.

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "base/text.h"
#include "mailauth/arc_seal.h"
#include "mailauth/arc_verify.h"
#include "mailauth/dkim_sign.h"
#include "mailauth/dkim_verify.h"
#include "mailauth/fake_zone.h"
#include "mailauth/spf.h"

namespace pennypost::mailauth {
namespace {

// The other implementation, in a process of its own.
class Oracle {
 public:
  Oracle() {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return;
    child_ = fork();
    if (child_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      // Debian's own Python: that is where Debian's modules are.
      execl("/usr/bin/python3", "/usr/bin/python3",
            PP_SOURCE_DIR "/tests/differential/mailauth_oracle.py", nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    ask_ = fdopen(in[1], "w");
    answer_ = fdopen(out[0], "r");
  }
  ~Oracle() {
    fclose(ask_);
    fclose(answer_);
    waitpid(child_, nullptr, 0);
  }
  std::string Ask(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : "\t") + word;
    line += "\n";
    fwrite(line.data(), 1, line.size(), ask_);
    fflush(ask_);
    std::string answer;
    for (int c = fgetc(answer_); c != '\n' && c != EOF; c = fgetc(answer_)) {
      answer.push_back(static_cast<char>(c));
    }
    return answer;
  }

 private:
  pid_t child_ = -1;
  FILE* ask_ = nullptr;
  FILE* answer_ = nullptr;
};

class Differential : public ::testing::Test {
 protected:
  size_t Below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }
  template <class List>
  std::string Pick(const List& list) {
    return std::string(list[Below(std::size(list))]);
  }

  std::string RandomMessage() {
    static constexpr std::string_view kPieces[] = {
        "word",           " ", "  ", "\t", "\r\n", "\r\n\r\n", ".", "\r\n.", " \r\n",
        "long text here", "=", ";"};
    std::string message =
        "From: a@example.org\r\nTo:  b@example.net \r\nSubject: x\r\n  folded\t\r\n y\r\n";
    if (Below(2) == 0) message += "Subject: again\r\n";
    message += "\r\n";
    for (size_t i = Below(30); i > 0; --i) message += Pick(kPieces);
    return message + "\r\n";  // as SMTP delivers it
  }
  std::string VerifyOurs(const std::string& message, const FakeZone& zone) {
    size_t body = mail::ParseHeaderBlock(message).size;
    DkimVerifier dkim(std::string_view(message).substr(0, body), {.unix_seconds = time(nullptr)});
    dkim.Body(std::string_view(message).substr(body));
    dkim.EndBody();
    while (const DnsQuestion* question = dkim.Next()) dkim.Resume(zone.Ask(*question));
    std::vector<DkimResult> results = dkim.results();
    return !results.empty() && results[0].status == DkimStatus::kPass ? "pass" : "fail";
  }

  std::mt19937 random_{20240101};
  Oracle oracle_;
};

TEST_F(Differential, OurSignaturesPassThere) {
  for (DkimAlgorithm algorithm : {DkimAlgorithm::kRsaSha256, DkimAlgorithm::kEd25519Sha256}) {
    DkimPrivateKey key = *DkimPrivateKey::Generate(algorithm);
    for (int i = 0; i < 40; ++i) {
      std::string message = RandomMessage();
      message.insert(
          0, DkimSign(message, {{"example.org", "sel", key}}, {.unix_seconds = time(nullptr) - 1}));
      EXPECT_EQ(oracle_.Ask({"verify", HexEncode(message), HexEncode("sel._domainkey.example.org"),
                             HexEncode(key.PublicRecord())}),
                "pass")
          << message;
    }
  }
}

TEST_F(Differential, TheirSignaturesPassHereUnlessTamperedWith) {
  DkimPrivateKey key = *DkimPrivateKey::Generate(DkimAlgorithm::kRsaSha256);
  FakeZone zone;
  zone.Add("sel._domainkey.example.org", DnsType::kTxt, {key.PublicRecord()});
  for (std::string_view canon :
       {"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"}) {
    for (int i = 0; i < 40; ++i) {
      std::string message = RandomMessage();
      std::string field =
          oracle_.Ask({"sign", HexEncode(message), std::string(canon), HexEncode(key.ToPem())});
      message.insert(0, *HexDecode(field));
      EXPECT_EQ(VerifyOurs(message, zone), "pass") << canon << "\n" << message;
      // Any change of one byte means the same to both. Line ends stay whole: a lone CR or LF never
      // gets this far.
      constexpr std::string_view kBytes = "aA \t;=:";
      size_t at = HexDecode(field)->size() + Below(message.size() - HexDecode(field)->size());
      if (message[at] != '\r' && message[at] != '\n') message[at] = kBytes[Below(kBytes.size())];
      EXPECT_EQ(VerifyOurs(message, zone),
                oracle_.Ask({"verify", HexEncode(message), HexEncode("sel._domainkey.example.org"),
                             HexEncode(key.PublicRecord())}))
          << canon << "\n"
          << message;
    }
  }
}

TEST_F(Differential, ArcChainsHoldHereAndThere) {
  DkimPrivateKey key = *DkimPrivateKey::Generate(DkimAlgorithm::kRsaSha256);
  FakeZone zone;
  zone.Add("sel._domainkey.example.org", DnsType::kTxt, {key.PublicRecord()});
  ArcSealOptions options{"lists.test", "example.org", "sel", 12345, {"from", "to", "subject"}};
  auto ours = [&zone](const std::string& message) {
    size_t body = mail::ParseHeaderBlock(message).size;
    ArcVerifier arc(std::string_view(message).substr(0, body), {.unix_seconds = 12345});
    arc.Body(std::string_view(message).substr(body));
    arc.EndBody();
    while (const DnsQuestion* question = arc.Next()) arc.Resume(zone.Ask(*question));
    return std::string(ArcStatusName(arc.result().status));
  };
  auto theirs = [this, &key](const std::string& message) {
    return oracle_.Ask({"arc", HexEncode(message), HexEncode("sel._domainkey.example.org"),
                        HexEncode(key.PublicRecord())});
  };
  for (int i = 0; i < 60; ++i) {
    std::string message = RandomMessage();
    EXPECT_EQ(ours(message), theirs(message));
    for (size_t sets = 0, end = 1 + Below(3); sets < end; ++sets) {
      std::string_view cv = sets == 0 ? "none" : "pass";
      if (Below(2) == 0) {
        message = *HexDecode(
            oracle_.Ask({"arc-seal", HexEncode(message), HexEncode(key.ToPem()), std::string(cv)}));
      } else {
        ArcFields fields = *ArcSeal(message, *ParseArcStatus(cv), key, options);
        message = "ARC-Seal: " + fields.seal +
                  "\r\nARC-Message-Signature: " + fields.message_signature +
                  "\r\nARC-Authentication-Results: " + fields.results + "\r\n" + message;
      }
      EXPECT_EQ(ours(message), "pass") << message;
      EXPECT_EQ(theirs(message), "pass") << message;
    }
    // A change outside of the sets, or a set that loses a field, means the same to both.
    mail::HeaderBlock block = mail::ParseHeaderBlock(message);
    std::string broken = message;
    if (Below(2) == 0) {
      const mail::HeaderField& field = block.fields[Below(3)];
      broken.erase(static_cast<size_t>(field.raw.data() - message.data()), field.raw.size());
    } else {
      size_t from = message.find("From: ");
      size_t at = from + Below(message.size() - from);
      if (message[at] != '\r' && message[at] != '\n') broken[at] = "aA \t"[Below(4)];
    }
    EXPECT_EQ(ours(broken), theirs(broken)) << broken;
  }
}

TEST_F(Differential, Spf) {
  static constexpr std::string_view kTerms[] = {"a",
                                                "mx",
                                                "a:b.test",
                                                "mx:c.test",
                                                "a/24",
                                                "mx:b.test/28",
                                                "ip4:192.0.2.0/25",
                                                "ip4:192.0.2.200",
                                                "-ip4:192.0.2.7",
                                                "include:b.test",
                                                "include:c.test",
                                                "?include:d.test",
                                                "~a:d.test",
                                                "exists:%{ir}.x.test",
                                                "exists:%{l}.x.test",
                                                "exists:%{d2}.x.test",
                                                "exists:%{o1r}.x.test",
                                                "ip6:2001:db8::/32",
                                                "a//64",
                                                "a:b.test/24//96",
                                                "redirect=b.test",
                                                "redirect=d.test",
                                                "exp=x.test",
                                                "unknown=x",
                                                "ptr",
                                                "ptr:b.test",
                                                "a:nowhere.test",
                                                "mx:nowhere.test",
                                                "ip4:192.0.2.300",
                                                "a:",
                                                "foo",
                                                "all:x",
                                                "exists:%{z}.x.test",
                                                "a/33",
                                                "include:"};
  static constexpr std::string_view kEnds[] = {"-all", "~all", "?all", "+all", "", "all", "-ALL"};
  static constexpr std::string_view kNames[] = {"a.test", "b.test", "c.test", "d.test"};
  static constexpr std::string_view kIps[] = {"192.0.2.7", "192.0.2.200", "192.0.2.129",
                                              "2001:db8::7"};
  int differences = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string ip = Pick(kIps);
    std::vector<std::string> question = {"spf", ip, "helo.test", "joe@a.test"};
    FakeZone zone;
    auto add = [&](std::string name, DnsType type, std::string kind, std::string value) {
      question.insert(question.end(), {name, kind, value});
      zone.Add(name, type, {type == DnsType::kMx ? value.substr(value.find(' ') + 1) : value});
    };
    for (std::string_view name : kNames) {
      std::string record = "v=spf1";
      // Half of the terms are well formed, so that not everything ends as a syntax error.
      for (size_t terms = Below(4); terms > 0; --terms) {
        std::string term(kTerms[Below(Below(8) == 0 ? std::size(kTerms) : 27)]);
        // pyspf takes a second unknown modifier for an error; RFC 7208 6 says that it is none.
        if (record.find(term) == std::string::npos) record += " " + term;
      }
      record += " " + Pick(kEnds);
      while (record.ends_with(' ')) record.pop_back();
      if (Below(6) > 0) add(std::string(name), DnsType::kTxt, "TXT", record);
      if (Below(2) > 0)
        add(std::string(name), DnsType::kA, "A", Below(2) > 0 ? "192.0.2.7" : "192.0.2.129");
      if (Below(3) > 0) add(std::string(name), DnsType::kAaaa, "AAAA", "2001:db8::7");
      if (Below(2) > 0) add(std::string(name), DnsType::kMx, "MX", "10 " + Pick(kNames));
    }
    if (Below(2) > 0) add("7.2.0.192.in-addr.arpa", DnsType::kPtr, "PTR", Pick(kNames));
    if (Below(2) > 0) add("7.2.0.192.x.test", DnsType::kA, "A", "127.0.0.1");
    if (Below(2) > 0) add("joe.x.test", DnsType::kA, "A", "127.0.0.1");
    if (Below(2) > 0) add("a.test.x.test", DnsType::kA, "A", "127.0.0.1");
    SpfRequest request;
    request.ip = *IpAddress::Parse(ip);
    request.helo = "helo.test";
    request.mail_from = "joe@a.test";
    SpfEvaluator spf(request);
    while (const DnsQuestion* next = spf.Next()) spf.Resume(zone.Ask(*next));
    std::string theirs = oracle_.Ask(question);
    if (SpfResultName(spf.result()) == theirs) continue;
    ++differences;
    std::string text;
    for (const std::string& word : question) text += word + "\n";
    ADD_FAILURE() << SpfResultName(spf.result()) << " (" << spf.reason() << "), there " << theirs
                  << "\n"
                  << text;
    if (differences == 5) return;
  }
}

}  // namespace
}  // namespace pennypost::mailauth
