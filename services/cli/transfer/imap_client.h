#pragma once
// One session with an IMAP server of others. TLS from the first byte or by STARTTLS, always with
// the certificate checked; passwords go over nothing else.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "imap/response.h"
#include "net/blocking_stream.h"

namespace pennypost::cli {

struct ImapServer {
  std::string host;
  uint16_t port = 993;
  bool starttls = false;
  std::string ca_file;  // empty: the system's certificates
  std::string user, password;
};

// A command in the pieces between which the server must ask for more.
class ImapCommand {
 public:
  explicit ImapCommand(std::string_view text) : pieces_{std::string(text)} {}

  ImapCommand& Text(std::string_view text);
  ImapCommand& String(std::string_view text);    // quoted, or a literal where it must be one
  ImapCommand& Continue(std::string_view line);  // of AUTHENTICATE
  const std::vector<std::string>& pieces() const { return pieces_; }

 private:
  std::vector<std::string> pieces_;
};

class ImapClient {
 public:
  using OnData = std::function<absl::Status(imap::ServerResponse&)>;

  // Connects, starts TLS and logs in.
  static absl::StatusOr<std::unique_ptr<ImapClient>> Open(const ImapServer& server);

  // Sends it and reads up to its end; data that comes with it goes to `on_data`. An error of
  // on_data, of the connection and BAD end the session; NO is FailedPrecondition.
  absl::Status Run(const ImapCommand& command, const OnData& on_data = nullptr);
  bool Can(const std::string& capability) const { return capabilities_.contains(capability); }

 private:
  ImapClient(const ImapServer& server, std::unique_ptr<net::BlockingStream> stream);

  absl::StatusOr<imap::ServerResponse> Read();
  absl::StatusOr<imap::ServerResponse> ReadAnswer(const std::string& tag, const OnData& on_data);
  absl::Status ReadGreeting();
  absl::Status AskCapabilities();
  absl::Status StartTls();
  absl::Status LogIn();
  absl::Status Broken(std::string_view why);

  const ImapServer server_;
  std::unique_ptr<net::BlockingStream> stream_;
  std::unique_ptr<imap::ResponseReader> reader_;
  std::set<std::string> capabilities_;  // in upper case
  int last_tag_ = 0;
};

}  // namespace pennypost::cli
