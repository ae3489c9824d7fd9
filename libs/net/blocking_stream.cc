#include "net/blocking_stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>

#include "net/tcp_stream.h"

namespace pennypost::net {

struct BlockingStream::State {
  // Runs the loop until the operation ends: the stream's timer may go on for longer.
  template <class T>
  T Wait(Awaitable<T> operation) {
    std::optional<T> result;
    auto finish = [&result](std::exception_ptr error, T value) {
      if (error) std::rethrow_exception(error);
      result = std::move(value);
    };
    boost::asio::co_spawn(io, std::move(operation), finish);
    io.restart();
    while (!result) io.run_one();
    return *std::move(result);
  }

  boost::asio::io_context io{1};
  std::unique_ptr<Stream> stream;
};

BlockingStream::BlockingStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlockingStream::~BlockingStream() = default;

absl::StatusOr<std::unique_ptr<BlockingStream>> BlockingStream::Connect(const std::string& host,
                                                                        uint16_t port,
                                                                        absl::Duration timeout) {
  auto state = std::make_unique<State>();
  ASSIGN_OR_RETURN(state->stream, state->Wait(ConnectHost(host, port, timeout)));
  return std::unique_ptr<BlockingStream>(new BlockingStream(std::move(state)));
}

absl::Status BlockingStream::StartTls(const TlsClientContext& context, const std::string& name,
                                      absl::Duration timeout) {
  absl::Status status = state_->Wait(
      state_->stream->StartTlsClient(context, name, PeerVerification::kCertificate, timeout));
  std::string problem = state_->stream->TlsPeerProblem();
  if (status.ok() || problem.empty()) return status;
  return PolicyError("its certificate is not trusted: " + problem);
}

absl::StatusOr<size_t> BlockingStream::Read(char* buffer, size_t size, absl::Duration timeout) {
  return state_->Wait(state_->stream->Read(buffer, size, timeout));
}

absl::Status BlockingStream::Write(std::string_view bytes, absl::Duration timeout) {
  return state_->Wait(state_->stream->Write(bytes, timeout));
}

}  // namespace pennypost::net
