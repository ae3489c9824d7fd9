#include "services/relay/core/smtp_connection.h"

#include "net/tcp_stream.h"
#include "net/tls.h"

namespace pennypost::relay {
namespace {

constexpr absl::Duration kConnectTimeout = absl::Seconds(30);
constexpr absl::Duration kTlsTimeout = absl::Seconds(60);
constexpr size_t kPiece = 64 * 1024;

}  // namespace

net::Awaitable<SmtpConnection::Opened> SmtpConnection::Open(Target target,
                                                            smtp::ClientOptions options,
                                                            const net::TlsClientContext& tls,
                                                            net::PeerVerification verification) {
  Opened opened;
  auto connect = net::ConnectTcp(target.address, target.port, kConnectTimeout);
  absl::StatusOr<std::unique_ptr<net::Stream>> stream = co_await std::move(connect);
  if (!stream.ok()) {
    opened.error = MessageOf(stream.status());
    co_return opened;
  }
  bool implicit = options.tls == smtp::ClientTls::kActive;
  std::unique_ptr<SmtpConnection> connection(
      new SmtpConnection(std::move(target), std::move(options), *std::move(stream)));
  if (implicit) {
    auto start = connection->stream_->StartTlsClient(tls, connection->target_.host, verification,
                                                     kTlsTimeout);
    absl::Status started = co_await std::move(start);
    if (!started.ok()) {
      opened.end.kind = smtp::SessionEnd::Kind::kTlsFailed;
      opened.tls_error = MessageOf(started);
      co_return opened;
    }
  }
  auto drive = connection->Drive(nullptr, &tls, verification);
  SendReport report = co_await std::move(drive);
  if (report.end) {
    opened.end = *report.end;
    opened.tls_error = connection->tls_error_;
    co_return opened;
  }
  opened.connection = std::move(connection);
  co_return opened;
}

net::Awaitable<SendReport> SmtpConnection::Send(const mail::Envelope& envelope,
                                                const Attempt& attempt) {
  ++messages_;
  given_ = 0;
  session_.Send(envelope, attempt.content.size());
  auto drive = Drive(&attempt, nullptr, net::PeerVerification::kNone);
  SendReport report = co_await std::move(drive);
  if (report.end || report.lease_lost) usable_ = false;
  co_return report;
}

net::Awaitable<void> SmtpConnection::Quit() {
  if (usable_) {
    usable_ = false;
    session_.Quit();
    auto drive = Drive(nullptr, nullptr, net::PeerVerification::kNone);
    co_await std::move(drive);
  }
  auto close = stream_->Close();
  co_await std::move(close);
}

net::Awaitable<void> SmtpConnection::ReadMore() {
  std::string buffer(16 * 1024, '\0');
  auto read = stream_->Read(buffer.data(), buffer.size(), session_.IdleLimit());
  absl::StatusOr<size_t> size = co_await std::move(read);
  if (!size.ok() || *size == 0) {
    session_.Lost();
  } else {
    session_.Feed(std::string_view(buffer).substr(0, *size));
  }
}

net::Awaitable<void> SmtpConnection::Upgrade(const net::TlsClientContext& tls,
                                             net::PeerVerification verification) {
  auto start = stream_->StartTlsClient(tls, target_.host, verification, kTlsTimeout);
  absl::Status started = co_await std::move(start);
  if (started.ok()) {
    session_.TlsStarted();
  } else {
    tls_error_ = MessageOf(started);
    session_.TlsFailed();
  }
}

bool SmtpConnection::GiveContent(const Attempt& attempt) {
  if (!attempt.still_mine()) return false;
  if (given_ < attempt.content.size()) {
    std::string_view piece = attempt.content.substr(given_, kPiece);
    given_ += piece.size();
    session_.Content(piece);
  } else {
    session_.ContentEnd();
  }
  return true;
}

net::Awaitable<SendReport> SmtpConnection::Drive(const Attempt* attempt,
                                                 const net::TlsClientContext* tls,
                                                 net::PeerVerification verification) {
  SendReport report;
  for (;;) {
    smtp::ClientStep step = session_.Next();
    if (std::holds_alternative<smtp::ClientNeedInput>(step)) {
      auto read = ReadMore();
      co_await std::move(read);
    } else if (auto* output = std::get_if<smtp::ClientOutput>(&step)) {
      auto write = stream_->Write(output->bytes, session_.IdleLimit());
      absl::Status written = co_await std::move(write);
      if (!written.ok()) session_.Lost();
    } else if (std::holds_alternative<smtp::ClientStartTls>(step)) {
      auto upgrade = Upgrade(*tls, verification);
      co_await std::move(upgrade);
    } else if (std::holds_alternative<smtp::ClientNeedContent>(step)) {
      // ROBUSTNESS 2.4: whoever lost the lease closes before the final dot.
      if (!GiveContent(*attempt)) {
        report.lease_lost = true;
        co_return report;
      }
    } else if (auto* finished = std::get_if<smtp::ClientFinished>(&step)) {
      report.result = std::move(finished->result);
    } else if (auto* closed = std::get_if<smtp::ClientClosed>(&step)) {
      report.end = std::move(closed->end);
      co_return report;
    } else {
      co_return report;  // ready for what comes next
    }
  }
}

}  // namespace pennypost::relay
