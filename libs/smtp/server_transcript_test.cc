// Plays testdata/server_*.smtp against the pure session.

#include <gtest/gtest.h>

#include "base/text.h"
#include "smtp/server_session.h"
#include "testing/transcript.h"

namespace pennypost::smtp {
namespace {

using testing::Escaped;
using testing::TranscriptOption;
using testing::TranscriptSession;

SessionOptions OptionsFrom(std::string_view text) {
  auto number = [&](std::string_view key, uint64_t fallback) {
    return ParseUint(TranscriptOption(text, key)).value_or(fallback);
  };
  SessionOptions options;
  std::string mode = TranscriptOption(text, "mode", "smtp");
  options.mode = mode == "lmtp"         ? Mode::kLmtp
                 : mode == "submission" ? Mode::kSubmission
                                        : Mode::kSmtp;
  options.hostname = TranscriptOption(text, "host", "mx.example.org");
  std::string tls = TranscriptOption(text, "tls", "none");
  options.tls = tls == "offered"  ? TlsState::kOffered
                : tls == "active" ? TlsState::kActive
                                  : TlsState::kNone;
  std::string auth = TranscriptOption(text, "auth");
  if (!auth.empty()) {
    for (std::string_view name : Split(auth, ',')) options.auth_mechanisms.emplace_back(name);
  }
  if (TranscriptOption(text, "lines") == "normalize") {
    options.bare_line_feeds = BareLineFeeds::kNormalize;
  }
  options.chunking = TranscriptOption(text, "chunking", "yes") == "yes";
  options.limits.message_size = number("size", 1000);
  options.limits.errors = static_cast<int>(number("errors", 20));
  options.limits.recipients = number("recipients", 1000);
  options.limits.recipients_tried = number("tried", 2000);
  options.limits.command_line = number("line", 2048);
  mail::HeaderLimits& header = options.limits.header;
  header.max_bytes = number("header", header.max_bytes);
  header.max_fields = number("fields", header.max_fields);
  header.max_field_bytes = number("field", header.max_field_bytes);
  header.max_address_tokens = number("addresses", header.max_address_tokens);
  options.limits.junk = static_cast<int>(number("junk", 200));
  return options;
}

class ServerTranscript : public TranscriptSession {
 public:
  explicit ServerTranscript(SessionOptions options) : session_(std::move(options)) {}

  void Feed(std::string_view bytes) override { session_.Feed(bytes); }
  void TlsStarted() override { session_.TlsStarted(); }

  Event Next() override {
    Step step = session_.Next();
    if (auto* output = std::get_if<Output>(&step)) {
      return {Kind::kOutput, std::string(output->bytes)};
    }
    if (auto* request = std::get_if<Request>(&step)) return {Kind::kRequest, Text(*request)};
    if (std::holds_alternative<StartTls>(step)) return {Kind::kStartTls, ""};
    if (auto* close = std::get_if<Close>(&step)) return {Kind::kClose, Text(close->reason)};
    return {Kind::kNeedInput, ""};
  }

  void Resume(std::string_view outcome) override {
    auto words = Split(outcome, ' ');
    std::string_view kind = words[0];
    SmtpReply reply = ReplyFrom(outcome.substr(std::min(outcome.size(), kind.size() + 1)));
    if (kind == "refuse") return session_.Resume(Refuse{reply});
    if (kind == "defer") return session_.Resume(Defer{reply});
    if (kind == "keys") {
      return session_.Resume(sasl::DeriveScramKeys(words[1], "saltsaltsalt", 4096));
    }
    Accept accept;
    if (kind == "each") {
      for (std::string_view one : Split(outcome.substr(5), '|')) {
        accept.per_recipient.push_back(ReplyFrom(one));
      }
    } else if (reply.code != 0) {
      accept.reply = reply;
    }
    session_.Resume(std::move(accept));
  }

 private:
  static SmtpReply ReplyFrom(std::string_view text) {
    auto words = Split(text, ' ');
    if (words.size() < 3) return {};
    return {static_cast<int>(ParseUint(words[0]).value_or(0)), std::string(words[1]),
            std::string(text.substr(words[0].size() + words[1].size() + 2))};
  }

  static std::string Text(CloseReason reason) {
    switch (reason) {
      case CloseReason::kQuit:
        return "quit";
      case CloseReason::kRefused:
        return "refused";
      case CloseReason::kErrors:
        return "errors";
      case CloseReason::kEarlyInput:
        return "early-input";
      case CloseReason::kNotSmtp:
        return "not-smtp";
      case CloseReason::kTooBig:
        return "too-big";
      case CloseReason::kInterrupted:
        return "interrupted";
    }
    return "?";
  }

  std::string Text(const Request& request) {
    if (std::holds_alternative<CheckPeer>(request)) return "check-peer";
    if (auto* r = std::get_if<CheckHelo>(&request)) return fmt::format("check-helo {}", r->name);
    if (auto* r = std::get_if<CheckPassword>(&request)) {
      return fmt::format("check-password {} [{}] {} {}", r->mechanism, r->credentials.authzid,
                         r->credentials.user, r->credentials.password);
    }
    if (auto* r = std::get_if<FetchScramKeys>(&request)) return "fetch-scram-keys " + r->user;
    if (auto* r = std::get_if<ScramFinished>(&request)) {
      return fmt::format("scram-finished {} {}", r->identity.user, r->proven ? "proven" : "failed");
    }
    if (auto* r = std::get_if<CheckSender>(&request)) {
      const mail::Envelope& e = *r->envelope;
      std::string text = fmt::format("check-sender <{}>", e.SenderText());
      if (e.declared_size) text += fmt::format(" size={}", e.declared_size);
      if (e.body == mail::BodyType::k8BitMime) text += " 8bit";
      if (e.smtputf8) text += " utf8";
      if (e.ret != mail::DsnReturn::kUnspecified) {
        text += e.ret == mail::DsnReturn::kFull ? " ret=full" : " ret=hdrs";
      }
      if (!e.envid.empty()) text += " envid=" + e.envid;
      return text;
    }
    if (auto* r = std::get_if<CheckRecipient>(&request)) {
      std::string text = "check-recipient " + r->recipient->address.ToString();
      const mail::DsnNotify& notify = r->recipient->notify;
      if (notify.never) text += " never";
      if (notify.success) text += " success";
      if (notify.failure) text += " failure";
      if (notify.delay) text += " delay";
      if (!r->recipient->orcpt.empty()) text += " orcpt=" + r->recipient->orcpt;
      return text;
    }
    if (auto* r = std::get_if<BeginMessage>(&request)) {
      content_.clear();
      return fmt::format("begin-message {}", r->envelope->recipients.size());
    }
    if (auto* r = std::get_if<MessageChunk>(&request)) {
      content_ += r->bytes;
      return "message-chunk";
    }
    EXPECT_EQ(std::get<EndMessage>(request).size, content_.size());
    return "end-message " + Escaped(content_);
  }

  ServerSession session_;
  std::string content_;
};

TEST(ServerTranscripts, All) {
  testing::PlayTranscripts("libs/smtp/testdata/server", ".smtp", [](std::string_view options) {
    return std::make_unique<ServerTranscript>(OptionsFrom(options));
  });
}

}  // namespace
}  // namespace pennypost::smtp
