#pragma once
// A connection as the drivers see it: bytes in, bytes out, TLS in the middle. Tests use
// MemoryStream.

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/address.h"
#include "net/awaitable.h"

namespace pennypost::net {

class TlsServerContext;
class TlsClientContext;

// How a TLS client checks the server.
enum class PeerVerification {
  kNone,         // encrypt only (opportunistic, RFC 7435)
  kCertificate,  // certificate chain and name
};

// All calls come from the stream's executor (one strand a connection); one Read and one Write at a
// time. Errors: DeadlineExceeded after `timeout` without progress, Cancelled after Interrupt(),
// Unavailable for a broken connection. After an error other than Cancelled the stream is good for
// Close() only.
class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte, or 0 at the end of the stream.
  virtual Awaitable<absl::StatusOr<size_t>> Read(char* buffer, size_t size,
                                                 absl::Duration timeout) = 0;
  // All of the bytes.
  virtual Awaitable<absl::Status> Write(std::string_view bytes, absl::Duration timeout) = 0;
  virtual Awaitable<absl::Status> StartTlsServer(const TlsServerContext& context,
                                                 absl::Duration timeout) = 0;
  virtual Awaitable<absl::Status> StartTlsClient(const TlsClientContext& context,
                                                 const std::string& server_name,
                                                 PeerVerification verification,
                                                 absl::Duration timeout) = 0;
  // Ends a Read that waits (or the next one) with Cancelled; the stream stays good. Also from other
  // threads.
  virtual void Interrupt() = 0;
  // Sends what TLS wants to say and closes. The destructor closes without a word.
  virtual Awaitable<void> Close() = 0;

  // "TLSv1.3 TLS_AES_256_GCM_SHA384", empty without TLS.
  virtual std::string TlsDescription() const = 0;
  // After StartTlsClient: what is wrong with the server's certificate ("self-signed certificate",
  // "hostname mismatch"), whether or not that mattered. Empty where it is good.
  virtual std::string TlsPeerProblem() const = 0;
};

// Waits; ends early only with the whole coroutine.
Awaitable<void> Sleep(absl::Duration duration);

}  // namespace pennypost::net
