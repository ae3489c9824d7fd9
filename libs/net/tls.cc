#include "net/tls.h"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <boost/asio/ssl/context.hpp>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "log/log.h"

namespace pennypost::net {
namespace {

namespace ssl = boost::asio::ssl;

constexpr char kCiphers[] =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

std::shared_ptr<ssl::context> NewContext(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle sessions are many: give read and write buffers back between records.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_read_ahead(native, 1);  // a record is one read, not two
  SSL_CTX_set_cipher_list(native, kCiphers);
  return context;
}

// Modification times of both files folded into one number; 0 if one cannot be read.
int64_t StampOf(const std::string& certificate, const std::string& key) {
  struct stat a {};
  struct stat b {};
  if (stat(certificate.c_str(), &a) != 0 || stat(key.c_str(), &b) != 0) return 0;
  return (a.st_mtim.tv_sec ^ b.st_mtim.tv_sec << 1) * 1'000'000'007 + a.st_mtim.tv_nsec +
         b.st_mtim.tv_nsec;
}

// "FILE: No such file or directory", or what is wrong with its content.
std::string WhyNot(const std::string& file, const boost::system::error_code& error) {
  FILE* opened = fopen(file.c_str(), "r");
  if (opened == nullptr) return file + ": " + strerror(errno);
  fclose(opened);
  return file + ": not good PEM (" + error.message() + ")";
}

// RFC 7301 3.2, and ALPACA: a client that names protocols must name ours.
int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
               unsigned int in_size, void* argument) {
  const auto& ours = *static_cast<const std::string*>(argument);
  for (unsigned int at = 0; !ours.empty() && at < in_size; at += 1u + in[at]) {
    std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
    if (offered == ours) {
      *out = in + at + 1;
      *out_size = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

TlsServerContext::TlsServerContext(std::string certificate_file, std::string key_file,
                                   std::string alpn)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      alpn_(std::move(alpn)) {}

absl::StatusOr<std::unique_ptr<TlsServerContext>> TlsServerContext::Create(
    std::string certificate_file, std::string key_file, std::string alpn) {
  std::unique_ptr<TlsServerContext> context(
      new TlsServerContext(std::move(certificate_file), std::move(key_file), std::move(alpn)));
  RETURN_IF_ERROR(context->Load());
  return context;
}

absl::Status TlsServerContext::Load() const {
  int64_t stamp = StampOf(certificate_file_, key_file_);
  auto context = NewContext(ssl::context::tls_server);
  boost::system::error_code error;
  context->use_certificate_chain_file(certificate_file_, error);
  std::string problems;
  if (error) problems = "cannot use the certificate " + WhyNot(certificate_file_, error);
  // With the certificate in place OpenSSL refuses a key that is not its own; which of the two is
  // wrong is told below.
  auto keys = NewContext(ssl::context::tls_server);
  keys->use_private_key_file(key_file_, ssl::context::pem, error);
  if (error) {
    problems += problems.empty() ? "" : "\n";
    problems += "cannot use the key " + WhyNot(key_file_, error);
  }
  if (!problems.empty()) return SyntaxError(problems);
  context->use_private_key_file(key_file_, ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return SyntaxError(fmt::format("the key {} does not belong to the certificate {}", key_file_,
                                   certificate_file_));
  }
  SSL_CTX_set_alpn_select_cb(context->native_handle(), &SelectAlpn,
                             const_cast<std::string*>(&alpn_));
  current_ = std::move(context);
  stamp_ = stamp;
  return absl::OkStatus();
}

void TlsServerContext::Reload(int64_t stamp) const {
  absl::Status status = Load();
  if (status.ok()) {
    log::Info("tls.certificate.reloaded", {{"file", certificate_file_}});
  } else {
    failed_stamp_ = stamp;
    log::Error("tls.certificate.refused", {{"error", MessageOf(status)}, {"kept", "the old one"}});
  }
}

std::shared_ptr<ssl::context> TlsServerContext::Current() const {
  std::lock_guard lock(mutex_);
  int64_t now = time(nullptr);
  if (now != checked_at_) {
    checked_at_ = now;
    int64_t stamp = StampOf(certificate_file_, key_file_);
    // A pair that is being replaced may not match for a moment: keep the old one and look again.
    if (stamp != stamp_ && stamp != failed_stamp_) Reload(stamp);
  }
  return current_;
}

int64_t TlsServerContext::ExpiresAt() const {
  auto context = Current();
  X509* certificate = SSL_CTX_get0_certificate(context->native_handle());
  struct tm end {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
    return 0;
  return timegm(&end);
}

absl::StatusOr<std::unique_ptr<TlsClientContext>> TlsClientContext::Create(
    const std::string& ca_file) {
  auto client = std::make_unique<TlsClientContext>();
  client->context_ = NewContext(ssl::context::tls_client);
  boost::system::error_code error;
  if (ca_file.empty()) {
    client->context_->set_default_verify_paths(error);
  } else {
    client->context_->load_verify_file(ca_file, error);
  }
  if (error)
    return SyntaxError(
        fmt::format("cannot read the certificates in {}: {}", ca_file, error.message()));
  return client;
}

}  // namespace pennypost::net
