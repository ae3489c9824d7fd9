#pragma once
// What every driver of this service does with its connection, whatever the protocol: the PROXY
// header, TLS, reads against the client's time, writes, and the words for the log about its end.

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"

namespace pennypost::access {

struct LinkOptions {
  const net::TlsServerContext* tls = nullptr;  // nullptr: no TLS is offered
  bool implicit_tls = false;
  std::vector<net::Cidr> proxy_networks;  // peers that say in a PROXY header whom they speak for
};

// Used by one coroutine at a time; the options outlive it.
class ClientLink {
 public:
  ClientLink(const LinkOptions& options, std::shared_ptr<net::Stream> stream, net::Peer peer,
             const net::DrainSignal& drain);

  // PROXY header and TLS from the first byte, where there are any. False: the connection is over,
  // as after every other false here.
  net::Awaitable<bool> Open();
  net::Awaitable<bool> StartTls();
  // All that is read and written from now on is DEFLATE (RFC 4978).
  void StartCompression();
  net::Awaitable<bool> Write(std::string_view bytes);

  enum class Got { kBytes, kInterrupted, kTimeout, kEnd };
  // Waits for bytes until the client was silent for `limit`; interrupts do not lengthen that time.
  // With kBytes they are in bytes() until the next call.
  net::Awaitable<Got> Read(absl::Duration limit);
  std::string_view bytes() const { return {buffer_, size_}; }
  // Best effort, when nothing else follows.
  net::Awaitable<void> LastWords(std::string_view bytes);

  bool draining() const { return drain_.draining(); }
  const std::shared_ptr<net::Stream>& stream() const { return stream_; }
  const net::Peer& peer() const { return peer_; }
  std::string client_ip() const { return peer_.address.ToString(); }
  std::string tls() const { return stream_->TlsDescription(); }

  void EndsBecause(std::string reason) { end_ = std::move(reason); }
  const std::string& end() const { return end_; }

 private:
  const LinkOptions& options_;
  std::shared_ptr<net::Stream> stream_;
  net::Peer peer_;
  const net::DrainSignal& drain_;
  absl::Time silent_since_;  // when the client was last heard of
  std::string end_ = "connection closed";
  size_t size_ = 0;
  char buffer_[4 << 10];  // small: it is there as long as the client is silent
};

}  // namespace pennypost::access
