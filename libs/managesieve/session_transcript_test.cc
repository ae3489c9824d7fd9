// Plays testdata/session/*.managesieve against the pure session.

#include <gtest/gtest.h>

#include "base/text.h"
#include "managesieve/session.h"
#include "testing/transcript.h"

namespace pennypost::managesieve {
namespace {

using testing::TranscriptOption;
using testing::TranscriptSession;

std::string Text(const Request& request) {
  struct Say {
    std::string operator()(const CheckPassword& r) {
      return "check-password " + r.user + " " + r.password;
    }
    std::string operator()(const FetchScramKeys& r) { return "scram-keys " + r.user; }
    std::string operator()(const FinishScram& r) {
      return "finish-scram " + r.user + (r.success ? " yes" : " no");
    }
    std::string operator()(const ForgetLogin&) { return "forget"; }
    std::string operator()(const HaveSpace& r) {
      return "have-space " + r.name + " " + std::to_string(r.size);
    }
    std::string operator()(const PutScript& r) { return "put " + r.name + " " + r.content; }
    std::string operator()(const CheckScript& r) { return "check " + r.content; }
    std::string operator()(const ListScripts&) { return "list"; }
    std::string operator()(const SetActive& r) { return "activate " + r.name; }
    std::string operator()(const GetScript& r) { return "get " + r.name; }
    std::string operator()(const DeleteScript& r) { return "delete " + r.name; }
    std::string operator()(const RenameScript& r) { return "rename " + r.from + " " + r.to; }
  };
  return testing::Escaped(std::visit(Say(), request));
}

std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '\\' && i + 1 < text.size();
    out.push_back(!escape ? text[i] : text[i + 1] == 'r' ? '\r' : '\n');
    i += escape ? 1 : 0;
  }
  return out;
}

class ManageSieveTranscript : public TranscriptSession {
 public:
  explicit ManageSieveTranscript(std::string_view options) : session_(OptionsFrom(options)) {
    if (TranscriptOption(options, "login") == "yes")
      session_.Feed("AUTHENTICATE \"PLAIN\" \"AGFubgBzZWNyZXQ=\"\r\n");
  }

  void Feed(std::string_view bytes) override { session_.Feed(bytes); }
  void TlsStarted() override { session_.TlsStarted(); }

  Event Next() override {
    Step step = session_.Next();
    if (auto* output = std::get_if<Output>(&step)) return {Kind::kOutput, output->bytes};
    if (auto* request = std::get_if<Request>(&step)) return {Kind::kRequest, Text(*request)};
    if (std::holds_alternative<StartTls>(step)) return {Kind::kStartTls, ""};
    if (auto* close = std::get_if<CloseConnection>(&step)) return {Kind::kClose, close->reason};
    return {Kind::kNeedInput, ""};
  }

  // "accept", "refuse CODE text" (- for no code), "errors", "login OWNER", "keys", "scripts NAME
  // *ACTIVE ...", "content BYTES".
  void Resume(std::string_view outcome) override {
    auto words = Split(outcome, ' ');
    std::string_view rest = outcome.substr(std::min(outcome.size(), words[0].size() + 1));
    if (words[0] == "refuse") {
      std::string code = words[1] == "-" ? "" : std::string(words[1]);
      return session_.Resume(Refused{code, std::string(rest.substr(words[1].size() + 1))});
    }
    if (words[0] == "errors") {
      return session_.Resume(Refused{
          "", "line 2, column 1: unknown command 'a'\r\nline 3, column 1: unknown command 'b'"});
    }
    if (words[0] == "login") return session_.Resume(LoggedIn{std::string(rest)});
    if (words[0] == "keys")
      return session_.Resume(ScramKeysFound{sasl::DeriveScramKeys("secret", "salt", 4096)});
    if (words[0] == "content") return session_.Resume(ScriptContent{Unescaped(rest)});
    if (words[0] == "scripts") {
      ScriptList list;
      for (std::string_view name : Split(rest, ' ')) {
        bool active = name.starts_with('*');
        list.scripts.push_back({std::string(name.substr(active ? 1 : 0)), active});
      }
      return session_.Resume(std::move(list));
    }
    session_.Resume(Accepted{});
  }

 private:
  static SessionOptions OptionsFrom(std::string_view text) {
    SessionOptions options;
    options.tls = TranscriptOption(text, "tls", "yes") == "yes";
    options.extensions = "fileinto vacation";
    options.sasl_nonce = std::string(TranscriptOption(text, "nonce"));
    options.max_script = *ParseUint(TranscriptOption(text, "max", "1048576"));
    return options;
  }

  ServerSession session_;
};

TEST(SessionTranscript, All) {
  testing::PlayTranscripts(
      "libs/managesieve/testdata/session", ".managesieve",
      [](std::string_view options) { return std::make_unique<ManageSieveTranscript>(options); });
}

TEST(Session, WhatNeverEndsIsNotKept) {
  ServerSession session(SessionOptions{});
  (void)session.Next();
  bool closed = false;
  for (int i = 0; i < 100 && !closed; ++i) {
    session.Feed(std::string(1000, 'x'));
    Step step = session.Next();
    if (auto* output = std::get_if<Output>(&step)) {
      EXPECT_EQ(output->bytes, "BYE \"Line too long\"\r\n");
    }
    closed = std::holds_alternative<CloseConnection>(session.Next());
  }
  EXPECT_TRUE(closed);
}

TEST(Session, ShutdownWaitsForTheCommandAtHand) {
  SessionOptions options;
  options.tls = true;
  ServerSession session(options);
  session.Feed("AUTHENTICATE \"PLAIN\" \"AGFubgBzZWNyZXQ=\"\r\n");
  (void)session.Next();
  ASSERT_TRUE(std::holds_alternative<Request>(session.Next()));
  EXPECT_EQ(session.IdleLimit(), options.login_limit);
  session.Shutdown("Come back");
  session.Resume(LoggedIn{"ann"});
  EXPECT_EQ(std::get<Output>(session.Next()).bytes,
            "OK \"Logged in\"\r\nBYE (TRYLATER) \"Come back\"\r\n");
  EXPECT_TRUE(std::holds_alternative<CloseConnection>(session.Next()));
  EXPECT_GE(session.IdleLimit(), absl::Minutes(30));
}

TEST(ToString, QuotedOrLiteral) {
  EXPECT_EQ(ToString("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
  EXPECT_EQ(ToString(""), "\"\"");
  EXPECT_EQ(ToString("a\r\n"), "{3}\r\na\r\n");
  EXPECT_EQ(ToString("\xFF"), "{1}\r\n\xFF");
  EXPECT_EQ(ToString(std::string(1025, 'x')), "{1025}\r\n" + std::string(1025, 'x'));
}

}  // namespace
}  // namespace pennypost::managesieve
