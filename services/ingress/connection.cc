#include "services/ingress/connection.h"

#include "base/id.h"
#include "base/text.h"
#include "log/log.h"
#include "net/proxy_header.h"
#include "rpc/call.h"
#include "services/ingress/ingress_metrics.h"
#include "services/ingress/policy/auth.h"
#include "services/ingress/policy/message.h"
#include "services/ingress/policy/peer.h"
#include "services/ingress/policy/recipient.h"
#include "services/ingress/policy/sender.h"

namespace pennypost::ingress {
namespace {

constexpr size_t kReadSize = 16 << 10;
constexpr absl::Duration kHandshakeTimeout = absl::Seconds(10);        // T8
constexpr absl::Duration kStressedCommandTimeout = absl::Seconds(10);  // S13
constexpr absl::Duration kWriteTimeout = absl::Minutes(2);
// S13: content slower than this is a way to hold a connection.
constexpr absl::Duration kRateWindow = absl::Seconds(60);
constexpr uint64_t kLeastBytesPerWindow = 500 * 60;

smtp::SessionOptions MakeSessionOptions(ListenerKind kind, const Platform& platform) {
  smtp::SessionOptions options;
  options.hostname = platform.options.hostname;
  options.limits = platform.options.limits;
  if (platform.tls != nullptr) {
    options.tls =
        kind == ListenerKind::kSubmissions ? smtp::TlsState::kActive : smtp::TlsState::kOffered;
  }
  if (kind == ListenerKind::kLmtp) {
    options.mode = smtp::Mode::kLmtp;
    options.tls = smtp::TlsState::kNone;
  } else if (kind != ListenerKind::kSmtp) {
    options.mode = smtp::Mode::kSubmission;
    options.auth_mechanisms = sasl::ServerMechanismNames();
  }
  return options;
}

class Connection {
 public:
  Connection(std::shared_ptr<net::Stream> stream, net::Peer peer, ListenerKind kind,
             Platform& platform)
      : stream_(std::move(stream)),
        kind_(kind),
        platform_(platform),
        session_(MakeSessionOptions(kind, platform)),
        context_(platform) {
    context_.info = &session_.info();
    context_.peer = peer;
    context_.client_ip = peer.address.ToString();
    context_.session_id = HexEncode(RandomBytes(8));
    ++platform_.sessions;
    OpenSessions().Increment();
  }
  ~Connection() {
    --platform_.sessions;
    OpenSessions().Decrement();
  }

  net::Awaitable<void> Run() {
    auto open = Open();
    bool opened = co_await std::move(open);
    if (!opened) co_return;
    for (bool go_on = true; go_on;) {
      smtp::Step step = session_.Next();
      auto take = Take(std::move(step));
      go_on = co_await std::move(take);
    }
    CountAnswers(session_);
    log::Debug("smtp.session.end", {{"session", context_.session_id}});
    auto close = stream_->Close();
    co_await std::move(close);
    auto report = ReportRefused();
    co_await std::move(report);
  }

 private:
  // PROXY header and TLS from the first byte, where the listener has them.
  net::Awaitable<bool> Open() {
    if (net::ContainsAny(platform_.options.proxy_networks, context_.peer.address)) {
      auto proxy = net::ReadProxyHeader(*stream_, context_.peer, kHandshakeTimeout);
      absl::Status read = co_await std::move(proxy);
      if (!read.ok()) {
        log::Info("smtp.proxy.refused", {{"peer", context_.client_ip}, {"error", MessageOf(read)}});
        co_return false;
      }
      context_.client_ip = context_.peer.address.ToString();
    }
    if (kind_ == ListenerKind::kSubmissions) {
      auto upgrade = StartTls();
      bool secure = co_await std::move(upgrade);
      if (!secure) co_return false;
    }
    command_since_ = platform_.clock.Now();
    log::Debug("smtp.session.begin",
               {{"session", context_.session_id}, {"client_ip", context_.client_ip}});
    co_return true;
  }

  // One step of the core; false when the connection is over.
  net::Awaitable<bool> Take(smtp::Step step) {
    if (auto* output = std::get_if<smtp::Output>(&step)) {
      CountAnswers(session_);
      command_since_ = platform_.clock.Now();
      auto write = stream_->Write(output->bytes, kWriteTimeout);
      absl::Status status = co_await std::move(write);
      co_return status.ok();
    }
    if (auto* request = std::get_if<smtp::Request>(&step)) {
      auto answer = Answer(std::move(*request));
      co_await std::move(answer);
      co_return true;
    }
    if (std::holds_alternative<smtp::StartTls>(step)) {
      auto upgrade = StartTls();
      bool secure = co_await std::move(upgrade);
      if (secure) session_.TlsStarted();
      co_return secure;
    }
    if (std::holds_alternative<smtp::Close>(step)) co_return false;
    if (!session_.ReceivingMessage()) DropBody();
    auto read = ReadMore();
    bool more = co_await std::move(read);
    co_return more;
  }

  net::Awaitable<void> Answer(smtp::Request request) {
    if (auto* chunk = std::get_if<smtp::MessageChunk>(&request)) {
      // The hot path: no coroutine unless the budget is empty.
      smtp::Outcome outcome = smtp::Accept{};
      if (!context_.lease.Extend(chunk->bytes.size())) {
        auto wait = WaitForRoom(context_, chunk->bytes.size());
        outcome = co_await std::move(wait);
      }
      if (std::holds_alternative<smtp::Accept>(outcome)) {
        context_.body += chunk->bytes;
      } else {
        DropBody();  // others wait for what it holds
      }
      session_.Resume(std::move(outcome));
      co_return;
    }
    auto decide = Decide(request);
    smtp::Outcome outcome = co_await std::move(decide);
    session_.Resume(std::move(outcome));
  }

  net::Awaitable<smtp::Outcome> Decide(smtp::Request& request) {
    if (std::holds_alternative<smtp::CheckPeer>(request)) return CheckPeer(context_);
    if (auto* r = std::get_if<smtp::CheckPassword>(&request)) {
      return CheckPassword(context_, std::move(*r));
    }
    if (auto* r = std::get_if<smtp::FetchScramKeys>(&request)) {
      return FetchScramKeys(context_, std::move(*r));
    }
    if (auto* r = std::get_if<smtp::ScramFinished>(&request)) {
      return FinishScram(context_, std::move(*r));
    }
    if (auto* r = std::get_if<smtp::CheckSender>(&request)) {
      return CheckSender(context_, *r->envelope);
    }
    if (auto* r = std::get_if<smtp::CheckRecipient>(&request)) {
      return CheckRecipient(context_, *r->envelope, *r->recipient);
    }
    if (auto* r = std::get_if<smtp::EndMessage>(&request)) {
      return AcceptMessage(context_, *r->envelope);
    }
    if (auto* r = std::get_if<smtp::BeginMessage>(&request)) BeginBody(*r->envelope);
    return AcceptAtOnce();
  }

  static net::Awaitable<smtp::Outcome> AcceptAtOnce() { co_return smtp::Accept{}; }

  void BeginBody(const mail::Envelope& envelope) {
    constexpr uint64_t kMostReserved = 256 << 10;
    DropBody();
    context_.body.reserve(std::min(envelope.declared_size, kMostReserved) + 1024);
  }

  void DropBody() {
    if (context_.lease.empty()) return;
    context_.body = {};
    context_.lease.Release();
  }

  net::Awaitable<bool> ReadMore() {
    if (!buffer_) buffer_ = std::make_unique<char[]>(kReadSize);
    absl::Duration patience = Patience();
    if (patience <= absl::ZeroDuration()) co_return TimeOut();
    auto read = stream_->Read(buffer_.get(), kReadSize, patience);
    absl::StatusOr<size_t> size = co_await std::move(read);
    if (size.ok()) {
      if (*size == 0) co_return false;
      session_.Feed(std::string_view(buffer_.get(), *size));
      window_bytes_ += *size;
      co_return true;
    }
    if (size.status().code() == absl::StatusCode::kCancelled) {
      session_.Interrupt({421, "4.3.2", "service is going down, try again"},
                         smtp::ServerSession::When::kAtCommandBoundary);
      co_return true;
    }
    if (size.status().code() == absl::StatusCode::kDeadlineExceeded) co_return TimeOut();
    co_return false;
  }

  // How long the next Read may take. A command has its time as a whole, so single bytes do not buy
  // more (S13).
  absl::Duration Patience() {
    absl::Time now = platform_.clock.Now();
    // Content begins without BeginBody too: a chunk that is only read to be thrown away.
    if (session_.InContent() && !was_in_content_) {
      window_since_ = now;
      window_bytes_ = 0;
    }
    was_in_content_ = session_.InContent();
    if (was_in_content_) {
      if (now - window_since_ >= kRateWindow) {
        if (window_bytes_ < kLeastBytesPerWindow) return absl::ZeroDuration();
        window_since_ = now;
        window_bytes_ = 0;
      }
      return platform_.options.data_timeout;
    }
    bool stressed = platform_.sessions > platform_.options.max_connections / 5 * 4;
    absl::Duration all = stressed
                             ? std::min(kStressedCommandTimeout, platform_.options.command_timeout)
                             : platform_.options.command_timeout;
    return all - (now - command_since_);
  }

  bool TimeOut() {
    session_.Interrupt({421, "4.4.2", "timeout"}, smtp::ServerSession::When::kNow);
    return true;
  }

  net::Awaitable<bool> StartTls() {
    if (platform_.tls == nullptr) co_return false;
    auto handshake = stream_->StartTlsServer(*platform_.tls, kHandshakeTimeout);
    absl::Status status = co_await std::move(handshake);
    if (!status.ok()) {
      log::Info("smtp.tls.failed", {{"session", context_.session_id},
                                    {"client_ip", context_.client_ip},
                                    {"error", Describe(status)}});
      co_return false;
    }
    context_.tls = stream_->TlsDescription();
    command_since_ = platform_.clock.Now();
    co_return true;
  }

  // Best effort: what was refused is known to operators even if nobody stored a message. The client
  // is gone by then.
  net::Awaitable<void> ReportRefused() {
    if (context_.refused.empty() || platform_.clients.relay == nullptr) co_return;
    relay::v1::RecordEventsRequest request;
    for (auto& event : context_.refused) *request.add_events() = std::move(event);
    auto call = rpc::Call(*platform_.clients.relay, &relay::v1::RelayService::RecordEvents,
                          std::move(request), absl::Seconds(2));
    absl::StatusOr<relay::v1::RecordEventsResponse> ignored = co_await std::move(call);
  }

  std::shared_ptr<net::Stream> stream_;
  const ListenerKind kind_;
  Platform& platform_;
  smtp::ServerSession session_;
  SessionContext context_;
  std::unique_ptr<char[]> buffer_;
  absl::Time command_since_;
  bool was_in_content_ = false;
  absl::Time window_since_;
  uint64_t window_bytes_ = 0;
};

}  // namespace

net::Awaitable<void> RunConnection(std::shared_ptr<net::Stream> stream, net::Peer peer,
                                   ListenerKind kind, Platform& platform) {
  auto connection = std::make_unique<Connection>(std::move(stream), peer, kind, platform);
  auto run = connection->Run();
  co_await std::move(run);
}

}  // namespace pennypost::ingress
