#pragma once
// One SMTP or LMTP connection to another server: the driver of smtp::ClientSession.

#include <memory>
#include <optional>
#include <string>

#include "net/stream.h"
#include "services/relay/core/targets.h"
#include "services/relay/core/transport.h"
#include "smtp/client_session.h"

namespace pennypost::relay {

// What one message on a connection came to.
struct SendReport {
  // Set where the conversation about the message took place at all.
  std::optional<smtp::MessageResult> result;
  // The connection ended; why.
  std::optional<smtp::SessionEnd> end;
  bool lease_lost = false;
};

class SmtpConnection {
 public:
  // Connects and says hello. `options.tls` follows `route`. Where the answer is a SessionEnd, there
  // is no connection.
  struct Opened {
    std::unique_ptr<SmtpConnection> connection;
    smtp::SessionEnd end;
    std::string error;      // of the network
    std::string tls_error;  // with SessionEnd::kTlsFailed: why
  };
  static net::Awaitable<Opened> Open(Target target, smtp::ClientOptions options,
                                     const net::TlsClientContext& tls,
                                     net::PeerVerification verification);

  net::Awaitable<SendReport> Send(const mail::Envelope& envelope, const Attempt& attempt);
  net::Awaitable<void> Quit();

  const Target& target() const { return target_; }
  const smtp::ServerFeatures& features() const { return session_.features(); }
  bool usable() const { return usable_; }
  int messages() const { return messages_; }
  // What is wrong with the server's certificate, where nobody insisted; empty without TLS.
  std::string CertificateProblem() const { return stream_->TlsPeerProblem(); }

 private:
  SmtpConnection(Target target, smtp::ClientOptions options, std::unique_ptr<net::Stream> stream)
      : target_(std::move(target)), session_(std::move(options)), stream_(std::move(stream)) {}

  // Runs the session until it is ready, finished with the message or closed.
  net::Awaitable<SendReport> Drive(const Attempt* attempt, const net::TlsClientContext* tls,
                                   net::PeerVerification verification);
  net::Awaitable<void> ReadMore();
  net::Awaitable<void> Upgrade(const net::TlsClientContext& tls,
                               net::PeerVerification verification);
  // False once the lease is lost: the connection is then cut before the final dot.
  bool GiveContent(const Attempt& attempt);

  Target target_;
  smtp::ClientSession session_;
  std::unique_ptr<net::Stream> stream_;
  std::string tls_error_;
  size_t given_ = 0;  // of the content
  int messages_ = 0;
  bool usable_ = true;
};

}  // namespace pennypost::relay
