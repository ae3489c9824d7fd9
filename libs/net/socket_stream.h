#pragma once
// Private to net: the Stream over an Asio socket.

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <optional>

#include "net/stream.h"
#include "net/tls_session.h"

namespace pennypost::net {

// One timer watches the whole connection: an operation only notes its deadline, and the timer looks
// at the note when it fires. That costs nothing per read, where a timer an operation would be set
// and cancelled each time.
class SocketStream : public Stream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  explicit SocketStream(Socket socket);
  ~SocketStream() override;

  Awaitable<absl::StatusOr<size_t>> Read(char* buffer, size_t size,
                                         absl::Duration timeout) override;
  Awaitable<absl::Status> Write(std::string_view bytes, absl::Duration timeout) override;
  Awaitable<absl::Status> StartTlsServer(const TlsServerContext& context,
                                         absl::Duration timeout) override;
  Awaitable<absl::Status> StartTlsClient(const TlsClientContext& context,
                                         const std::string& server_name,
                                         PeerVerification verification,
                                         absl::Duration timeout) override;
  void Interrupt() override;
  Awaitable<void> Close() override;
  std::string TlsDescription() const override;
  std::string TlsPeerProblem() const override;

 private:
  struct State {
    explicit State(Socket s) : socket(std::move(s)), timer(socket.get_executor()) {}
    Socket socket;
    boost::asio::steady_timer timer;
    boost::asio::steady_timer::time_point deadline = boost::asio::steady_timer::time_point::max();
    boost::asio::steady_timer::time_point armed_for = boost::asio::steady_timer::time_point::max();
    int pending = 0;  // operations that wait; the timer matters only then
    bool timed_out = false;
    bool reading = false;
    bool interrupted = false;
    bool closed = false;
  };
  class Pending;

  void SetDeadline(absl::Duration timeout);
  static void Arm(const std::shared_ptr<State>& state);
  absl::Status ToStatus(const boost::system::error_code& error) const;
  Awaitable<absl::Status> Handshake(absl::Duration timeout);
  Awaitable<absl::StatusOr<size_t>> ReadTls(char* buffer, size_t size);
  Awaitable<absl::Status> WriteTls(std::string_view bytes, absl::Duration timeout);
  // Until the socket is ready for what TLS wants next.
  Awaitable<boost::system::error_code> Wait(TlsSession::Next next);

  std::shared_ptr<State> state_;
  std::unique_ptr<TlsSession> tls_;
  int in_a_row_ = 0;  // reads that found something at once
};

}  // namespace pennypost::net
