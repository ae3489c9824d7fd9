#include "net/socket_stream.h"

#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "metrics/metrics.h"
#include "net/tls.h"

namespace pennypost::net {
namespace {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
// After so many reads that did not have to wait others have their turn on the thread.
constexpr int kMostInARow = 16;

// RFC 6125 6: the name we wanted, not one we were led to. RFC 6066 3: no address in SNI.
void ExpectName(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  if (IpAddress::Parse(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
    return;
  }
  SSL_set_tlsext_host_name(ssl, name.c_str());
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), 0);
}
}  // namespace

// An operation that waits, from here to the end of its scope.
class SocketStream::Pending {
 public:
  explicit Pending(std::shared_ptr<State> state) : state_(std::move(state)) { ++state_->pending; }
  ~Pending() { --state_->pending; }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

 private:
  std::shared_ptr<State> state_;
};

SocketStream::SocketStream(Socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  // Once, here: Asio would tell the kernel so before each read and write.
  boost::system::error_code ignored;
  state_->socket.non_blocking(true, ignored);
}

SocketStream::~SocketStream() {
  state_->closed = true;
  boost::system::error_code ignored;
  state_->timer.cancel();
  state_->socket.close(ignored);
}

void SocketStream::SetDeadline(absl::Duration timeout) {
  state_->deadline = timeout == absl::InfiniteDuration()
                         ? SteadyClock::time_point::max()
                         : SteadyClock::now() + absl::ToChronoNanoseconds(timeout);
  if (state_->deadline < state_->armed_for) Arm(state_);
}

void SocketStream::Arm(const std::shared_ptr<State>& state) {
  if (state->closed || state->deadline == SteadyClock::time_point::max()) {
    state->armed_for = SteadyClock::time_point::max();
    return;
  }
  state->armed_for = state->deadline;
  state->timer.expires_at(state->deadline);
  std::weak_ptr<State> weak = state;
  state->timer.async_wait([weak](const boost::system::error_code& error) {
    auto alive = weak.lock();
    if (error || !alive || alive->closed) return;
    if (SteadyClock::now() < alive->deadline) {
      Arm(alive);  // progress was made since the timer was set
      return;
    }
    alive->armed_for = SteadyClock::time_point::max();
    if (alive->pending == 0) return;  // the next operation sets it again
    alive->timed_out = true;
    boost::system::error_code ignored;
    alive->socket.cancel(ignored);
  });
}

absl::Status SocketStream::ToStatus(const boost::system::error_code& error) const {
  if (!error) return absl::OkStatus();
  if (state_->timed_out) return absl::DeadlineExceededError("the other side is silent");
  if (error == asio::error::operation_aborted) return absl::CancelledError("interrupted");
  return UnavailableError(error.message());
}

Awaitable<absl::StatusOr<size_t>> SocketStream::Read(char* buffer, size_t size,
                                                     absl::Duration timeout) {
  if (state_->interrupted) {
    state_->interrupted = false;
    co_return absl::CancelledError("interrupted");
  }
  Pending pending(state_);
  SetDeadline(timeout);
  state_->reading = true;
  if (tls_) {
    auto read = co_await ReadTls(buffer, size);
    state_->reading = false;
    if (absl::IsCancelled(read.status())) state_->interrupted = false;
    co_return read;
  }
  auto target = asio::buffer(buffer, size);
  boost::system::error_code error;
  size_t n = 0;
  std::tie(error, n) = co_await state_->socket.async_read_some(target, kTuple);
  state_->reading = false;
  if (n > 0) co_return n;
  if (error == asio::error::eof) co_return size_t{0};
  if (error == asio::error::operation_aborted) state_->interrupted = false;
  co_return ToStatus(error);
}

Awaitable<absl::StatusOr<size_t>> SocketStream::ReadTls(char* buffer, size_t size) {
  if (in_a_row_ >= kMostInARow) {
    in_a_row_ = 0;
    co_await asio::post(state_->socket.get_executor(), asio::use_awaitable);
  }
  for (;;) {
    size_t n = 0;
    TlsSession::Next next = tls_->Read(buffer, size, &n);
    if (next == TlsSession::Next::kDone) {
      ++in_a_row_;
      co_return n;
    }
    if (next == TlsSession::Next::kEnd) co_return size_t{0};
    if (next == TlsSession::Next::kFailed) co_return UnavailableError(tls_->error());
    in_a_row_ = 0;
    boost::system::error_code error = co_await Wait(next);
    if (error) co_return ToStatus(error);
  }
}

Awaitable<boost::system::error_code> SocketStream::Wait(TlsSession::Next next) {
  auto what = next == TlsSession::Next::kRead ? Socket::wait_read : Socket::wait_write;
  boost::system::error_code error;
  std::tie(error) = co_await state_->socket.async_wait(what, kTuple);
  co_return error;
}

Awaitable<absl::Status> SocketStream::Write(std::string_view bytes, absl::Duration timeout) {
  Pending pending(state_);
  SetDeadline(timeout);
  if (tls_) co_return co_await WriteTls(bytes, timeout);
  auto source = asio::buffer(bytes.data(), bytes.size());
  // Most answers fit the socket's buffer: try without a turn through the reactor.
  boost::system::error_code error;
  size_t n = state_->socket.write_some(source, error);
  if (error == asio::error::would_block) error = {};
  if (!error && n < bytes.size()) {
    auto rest = source + n;
    std::tie(error, n) = co_await asio::async_write(state_->socket, rest, kTuple);
  }
  co_return ToStatus(error);
}

Awaitable<absl::Status> SocketStream::WriteTls(std::string_view bytes, absl::Duration timeout) {
  while (!bytes.empty()) {
    size_t n = 0;
    TlsSession::Next next = tls_->Write(bytes, &n);
    if (next == TlsSession::Next::kDone) {
      bytes.remove_prefix(n);
      SetDeadline(timeout);
      continue;
    }
    bool waits = next == TlsSession::Next::kRead || next == TlsSession::Next::kWrite;
    if (!waits) co_return UnavailableError(tls_->error());
    boost::system::error_code error = co_await Wait(next);
    if (error) co_return ToStatus(error);
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> SocketStream::Handshake(absl::Duration timeout) {
  Pending pending(state_);
  SetDeadline(timeout);
  for (;;) {
    TlsSession::Next next = tls_->Handshake();
    if (next == TlsSession::Next::kDone) co_return absl::OkStatus();
    bool waits = next == TlsSession::Next::kRead || next == TlsSession::Next::kWrite;
    if (!waits) co_return UnavailableError(fmt::format("TLS handshake: {}", tls_->error()));
    boost::system::error_code error = co_await Wait(next);
    if (error && state_->timed_out) co_return ToStatus(error);
    if (error) co_return UnavailableError(fmt::format("TLS handshake: {}", error.message()));
  }
}

Awaitable<absl::Status> SocketStream::StartTlsServer(const TlsServerContext& context,
                                                     absl::Duration timeout) {
  tls_ = std::make_unique<TlsSession>(context.Current(), state_->socket.native_handle(),
                                      TlsSession::Role::kServer);
  absl::Status status = co_await Handshake(timeout);
  metrics::Counter("pennypost_tls_handshakes_total",
                   "TLS handshakes as the server, by protocol version",
                   {{"version", status.ok() ? SSL_get_version(tls_->native()) : "failed"}})
      .Increment();
  co_return status;
}

Awaitable<absl::Status> SocketStream::StartTlsClient(const TlsClientContext& context,
                                                     const std::string& server_name,
                                                     PeerVerification verification,
                                                     absl::Duration timeout) {
  tls_ = std::make_unique<TlsSession>(context.Current(), state_->socket.native_handle(),
                                      TlsSession::Role::kClient);
  ExpectName(tls_->native(), server_name);
  // Without verification OpenSSL looks all the same, and TlsPeerProblem can tell what it saw.
  bool verifies = verification == PeerVerification::kCertificate;
  SSL_set_verify(tls_->native(), verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  absl::Status status = co_await Handshake(timeout);
  if (!status.ok() && verification == PeerVerification::kCertificate) {
    std::string problem = TlsPeerProblem();
    if (!problem.empty()) co_return UnavailableError("certificate of the server: " + problem);
  }
  co_return status;
}

std::string SocketStream::TlsPeerProblem() const {
  if (!tls_) return "";
  long result = SSL_get_verify_result(tls_->native());
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

void SocketStream::Interrupt() {
  std::weak_ptr<State> weak = state_;
  asio::dispatch(state_->socket.get_executor(), [weak] {
    auto alive = weak.lock();
    if (!alive || alive->closed) return;
    alive->interrupted = true;
    boost::system::error_code ignored;
    if (alive->reading) alive->socket.cancel(ignored);
  });
}

Awaitable<void> SocketStream::Close() {
  if (state_->closed) co_return;
  boost::system::error_code error;
  if (tls_ && !state_->timed_out) {
    // close_notify is sent, the peer's is not waited for.
    Pending pending(state_);
    SetDeadline(absl::Seconds(1));
    SSL_set_shutdown(tls_->native(), SSL_RECEIVED_SHUTDOWN);
    while (!error && tls_->Shutdown() == TlsSession::Next::kWrite)
      error = co_await Wait(TlsSession::Next::kWrite);
  }
  state_->closed = true;
  state_->timer.cancel();
  state_->socket.shutdown(Socket::shutdown_send, error);
  state_->socket.close(error);
}

std::string SocketStream::TlsDescription() const {
  if (!tls_) return "";
  SSL* ssl = tls_->native();
  return fmt::format("{} {}", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
}

Awaitable<void> Sleep(absl::Duration duration) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, absl::ToChronoNanoseconds(duration));
  boost::system::error_code ignored;
  std::tie(ignored) = co_await timer.async_wait(kTuple);
}

}  // namespace pennypost::net
