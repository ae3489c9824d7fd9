#include "services/cli/transfer/imap_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "net/tls.h"
#include "services/cli/transfer/source.h"

namespace pennypost::cli {
namespace {

constexpr absl::Duration kConnectTime = absl::Seconds(30);
// A server may look through a large folder before its first word.
constexpr absl::Duration kAnswerTime = absl::Minutes(3);
constexpr size_t kChunk = 16 << 10;

bool IsQuotable(std::string_view text) {
  return text.size() <= 1000 && std::all_of(text.begin(), text.end(), [](char c) {
           return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
         });
}

std::unique_ptr<imap::ResponseReader> NewReader() {
  return std::make_unique<imap::ResponseReader>(kMaxMail);
}

}  // namespace

ImapCommand& ImapCommand::Text(std::string_view text) {
  pieces_.back() += text;
  return *this;
}

ImapCommand& ImapCommand::String(std::string_view text) {
  if (IsQuotable(text)) return Text(fmt::format("\"{}\"", text));
  Text(fmt::format("{{{}}}", text.size()));
  pieces_.emplace_back(text);
  return *this;
}

ImapCommand& ImapCommand::Continue(std::string_view line) {
  pieces_.emplace_back(line);
  return *this;
}

ImapClient::ImapClient(const ImapServer& server, std::unique_ptr<net::BlockingStream> stream)
    : server_(server), stream_(std::move(stream)), reader_(NewReader()) {}

absl::Status ImapClient::Broken(std::string_view why) {
  return UnavailableError(fmt::format("{}:{}: {}", server_.host, server_.port, why));
}

absl::StatusOr<imap::ServerResponse> ImapClient::Read() {
  std::string chunk(kChunk, '\0');
  for (;;) {
    auto event = reader_->Next();
    if (auto* response = std::get_if<imap::ServerResponse>(&event)) return *std::move(response);
    if (auto* fatal = std::get_if<imap::ResponseReader::Fatal>(&event)) return Broken(fatal->text);
    auto got = stream_->Read(chunk.data(), chunk.size(), kAnswerTime);
    if (!got.ok()) return Broken(MessageOf(got.status()));
    if (*got == 0) return Broken("the server closed the connection");
    reader_->Feed(std::string_view(chunk).substr(0, *got));
  }
}

// The tagged response, or "+".
absl::StatusOr<imap::ServerResponse> ImapClient::ReadAnswer(const std::string& tag,
                                                            const OnData& on_data) {
  for (;;) {
    ASSIGN_OR_RETURN(imap::ServerResponse response, Read());
    if (response.tag == tag || response.tag == "+") return response;
    if (response.status == "BYE") return Broken("the server says goodbye: " + response.text);
    if (on_data) RETURN_IF_ERROR(on_data(response));
  }
}

absl::Status ImapClient::Run(const ImapCommand& command, const OnData& on_data) {
  std::string tag = fmt::format("p{}", ++last_tag_);
  std::string next = tag + " ";
  for (const std::string& piece : command.pieces()) {
    absl::Status sent = stream_->Write(next + piece + "\r\n", kAnswerTime);
    if (!sent.ok()) return Broken(MessageOf(sent));
    next.clear();
    ASSIGN_OR_RETURN(imap::ServerResponse answer, ReadAnswer(tag, on_data));
    if (answer.tag == "+" && &piece != &command.pieces().back()) continue;
    if (answer.status == "OK") return absl::OkStatus();
    if (answer.status == "NO") {
      return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kNone,
                       fmt::format("the server refuses: {}", answer.text));
    }
    break;
  }
  return Broken("the server does not understand");
}

absl::Status ImapClient::ReadGreeting() {
  ASSIGN_OR_RETURN(imap::ServerResponse greeting, Read());
  if (greeting.tag == "*" && greeting.status == "OK") return absl::OkStatus();
  return Broken("no greeting of an IMAP server");
}

absl::Status ImapClient::AskCapabilities() {
  capabilities_.clear();
  return Run(ImapCommand("CAPABILITY"), [this](imap::ServerResponse& response) {
    if (response.values.empty() || !response.values[0].Is("CAPABILITY")) return absl::OkStatus();
    for (const auto& value : response.values) capabilities_.insert(ToUpper(value.text));
    return absl::OkStatus();
  });
}

absl::Status ImapClient::StartTls() {
  ASSIGN_OR_RETURN(auto trust, net::TlsClientContext::Create(server_.ca_file));
  absl::Status status = stream_->StartTls(*trust, server_.host, kConnectTime);
  if (status.ok()) return status;
  return MakeError(status.code(), ReasonOf(status),
                   fmt::format("{}:{}: {}", server_.host, server_.port, MessageOf(status)));
}

absl::Status ImapClient::LogIn() {
  ImapCommand command("LOGIN ");
  // RFC 4616 2: no authorization identity, user, password.
  std::string plain = std::string(1, '\0') + server_.user;
  plain.push_back('\0');
  plain += server_.password;
  if (Can("AUTH=PLAIN")) {
    command = ImapCommand("AUTHENTICATE PLAIN").Continue(Base64Encode(plain));
  } else if (Can("LOGINDISABLED")) {
    return Broken("the server takes no password");
  } else {
    command.String(server_.user).Text(" ").String(server_.password);
  }
  absl::Status status = Run(command);
  if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
  return MakeError(absl::StatusCode::kUnauthenticated, Reason::kBadCredentials,
                   fmt::format("{}:{}: log-in of {}: {}", server_.host, server_.port, server_.user,
                               MessageOf(status)));
}

absl::StatusOr<std::unique_ptr<ImapClient>> ImapClient::Open(const ImapServer& server) {
  auto stream = net::BlockingStream::Connect(server.host, server.port, kConnectTime);
  if (!stream.ok()) {
    return UnavailableError(
        fmt::format("{}:{}: {}", server.host, server.port, MessageOf(stream.status())));
  }
  std::unique_ptr<ImapClient> client(new ImapClient(server, *std::move(stream)));
  if (!server.starttls) RETURN_IF_ERROR(client->StartTls());
  RETURN_IF_ERROR(client->ReadGreeting());
  if (server.starttls) {
    RETURN_IF_ERROR(client->Run(ImapCommand("STARTTLS")));
    // What came before TLS was nobody's word (RFC 9051 6.2.1).
    client->reader_ = NewReader();
    RETURN_IF_ERROR(client->StartTls());
  }
  RETURN_IF_ERROR(client->AskCapabilities());
  RETURN_IF_ERROR(client->LogIn());
  RETURN_IF_ERROR(client->AskCapabilities());
  return client;
}

}  // namespace pennypost::cli
