// Plays testdata/client/*.smtp against the pure session.

#include <gtest/gtest.h>

#include "base/text.h"
#include "smtp/client_session.h"
#include "testing/transcript.h"

namespace pennypost::smtp {
namespace {

using testing::TranscriptOption;
using testing::TranscriptSession;

ClientOptions OptionsFrom(std::string_view text) {
  ClientOptions options;
  options.helo = TranscriptOption(text, "helo", "out.example.org");
  options.lmtp = TranscriptOption(text, "mode") == "lmtp";
  std::string tls = TranscriptOption(text, "tls", "opportunistic");
  options.tls = tls == "never"      ? ClientTls::kNever
                : tls == "required" ? ClientTls::kRequired
                : tls == "active"   ? ClientTls::kActive
                                    : ClientTls::kOpportunistic;
  std::string login = TranscriptOption(text, "login");
  if (!login.empty()) {
    auto parts = Split(login, ':');
    options.login = {"", std::string(parts[0]), std::string(parts[1])};
  }
  options.pipeline = ParseUint(TranscriptOption(text, "pipeline")).value_or(100);
  options.limits.reply_lines = ParseUint(TranscriptOption(text, "lines")).value_or(200);
  return options;
}

std::string Text(Stage stage) {
  constexpr const char* kNames[] = {"greeting", "hello", "starttls", "auth",
                                    "mail",     "rcpt",  "data",     "end"};
  return kNames[static_cast<int>(stage)];
}

std::string Text(const SessionEnd& end) {
  constexpr const char* kNames[] = {"quit",   "refused",    "lost",    "protocol",
                                    "no-tls", "tls-failed", "no-login"};
  std::string text = kNames[static_cast<int>(end.kind)];
  if (end.kind != SessionEnd::Kind::kQuit) text += " at " + Text(end.stage);
  return text;
}

std::string Text(const MessageResult& result) {
  std::string text = "finished";
  if (result.end_sent) text += " end-sent";
  if (result.content_changed) text += " changed";
  for (const RecipientResult& r : result.recipients) {
    text += fmt::format(" | {} {} {}", Text(r.stage), r.reply.code, r.reply.enhanced);
    EXPECT_EQ(r.IsDelivered(), r.stage == Stage::kEndOfData && r.reply.code / 100 == 2);
  }
  return text;
}

mail::Address Parsed(std::string_view text) {
  return mail::ParseAddress(text, mail::Utf8Policy::kAllow).value();
}

// Outcomes: "send sender rcpt[;NOTIFY] ...", "content text", "quit", "lost", "tls-failed".
class ClientTranscript : public TranscriptSession {
 public:
  explicit ClientTranscript(std::string_view options)
      : tls_fails_(TranscriptOption(options, "handshake") == "fails"),
        session_(OptionsFrom(options)) {}

  void Feed(std::string_view bytes) override {
    size_t end = bytes.find('~');  // the peer closes here
    session_.Feed(bytes.substr(0, end));
    lost_ |= end != std::string_view::npos;
  }
  void TlsStarted() override { tls_fails_ ? session_.TlsFailed() : session_.TlsStarted(); }

  Event Next() override {
    ClientStep step = session_.Next();
    if (auto* output = std::get_if<ClientOutput>(&step)) {
      return {Kind::kOutput, std::string(output->bytes)};
    }
    if (std::holds_alternative<ClientReady>(step)) {
      if (std::exchange(idle_, true)) return {Kind::kNeedInput, ""};
      return {Kind::kRequest, "ready"};
    }
    if (std::holds_alternative<ClientNeedContent>(step)) return {Kind::kRequest, "need-content"};
    if (auto* finished = std::get_if<ClientFinished>(&step)) {
      return {Kind::kRequest, Text(finished->result)};
    }
    if (std::holds_alternative<ClientStartTls>(step)) return {Kind::kStartTls, ""};
    if (auto* closed = std::get_if<ClientClosed>(&step)) return {Kind::kClose, Text(closed->end)};
    if (std::exchange(lost_, false)) {
      session_.Lost();
      return Next();
    }
    return {Kind::kNeedInput, ""};
  }

  void Resume(std::string_view outcome) override {
    auto words = Split(outcome, ' ');
    if (words[0] == "send") {
      Send(words);
    } else if (words[0] == "content") {
      // In pieces, so that the writer meets every border.
      for (char c : Unescape(outcome.substr(8))) session_.Content(std::string_view(&c, 1));
      session_.ContentEnd();
    } else if (words[0] == "quit") {
      session_.Quit();
    } else if (words[0] == "lost") {
      session_.Lost();
    }
  }

 private:
  void Send(const std::vector<std::string_view>& words) {
    idle_ = false;
    envelope_ = {};
    if (words[1] != "<>") envelope_.sender = Parsed(words[1]);
    for (size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "8bit") {
        envelope_.body = mail::BodyType::k8BitMime;
      } else if (words[i] == "utf8") {
        envelope_.smtputf8 = true;
      } else if (words[i] == "dsn") {
        envelope_.ret = mail::DsnReturn::kHeaders;
        envelope_.envid = "id";
        envelope_.recipients.back().notify = {.success = true, .failure = true};
        envelope_.recipients.back().orcpt = "rfc822;x@y";
      } else {
        mail::Recipient recipient;
        recipient.address = Parsed(words[i]);
        envelope_.recipients.push_back(recipient);
      }
    }
    session_.Send(envelope_, 42);
  }

  static std::string Unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out.push_back(text[i]);
      } else {
        ++i;
        out.push_back(text[i] == 'r' ? '\r' : text[i] == 'n' ? '\n' : '\0');
      }
    }
    return out;
  }

  bool idle_ = false;
  bool lost_ = false;
  bool tls_fails_;
  mail::Envelope envelope_;
  ClientSession session_;
};

TEST(ClientTranscripts, All) {
  testing::PlayTranscripts("libs/smtp/testdata/client", ".smtp", [](std::string_view options) {
    return std::make_unique<ClientTranscript>(options);
  });
}

}  // namespace
}  // namespace pennypost::smtp
