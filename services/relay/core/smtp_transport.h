#pragma once
// Delivery to other servers: a route's hosts one after the other, a connection kept from message to
// message.

#include "base/clock.h"
#include "net/tls.h"
#include "services/relay/core/smtp_connection.h"

namespace pennypost::relay {

struct SmtpTransportOptions {
  std::string hostname;  // ours: EHLO
  bool allow_private = false;
  int max_messages = 100;  // on one connection
};

class SmtpTransport final : public Transport {
 public:
  // References outlive the transport.
  SmtpTransport(std::string domain, const Route& route, HostFinder& finder,
                const net::TlsClientContext& tls, const SmtpTransportOptions& options)
      : domain_(std::move(domain)), route_(route), finder_(finder), tls_(tls), options_(options) {}

  net::Awaitable<std::vector<DeliveryResult>> Deliver(const Attempt& attempt) override;
  net::Awaitable<void> Close() override;

 private:
  using Results = std::vector<DeliveryResult>;
  net::Awaitable<Targets> Find();
  // Nothing: the message was not spoken about, try elsewhere.
  net::Awaitable<std::optional<Results>> OnConnection(const mail::Envelope& envelope,
                                                      const Attempt& attempt);
  net::Awaitable<SmtpConnection::Opened> OpenTo(const Target& target);
  smtp::ClientOptions SessionOptions(smtp::ClientTls tls) const;
  DeliveryResult WhyNot(const Target& target, const SmtpConnection::Opened& opened) const;

  const std::string domain_;
  const Route& route_;
  HostFinder& finder_;
  const net::TlsClientContext& tls_;
  const SmtpTransportOptions& options_;
  std::unique_ptr<SmtpConnection> connection_;
};

// The envelope as SMTP wants it; an error where an address of it cannot be written.
absl::StatusOr<mail::Envelope> EnvelopeOf(const Attempt& attempt);

// Results of one conversation, in the order of the deliveries.
std::vector<DeliveryResult> ResultsOf(const SendReport& report, const SmtpConnection& connection);

}  // namespace pennypost::relay
