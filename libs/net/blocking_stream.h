#pragma once
// A Stream for programs that do one thing and wait for it: each call returns when it is done.

#include <memory>
#include <string>
#include <string_view>

#include "net/stream.h"

namespace pennypost::net {

// Not thread-safe. Errors and time limits are those of Stream.
class BlockingStream {
 public:
  // `host` is looked up as the system does it.
  static absl::StatusOr<std::unique_ptr<BlockingStream>> Connect(const std::string& host,
                                                                 uint16_t port,
                                                                 absl::Duration timeout);
  ~BlockingStream();

  // The server's certificate must be good for `name`; the error says what is wrong with it.
  absl::Status StartTls(const TlsClientContext& context, const std::string& name,
                        absl::Duration timeout);
  // At least one byte, or 0 at the end of the stream.
  absl::StatusOr<size_t> Read(char* buffer, size_t size, absl::Duration timeout);
  absl::Status Write(std::string_view bytes, absl::Duration timeout);

 private:
  struct State;

  explicit BlockingStream(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace pennypost::net
