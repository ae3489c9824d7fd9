#include "net/tls_session.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/ssl/context.hpp>

#include <cerrno>
#include <new>
#include <system_error>

namespace pennypost::net {
namespace {

int SocketOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

bool MayComeLater() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// OpenSSL's own BIO for sockets raises SIGPIPE where the other side has gone.
int WriteSocket(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t n = send(SocketOf(bio), data, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && MayComeLater()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int ReadSocket(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t n = recv(SocketOf(bio), buffer, static_cast<size_t>(size), 0);
  if (n < 0 && MayComeLater()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long ControlSocket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(made, &WriteSocket);
    BIO_meth_set_read(made, &ReadSocket);
    BIO_meth_set_ctrl(made, &ControlSocket);
    return made;
  }();
  return method;
}

std::string ErrnoText() {
  return errno == 0 ? "the other side hung up" : std::generic_category().message(errno);
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<boost::asio::ssl::context> context, int socket, Role role)
    : context_(std::move(context)), ssl_(SSL_new(context_->native_handle())) {
  BIO* bio = BIO_new(SocketMethod());
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (role == Role::kServer) SSL_set_accept_state(ssl_.get());
  if (role == Role::kClient) SSL_set_connect_state(ssl_.get());
}

TlsSession::Next TlsSession::Handshake() {
  ERR_clear_error();
  errno = 0;
  return After(SSL_do_handshake(ssl_.get()));
}

TlsSession::Next TlsSession::Read(char* buffer, size_t size, size_t* count) {
  ERR_clear_error();
  errno = 0;
  return After(SSL_read_ex(ssl_.get(), buffer, size, count));
}

TlsSession::Next TlsSession::Write(std::string_view bytes, size_t* count) {
  ERR_clear_error();
  errno = 0;
  return After(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), count));
}

TlsSession::Next TlsSession::Shutdown() {
  ERR_clear_error();
  errno = 0;
  int result = SSL_shutdown(ssl_.get());
  return result >= 0 ? Next::kDone : After(result);
}

TlsSession::Next TlsSession::After(int result) {
  if (result > 0) return Next::kDone;
  int after = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Next::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Next::kWrite;
    case SSL_ERROR_ZERO_RETURN:
      error_ = "the other side hung up";
      return Next::kEnd;
    case SSL_ERROR_SYSCALL:
      errno = after;
      error_ = ErrnoText();
      return Next::kFailed;
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  error_ = reason == nullptr ? "TLS failed" : reason;
  return Next::kFailed;
}

}  // namespace pennypost::net
