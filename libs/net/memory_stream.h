#pragma once
// A Stream in memory for driver tests: the test scripts what is read, and may make the n-th
// operation fail.

#include <deque>
#include <string>

#include "net/stream.h"

namespace pennypost::net {

class MemoryStream : public Stream {
 public:
  // Each piece comes back from one Read; then the stream ends, or (hang_at_end) the Read times out.
  explicit MemoryStream(std::deque<std::string> pieces, bool hang_at_end = false)
      : pieces_(std::move(pieces)), hang_at_end_(hang_at_end) {}

  // The n-th operation from now (0 is the next) and all after it fail.
  void FailAt(int n) { fail_in_ = n; }
  const std::string& written() const { return written_; }
  bool closed() const { return closed_; }
  int operations() const { return operations_; }

  Awaitable<absl::StatusOr<size_t>> Read(char* buffer, size_t size,
                                         absl::Duration timeout) override;
  Awaitable<absl::Status> Write(std::string_view bytes, absl::Duration timeout) override;
  Awaitable<absl::Status> StartTlsServer(const TlsServerContext& context,
                                         absl::Duration timeout) override;
  Awaitable<absl::Status> StartTlsClient(const TlsClientContext& context,
                                         const std::string& server_name,
                                         PeerVerification verification,
                                         absl::Duration timeout) override;
  void Interrupt() override { interrupted_ = true; }
  Awaitable<void> Close() override;
  std::string TlsDescription() const override { return tls_ ? "TLSv1.3 memory" : ""; }
  std::string TlsPeerProblem() const override { return ""; }

 private:
  bool Fails();

  std::deque<std::string> pieces_;
  bool hang_at_end_;
  int fail_in_ = -1;
  int operations_ = 0;
  std::string written_;
  bool closed_ = false;
  bool tls_ = false;
  bool interrupted_ = false;
};

}  // namespace pennypost::net
