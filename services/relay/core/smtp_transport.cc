#include "services/relay/core/smtp_transport.h"

#include "base/text.h"
#include "log/log.h"
#include "metrics/metrics.h"

namespace pennypost::relay {
namespace {

using Kind = DeliveryResult::Kind;

smtp::ClientTls TlsOf(Route::Tls tls) {
  switch (tls) {
    case Route::Tls::kNone:
      return smtp::ClientTls::kNever;
    case Route::Tls::kOpportunistic:
      return smtp::ClientTls::kOpportunistic;
    case Route::Tls::kRequired:
      return smtp::ClientTls::kRequired;
    case Route::Tls::kImplicit:
      return smtp::ClientTls::kActive;
  }
  return smtp::ClientTls::kOpportunistic;
}

// RFC 3461 4: xtext.
std::string XText(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c > ' ' && c <= '~' && c != '+' && c != '=') {
      out.push_back(c);
    } else {
      out += "+" + ToUpper(HexEncode({&c, 1}));
    }
  }
  return out;
}

// Nothing of the message reached the server: another connection may be tried at no risk of a second
// copy.
bool Untouched(const SendReport& report) {
  if (report.lease_lost || !report.end) return false;
  if (!report.result) return true;
  if (report.result->end_sent) return false;
  for (const smtp::RecipientResult& recipient : report.result->recipients) {
    if (recipient.reply.code != 0) return false;
  }
  return true;
}

// RFC 7504: hosts that say in their greeting that they take no mail at all.
bool TakesNoMail(const smtp::SessionEnd& end) {
  return end.kind == smtp::SessionEnd::Kind::kRefused &&
         (end.reply.code == 521 || end.reply.code == 556);
}

}  // namespace

absl::StatusOr<mail::Envelope> EnvelopeOf(const Attempt& attempt) {
  const Message& message = *attempt.message;
  mail::Envelope envelope;
  envelope.mail_id = message.mail_id;
  if (!message.sender.empty()) {
    ASSIGN_OR_RETURN(envelope.sender, mail::ParseAddress(message.sender, mail::Utf8Policy::kAllow));
  }
  for (const Delivery& delivery : *attempt.deliveries) {
    mail::Recipient recipient;
    ASSIGN_OR_RETURN(recipient.address,
                     mail::ParseAddress(delivery.recipient.address, mail::Utf8Policy::kAllow));
    const Notify& notify = delivery.recipient.notify;
    recipient.notify = {notify.never, notify.success, notify.failure, notify.delay};
    recipient.orcpt = delivery.recipient.original;
    envelope.recipients.push_back(std::move(recipient));
  }
  if (message.return_headers_only) envelope.ret = mail::DsnReturn::kHeaders;
  envelope.envid = XText(message.envelope_id);
  bool eight_bit = message.body_8bit || !IsAscii(attempt.content);
  envelope.body = eight_bit ? mail::BodyType::k8BitMime : mail::BodyType::k7Bit;
  envelope.smtputf8 = message.smtputf8;
  return envelope;
}

std::vector<DeliveryResult> ResultsOf(const SendReport& report, const SmtpConnection& connection) {
  std::vector<DeliveryResult> results;
  for (const smtp::RecipientResult& recipient : report.result->recipients) {
    DeliveryResult result;
    result.reply = recipient.reply;
    result.remote_mta = connection.target().host;
    result.dsn_passed_on = connection.features().dsn;
    if (recipient.IsDelivered()) {
      result.kind = Kind::kDelivered;
    } else if (recipient.reply.IsPermanent()) {
      result.kind = Kind::kFailed;
    } else if (recipient.reply.code == 0) {
      bool unknown = report.result->end_sent && recipient.stage == smtp::Stage::kEndOfData;
      result.reply = {
          451, "4.4.2",
          unknown ? "the connection ended before the answer" : "the connection was lost"};
      // RFC 1047: it may have arrived; a second copy is better than none.
      if (unknown) {
        metrics::Counter("pennypost_relay_outcome_unknown_total",
                         "Connections lost between the dot and its answer.")
            .Increment();
      }
    }
    results.push_back(std::move(result));
  }
  return results;
}

smtp::ClientOptions SmtpTransport::SessionOptions(smtp::ClientTls tls) const {
  smtp::ClientOptions options;
  options.lmtp = route_.kind == Route::Kind::kLmtp;
  options.helo = options_.hostname;
  options.tls = tls;
  if (!route_.user.empty())
    options.login = sasl::ClientCredentials{"", route_.user, route_.password};
  return options;
}

net::Awaitable<Targets> SmtpTransport::Find() {
  auto find =
      route_.kind == Route::Kind::kMx ? finder_.ForDomain(domain_) : finder_.ForHost(route_.host);
  MailHosts hosts = co_await std::move(find);
  co_return ChooseTargets(route_, hosts, {options_.hostname, options_.allow_private});
}

net::Awaitable<SmtpConnection::Opened> SmtpTransport::OpenTo(const Target& target) {
  bool checked = route_.tls == Route::Tls::kRequired || route_.tls == Route::Tls::kImplicit;
  net::PeerVerification verification =
      checked ? net::PeerVerification::kCertificate : net::PeerVerification::kNone;
  auto open = SmtpConnection::Open(target, SessionOptions(TlsOf(route_.tls)), tls_, verification);
  SmtpConnection::Opened opened = co_await std::move(open);
  if (opened.connection) {
    std::string problem = opened.connection->CertificateProblem();
    if (!problem.empty())
      log::Info("relay.tls.unverified",
                {{"host", target.host}, {"domain", domain_}, {"problem", problem}});
    co_return opened;
  }
  bool tls_failed = opened.end.kind == smtp::SessionEnd::Kind::kTlsFailed;
  if (!tls_failed) co_return opened;
  log::Warning("relay.tls.failed",
               {{"host", target.host}, {"domain", domain_}, {"error", opened.tls_error}});
  if (route_.tls != Route::Tls::kOpportunistic) co_return opened;
  // RFC 7435: without protection rather than not at all, where nobody asked for it.
  auto plain =
      SmtpConnection::Open(target, SessionOptions(smtp::ClientTls::kNever), tls_, verification);
  SmtpConnection::Opened again = co_await std::move(plain);
  co_return again;
}

DeliveryResult SmtpTransport::WhyNot(const Target& target,
                                     const SmtpConnection::Opened& opened) const {
  DeliveryResult result = Deferred("4.4.1", "no connection: " + opened.error);
  result.remote_mta = target.host;
  if (!opened.error.empty()) return result;
  switch (opened.end.kind) {
    case smtp::SessionEnd::Kind::kRefused:
      // What a greeting says is not about this message: other hosts and other times may be better.
      result.reply = opened.end.reply;
      if (TakesNoMail(opened.end)) {
        result.kind = Kind::kFailed;
        if (result.reply.enhanced.empty()) result.reply.enhanced = "5.3.2";
      }
      break;
    case smtp::SessionEnd::Kind::kNoTls:
      result.reply = {451, "4.7.5", "TLS is required here, and the server does not offer it"};
      break;
    case smtp::SessionEnd::Kind::kTlsFailed:
      result.reply = {
          451, "4.7.5",
          "TLS is required here, and failed: " +
              (opened.tls_error.empty() ? "bytes before the handshake" : opened.tls_error)};
      break;
    case smtp::SessionEnd::Kind::kNoLogin:
      result.reply = {451, "4.7.8", "no common way to log in"};
      break;
    case smtp::SessionEnd::Kind::kProtocol:
      result.reply = {451, "4.5.0", "the server does not speak SMTP"};
      break;
    default:
      result.reply = {451, "4.4.2", "the connection was lost"};
      break;
  }
  return result;
}

net::Awaitable<std::optional<SmtpTransport::Results>> SmtpTransport::OnConnection(
    const mail::Envelope& envelope, const Attempt& attempt) {
  auto send = connection_->Send(envelope, attempt);
  SendReport report = co_await std::move(send);
  std::optional<Results> results;
  if (report.lease_lost) {
    DeliveryResult lost;
    lost.kind = Kind::kLost;
    results = Results(attempt.deliveries->size(), lost);
  } else if (report.result && !Untouched(report)) {
    results = ResultsOf(report, *connection_);
  }
  if (!connection_->usable() || connection_->messages() >= options_.max_messages) {
    auto close = Close();
    co_await std::move(close);
  }
  co_return results;
}

net::Awaitable<std::vector<DeliveryResult>> SmtpTransport::Deliver(const Attempt& attempt) {
  size_t count = attempt.deliveries->size();
  if (route_.kind == Route::Kind::kHold) co_return Results(count, Held(route_.reason));
  absl::StatusOr<mail::Envelope> envelope = EnvelopeOf(attempt);
  if (!envelope.ok()) co_return Results(count, Failed(553, "5.1.3", MessageOf(envelope.status())));
  if (connection_) {
    // A connection that was kept may be gone: then a fresh one is due.
    auto send = OnConnection(*envelope, attempt);
    std::optional<Results> results = co_await std::move(send);
    if (results) co_return *std::move(results);
  }
  auto find = Find();
  Targets targets = co_await std::move(find);
  DeliveryResult problem = targets.problem;
  for (const Target& target : targets.list) {
    auto open = OpenTo(target);
    SmtpConnection::Opened opened = co_await std::move(open);
    if (!opened.connection) {
      problem = WhyNot(target, opened);
      continue;
    }
    connection_ = std::move(opened.connection);
    auto send = OnConnection(*envelope, attempt);
    std::optional<Results> results = co_await std::move(send);
    if (results) co_return *std::move(results);
    problem = Deferred("4.4.2", "the connection was lost");
    problem.remote_mta = target.host;
  }
  co_return Results(count, problem);
}

net::Awaitable<void> SmtpTransport::Close() {
  std::unique_ptr<SmtpConnection> connection = std::move(connection_);
  if (!connection) co_return;
  auto quit = connection->Quit();
  co_await std::move(quit);
}

}  // namespace pennypost::relay
