// Oracles: O1 segmentation invariance of output and requests; replies <= commands + a few; content
// holds no lone CR, LF or NUL; no request for mail before TLS and AUTH in submission.
#include <cstdint>
#include <cstdlib>

#include "smtp/server_session.h"

using namespace pennypost;
using namespace pennypost::smtp;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

bool IsClean(std::string_view content) {
  for (size_t i = 0; i < content.size(); ++i) {
    char c = content[i];
    if (c == '\0') return false;
    if (c == '\r' && i + 1 < content.size() && content[i + 1] != '\n') return false;
    if (c == '\n' && (i == 0 || content[i - 1] != '\r')) return false;
  }
  return true;
}

SessionOptions OptionsFrom(uint8_t bits) {
  SessionOptions options;
  options.hostname = "mx";
  options.mode = bits & 1 ? Mode::kSubmission : bits & 2 ? Mode::kLmtp : Mode::kSmtp;
  options.tls = bits & 4 ? TlsState::kActive : TlsState::kOffered;
  options.auth_mechanisms = {"PLAIN", "LOGIN"};
  options.bare_line_feeds = bits & 8 ? BareLineFeeds::kNormalize : BareLineFeeds::kRefuse;
  options.limits.message_size = 200;
  options.limits.command_line = 100;
  options.limits.recipients = 3;
  return options;
}

struct Trace {
  std::string output;
  std::string requests;
  bool early = false;  // cut for input that came too soon, which depends on segments
};

class Player {
 public:
  Player(uint8_t bits) : session_(OptionsFrom(bits)), refuse_(bits & 16) { Drain(); }

  void Feed(std::string_view bytes) {
    session_.Feed(bytes);
    Drain();
  }
  const Trace& trace() const { return trace_; }

 private:
  void Drain() {
    for (;;) {
      Step step = session_.Next();
      if (auto* output = std::get_if<Output>(&step)) {
        trace_.output += output->bytes;
      } else if (auto* request = std::get_if<Request>(&step)) {
        OnRequest(*request);
      } else if (std::holds_alternative<StartTls>(step)) {
        session_.TlsStarted();
      } else {
        if (auto* close = std::get_if<Close>(&step)) {
          trace_.early |= close->reason == CloseReason::kEarlyInput;
        }
        return;
      }
    }
  }

  void OnRequest(const Request& request) {
    if (auto* chunk = std::get_if<MessageChunk>(&request)) {
      content_ += chunk->bytes;
      return session_.Resume(Accept{});
    }
    trace_.requests.push_back(static_cast<char>('a' + request.index()));
    if (auto* sender = std::get_if<CheckSender>(&request)) {
      const SessionInfo& info = session_.info();
      Require(info.mode != Mode::kSubmission || (info.tls && info.authenticated));
      trace_.requests += sender->envelope->SenderText();
    } else if (auto* recipient = std::get_if<CheckRecipient>(&request)) {
      trace_.requests += recipient->recipient->address.ToString();
    } else if (std::holds_alternative<BeginMessage>(request)) {
      content_.clear();
    } else if (auto* end = std::get_if<EndMessage>(&request)) {
      Require(IsClean(content_) && end->size == content_.size() && content_.size() <= 200);
      trace_.requests += content_;
    }
    if (refuse_ && ++count_ % 3 == 0) return session_.Resume(Refuse{{550, "5.7.1", "no"}});
    session_.Resume(Accept{});
  }

  ServerSession session_;
  bool refuse_;
  int count_ = 0;
  Trace trace_;
  std::string content_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  Player whole(data[0]);
  whole.Feed(input);
  Player bytes(data[0]);
  for (char c : input) bytes.Feed(std::string_view(&c, 1));
  Player pieces(data[0]);
  size_t step = 1 + data[1] % 16;
  for (size_t at = 0; at < input.size(); at += step) pieces.Feed(input.substr(at, step));

  // Every reply but the greeting and a closing 421 answers a line or chunk of input.
  size_t lines = 0;
  for (char c : input) lines += c == '\n' ? 1 : 0;
  if (!(data[0] & 2)) {
    size_t finals = 0;
    std::string_view out = bytes.trace().output;
    for (size_t at = 0; at < out.size();) {
      size_t end = out.find('\n', at);
      finals += out.size() > at + 3 && out[at + 3] == ' ' ? 1 : 0;
      at = end + 1;
    }
    Require(finals <= lines + 2);
  }
  if (whole.trace().early || pieces.trace().early) return 0;
  Require(whole.trace().output == bytes.trace().output);
  Require(whole.trace().requests == bytes.trace().requests);
  Require(whole.trace().output == pieces.trace().output);
  Require(whole.trace().requests == pieces.trace().requests);
  return 0;
}
