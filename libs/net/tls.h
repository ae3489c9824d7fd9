#pragma once
// TLS contexts with the rules of RFC 9325: 1.2 and 1.3 only, AEAD ciphers, no compression, no
// renegotiation.

#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"

namespace boost::asio::ssl {
class context;
}

namespace pennypost::net {

// The certificate of our listeners. Files are looked at again at a handshake at most each second,
// so that a renewed certificate is used without a restart and without dropping sessions.
// Thread-safe.
class TlsServerContext {
 public:
  // `alpn` is the only protocol we agree to ("imap"); a client that offers others alone is refused
  // (ALPACA). Empty: there is none, and who offers any is refused. Files that cannot be used are
  // one line each in the error.
  static absl::StatusOr<std::unique_ptr<TlsServerContext>> Create(std::string certificate_file,
                                                                  std::string key_file,
                                                                  std::string alpn = "");
  std::shared_ptr<boost::asio::ssl::context> Current() const;
  // Seconds since 1970 when the certificate ends.
  int64_t ExpiresAt() const;

 private:
  TlsServerContext(std::string certificate_file, std::string key_file, std::string alpn);
  absl::Status Load() const;
  void Reload(int64_t stamp) const;

  const std::string certificate_file_;
  const std::string key_file_;
  const std::string alpn_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<boost::asio::ssl::context> current_;
  mutable int64_t stamp_ = 0;
  mutable int64_t failed_stamp_ = -1;  // of files that were refused: said once
  mutable int64_t checked_at_ = 0;
};

// Trust for connections that we open. Thread-safe.
class TlsClientContext {
 public:
  // An empty file means the system's certificates.
  static absl::StatusOr<std::unique_ptr<TlsClientContext>> Create(const std::string& ca_file);
  std::shared_ptr<boost::asio::ssl::context> Current() const { return context_; }

 private:
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace pennypost::net
