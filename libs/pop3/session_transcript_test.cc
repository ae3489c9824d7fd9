// Plays testdata/session/*.pop3 against the pure session.

#include <gtest/gtest.h>

#include "base/text.h"
#include "pop3/session.h"
#include "testing/transcript.h"

namespace pennypost::pop3 {
namespace {

using testing::TranscriptOption;
using testing::TranscriptSession;

std::string Text(const Request& request) {
  if (auto* check = std::get_if<CheckPassword>(&request))
    return "check-password " + check->user + " " + check->password;
  if (auto* keys = std::get_if<FetchScramKeys>(&request)) return "scram-keys " + keys->user;
  if (auto* end = std::get_if<FinishScram>(&request))
    return "finish-scram " + end->user + (end->success ? " yes" : " no");
  if (std::holds_alternative<OpenMaildrop>(request)) return "open";
  if (auto* read = std::get_if<ReadMessage>(&request)) {
    return "read " + std::to_string(read->uid) + " " + std::to_string(read->offset);
  }
  std::string text = "delete";
  for (uint32_t uid : std::get<DeleteMessages>(request).uids) text += " " + std::to_string(uid);
  return text;
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

class Pop3Transcript : public TranscriptSession {
 public:
  explicit Pop3Transcript(std::string_view options) : session_(OptionsFrom(options)) {
    if (TranscriptOption(options, "login") == "yes") session_.Feed("USER u\r\nPASS p\r\n");
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

  // "accept", "refuse CODE text", "drop N" (UIDs and sizes 10, 20, ...), "part BYTES", "last
  // BYTES".
  void Resume(std::string_view outcome) override {
    auto words = Split(outcome, ' ');
    std::string_view rest = outcome.substr(std::min(outcome.size(), words[0].size() + 1));
    if (words[0] == "drop") {
      Maildrop drop;
      drop.uid_validity = 7;
      for (uint32_t i = 1; i <= *ParseUint(words[1]); ++i)
        drop.messages.push_back({i * 10, i * 10});
      return session_.Resume(std::move(drop));
    }
    if (words[0] == "part" || words[0] == "last") {
      return session_.Resume(MessageBytes{Unescaped(rest), words[0] == "last"});
    }
    if (words[0] == "refuse") {
      return session_.Resume(
          Refused{std::string(words[1]), std::string(rest.substr(words[1].size() + 1))});
    }
    session_.Resume(Accepted{});
  }

 private:
  static SessionOptions OptionsFrom(std::string_view text) {
    SessionOptions options;
    options.tls = TranscriptOption(text, "tls", "yes") == "yes";
    return options;
  }

  ServerSession session_;
};

TEST(SessionTranscript, All) {
  testing::PlayTranscripts("libs/pop3/testdata/session", ".pop3", [](std::string_view options) {
    return std::make_unique<Pop3Transcript>(options);
  });
}

TEST(Session, LongLinesAreRefusedOnce) {
  ServerSession session(SessionOptions{});
  (void)session.Next();
  for (int i = 0; i < 100; ++i) {
    session.Feed(std::string(1000, 'x'));
    EXPECT_TRUE(std::holds_alternative<NeedInput>(session.Next()));
  }
  session.Feed("\r\nCAPA\r\n");
  Step step = session.Next();
  EXPECT_TRUE(std::get<Output>(step).bytes.starts_with("-ERR Line too long\r\n+OK"));
}

}  // namespace
}  // namespace pennypost::pop3
