#pragma once
// Private to net: TLS over a socket that does not block. OpenSSL reads and writes the socket
// itself, so that an idle session holds no buffers: with one on either side of an engine, as Asio
// has it, it held 70 KiB.

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace boost::asio::ssl {
class context;
}

namespace pennypost::net {

// Used by one thread at a time.
class TlsSession {
 public:
  enum class Role { kServer, kClient };
  // What a step came to: it is done; the other side has ended; it is to be taken again once the
  // socket can be read or written; it failed, and error() says why.
  enum class Next { kDone, kEnd, kRead, kWrite, kFailed };

  // The socket stays its owner's.
  TlsSession(std::shared_ptr<boost::asio::ssl::context> context, int socket, Role role);

  Next Handshake();
  // `count`: how many bytes, with kDone.
  Next Read(char* buffer, size_t size, size_t* count);
  // A step may write a part only; one that is taken again must be of the same bytes.
  Next Write(std::string_view bytes, size_t* count);
  // Says close_notify; that of the other side is not waited for.
  Next Shutdown();

  SSL* native() const { return ssl_.get(); }
  const std::string& error() const { return error_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Next After(int result);

  std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string error_;
};

}  // namespace pennypost::net
