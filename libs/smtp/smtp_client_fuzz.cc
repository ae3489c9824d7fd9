// A hostile server. Oracles: O1; no plaintext byte is taken after the 220 of STARTTLS; each
// recipient has one result; what counts as delivered was answered after the end of data.
#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "smtp/client_session.h"

using namespace pennypost;
using namespace pennypost::smtp;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

mail::Envelope MakeEnvelope() {
  mail::Envelope envelope;
  envelope.sender = mail::Address{"a", "b"};
  for (const char* local : {"x", "y", "z"}) {
    mail::Recipient recipient;
    recipient.address = {local, "d"};
    envelope.recipients.push_back(recipient);
  }
  return envelope;
}

class Player {
 public:
  explicit Player(uint8_t bits) : envelope_(MakeEnvelope()), session_(OptionsFrom(bits)) {}

  void Feed(std::string_view bytes) {
    session_.Feed(bytes);
    Drain();
  }
  void Lost() {
    session_.Lost();
    Drain();
  }
  std::string trace;
  bool depends_on_segments = false;

 private:
  static ClientOptions OptionsFrom(uint8_t bits) {
    ClientOptions options;
    options.helo = "h";
    options.lmtp = bits & 1;
    options.tls = bits & 2 ? ClientTls::kRequired : ClientTls::kOpportunistic;
    if (bits & 4) options.login = {"", "user", "secret"};
    options.pipeline = bits & 8 ? 2 : 100;
    options.limits.reply_line = 100;
    options.limits.reply_lines = 5;
    return options;
  }

  void Drain() {
    for (;;) {
      ClientStep step = session_.Next();
      if (auto* output = std::get_if<ClientOutput>(&step)) {
        trace += output->bytes;
        // The password goes over TLS only.
        Require(session_.tls() || trace.find("AUTH ") == std::string::npos);
      } else if (std::holds_alternative<ClientReady>(step)) {
        if (++sent_ > 3) return;
        session_.Send(envelope_, 10);
      } else if (std::holds_alternative<ClientNeedContent>(step)) {
        session_.Content("content\r\n.\r\n");
        session_.ContentEnd();
      } else if (auto* finished = std::get_if<ClientFinished>(&step)) {
        OnFinished(finished->result);
      } else if (std::holds_alternative<ClientStartTls>(step)) {
        session_.TlsStarted();
      } else {
        if (auto* closed = std::get_if<ClientClosed>(&step)) {
          auto kind = closed->end.kind;
          depends_on_segments |=
              kind == SessionEnd::Kind::kProtocol || kind == SessionEnd::Kind::kTlsFailed;
        }
        return;
      }
    }
  }

  void OnFinished(const MessageResult& result) {
    Require(result.recipients.size() == 3);
    for (const RecipientResult& r : result.recipients) {
      if (r.IsDelivered()) Require(result.end_sent);
      trace += fmt::format("[{} {}]", static_cast<int>(r.stage), r.reply.code);
    }
  }

  int sent_ = 0;
  mail::Envelope envelope_;
  ClientSession session_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  Player bytes(data[0]);
  for (char c : input) bytes.Feed(std::string_view(&c, 1));
  bytes.Lost();
  Player pieces(data[0]);
  size_t step = 1 + data[1];
  for (size_t at = 0; at < input.size(); at += step) pieces.Feed(input.substr(at, step));
  pieces.Lost();
  // Replies in one segment to commands not yet sent are cut off; one at a time they look like
  // answers.
  if (bytes.depends_on_segments || pieces.depends_on_segments) return 0;
  Require(bytes.trace == pieces.trace);
  return 0;
}
