// What transcripts cannot say: memory, gathering of output, interruption, SCRAM, early talkers.

#include "smtp/server_session.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "sasl/client.h"

namespace pennypost::smtp {
namespace {

SessionOptions Options() {
  SessionOptions options;
  options.hostname = "mx";
  return options;
}

// Runs until input is needed or the session closes; accepts everything.
struct Result {
  std::string output;
  int outputs = 0;
  std::vector<std::string> requests;
  std::optional<CloseReason> closed;
  size_t content = 0;
};

std::string Name(const Request& request) {
  constexpr const char* kNames[] = {"peer",   "helo",      "password", "keys",  "scram",
                                    "sender", "recipient", "begin",    "chunk", "end"};
  return kNames[request.index()];
}

Result Drain(ServerSession& session) {
  Result run;
  for (;;) {
    Step step = session.Next();
    if (auto* output = std::get_if<Output>(&step)) {
      run.output += output->bytes;
      ++run.outputs;
    } else if (auto* request = std::get_if<Request>(&step)) {
      run.requests.push_back(Name(*request));
      if (auto* chunk = std::get_if<MessageChunk>(request)) run.content += chunk->bytes.size();
      session.Resume(Accept{});
    } else if (auto* close = std::get_if<Close>(&step)) {
      run.closed = close->reason;
      return run;
    } else {
      return run;
    }
  }
}

Result Say(ServerSession& session, std::string_view bytes) {
  session.Feed(bytes);
  return Drain(session);
}

TEST(ServerSession, GathersRepliesWhileCommandsWait) {
  ServerSession session(Options());
  Drain(session);
  Say(session, "EHLO a\r\n");
  Result run = Say(session, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n");
  EXPECT_EQ(run.outputs, 1);
  EXPECT_EQ(run.requests, (std::vector<std::string>{"sender", "recipient", "recipient", "begin"}));
}

TEST(ServerSession, GatheredOutputIsBounded) {
  ServerSession session(Options());
  Drain(session);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "RCPT TO:<a@b>\r\n";
  session.Feed(many);
  Step step = session.Next();
  ASSERT_TRUE(std::holds_alternative<Output>(step));
  EXPECT_LT(std::get<Output>(step).bytes.size(), 9000u);
}

// S4
TEST(ServerSession, EarlyTalkerIsCut) {
  ServerSession session(Options());
  session.Feed("EHLO a\r\n");
  Result run = Drain(session);
  EXPECT_EQ(run.output, "554 5.5.0 input before our reply\r\n");
  EXPECT_EQ(run.closed, CloseReason::kEarlyInput);
}

// S4: the bytes came while policy was asked about DATA.
TEST(ServerSession, InputWhilePolicyDecidesAboutData) {
  ServerSession session(Options());
  Drain(session);
  Say(session, "EHLO a\r\n");
  Say(session, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
  session.Feed("DATA\r\n");
  Step step = session.Next();
  ASSERT_TRUE(std::holds_alternative<Request>(step));
  session.Feed("x\r\n");
  session.Resume(Accept{});
  Result run = Drain(session);
  EXPECT_EQ(run.output, "554 5.5.0 input before our reply\r\n");
  EXPECT_EQ(run.closed, CloseReason::kEarlyInput);
}

TEST(ServerSession, RepliesKeepOrderWhileARequestIsOpen) {
  ServerSession session(Options());
  Drain(session);
  Say(session, "HELO a\r\n");
  session.Feed("MAIL FROM:<a@b>\r\n");
  ASSERT_TRUE(std::holds_alternative<Request>(session.Next()));
  session.Feed("NOOP\r\n");
  EXPECT_TRUE(std::holds_alternative<NeedInput>(session.Next()));
  session.Resume(Refuse{{550, "5.7.1", "no"}});
  EXPECT_EQ(Drain(session).output, "550 5.7.1 no\r\n250 2.0.0 ok\r\n");
}

// S9
TEST(ServerSession, ALineWithoutEndCostsNoMemory) {
  ServerSession session(Options());
  Drain(session);
  std::string piece(65536, 'x');
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Say(session, piece).output, "");
  EXPECT_EQ(Say(session, "\r\nNOOP\r\n").output, "500 5.5.2 line too long\r\n250 2.0.0 ok\r\n");
}

TEST(ServerSession, AuthLineMayBeLong) {
  SessionOptions options = Options();
  options.tls = TlsState::kActive;
  options.auth_mechanisms = {"PLAIN"};
  ServerSession session(options);
  Drain(session);
  Say(session, "EHLO a\r\n");
  std::string credentials("\0user\0", 6);
  credentials.append(1000, 'p');
  std::string big = Base64Encode(credentials);
  EXPECT_EQ(Say(session, "AUTH PLAIN " + big + "\r\n").output, "235 2.7.0 welcome\r\n");

  ServerSession other(options);
  Drain(other);
  Say(other, "EHLO a\r\n");
  Say(other, "AUTH PLAIN\r\n");
  std::string line(13000, 'A');
  line += "\r\n";
  EXPECT_EQ(Say(other, line).output, "500 5.5.6 line too long\r\n");
  EXPECT_EQ(Say(other, "NOOP\r\n").output, "250 2.0.0 ok\r\n");
}

TEST(ServerSession, InterruptAtACommandBoundaryLetsTheMessageEnd) {
  ServerSession session(Options());
  Drain(session);
  Say(session, "EHLO a\r\n");
  Say(session, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
  Say(session, "DATA\r\n");
  EXPECT_TRUE(session.InContent());
  EXPECT_TRUE(session.ReceivingMessage());
  session.Interrupt({421, "4.3.2", "closing"}, ServerSession::When::kAtCommandBoundary);
  EXPECT_EQ(Drain(session).closed, std::nullopt);
  Result run = Say(session, "x\r\n.\r\n");
  EXPECT_EQ(run.output, "250 2.0.0 ok\r\n421 4.3.2 closing\r\n");
  EXPECT_EQ(run.closed, CloseReason::kInterrupted);
}

TEST(ServerSession, InterruptNowForgetsTheOpenRequest) {
  ServerSession session(Options());
  Drain(session);
  session.Feed("EHLO a\r\n");
  ASSERT_TRUE(std::holds_alternative<Request>(session.Next()));
  session.Interrupt({421, "4.4.2", "timeout"}, ServerSession::When::kNow);
  Result run = Drain(session);
  EXPECT_EQ(run.output, "421 4.4.2 timeout\r\n");
  session.Resume(Accept{});
  EXPECT_EQ(Drain(session).closed, CloseReason::kInterrupted);
}

TEST(ServerSession, AChunkThatPolicyCannotTakeIsAnsweredAtTheEnd) {
  ServerSession session(Options());
  Drain(session);
  Say(session, "EHLO a\r\n");
  Say(session, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
  Say(session, "DATA\r\n");
  session.Feed("one\r\n");
  ASSERT_TRUE(std::holds_alternative<Request>(session.Next()));
  session.Resume(Defer{{452, "4.3.1", "no room"}});
  EXPECT_FALSE(session.ReceivingMessage());
  Result run = Say(session, "two\r\n.\r\n");
  EXPECT_EQ(run.content, 0u);
  EXPECT_EQ(run.output, "452 4.3.1 no room\r\n");
}

TEST(ServerSession, ScramLogsIn) {
  for (std::string_view password : {"secret", "wrong"}) {
    SessionOptions options = Options();
    options.tls = TlsState::kActive;
    options.auth_mechanisms = sasl::ServerMechanismNames();
    ServerSession session(options);
    Drain(session);
    Say(session, "EHLO a\r\n");
    auto client = sasl::NewClientMechanism("SCRAM-SHA-256", {"", "bob", std::string(password)});
    session.Feed("AUTH SCRAM-SHA-256 " + Base64Encode(*client->Initial()) + "\r\n");
    bool proven = false;
    std::string last;
    for (int i = 0; i < 20; ++i) {
      Step step = session.Next();
      if (auto* request = std::get_if<Request>(&step)) {
        if (auto* finished = std::get_if<ScramFinished>(request)) {
          EXPECT_EQ(finished->identity.user, "bob");
          proven = finished->proven;
          session.Resume(Accept{});
        } else {
          session.Resume(sasl::DeriveScramKeys("secret", "salt", 4096));
        }
      } else if (auto* output = std::get_if<Output>(&step)) {
        last = output->bytes;
        if (!last.starts_with("334 ")) break;
        auto challenge = Base64Decode(last.substr(4, last.size() - 6));
        auto response = client->Respond(*challenge);
        ASSERT_TRUE(response.ok());
        session.Feed(Base64Encode(*response) + "\r\n");
      }
    }
    bool right = password == "secret";
    EXPECT_EQ(proven, right);
    EXPECT_EQ(session.info().authenticated, right);
    EXPECT_EQ(last.substr(0, 9), right ? "235 2.7.0" : "535 5.7.8");
    if (right) {
      EXPECT_EQ(session.info().user, "bob");
    }
  }
}

TEST(ServerSession, WrongOutcomeIsOurFault) {
  ServerSession session(Options());
  ASSERT_TRUE(std::holds_alternative<Request>(session.Next()));
  session.Resume(sasl::ScramKeys{});
  EXPECT_EQ(Drain(session).output, "451 4.3.0 internal error\r\n");
}

TEST(ServerSession, AnsweredListsVerbsAndCodes) {
  ServerSession session(Options());
  Drain(session);
  session.ClearAnswered();
  Say(session, "EHLO a\r\n");
  Say(session, "foo\r\nMAIL FROM:<a@b>\r\n");
  std::string text;
  for (const Answered& answered : session.answered()) {
    text += fmt::format("{} {};", answered.verb, answered.code);
  }
  EXPECT_EQ(text, "ehlo 250;unknown 500;mail 250;");
}

}  // namespace
}  // namespace pennypost::smtp
