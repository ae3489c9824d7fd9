#pragma once
// A mail server on a loopback port for tests: takes what it gets and says what it is told to say.

#include <boost/asio/io_context.hpp>

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "net/listener.h"

namespace pennypost::relay {

class FakeSmtpServer {
 public:
  struct Mail {
    std::string from;  // the whole MAIL command
    std::vector<std::string> to;
    std::string content;  // dots taken off
  };

  explicit FakeSmtpServer(boost::asio::io_context& io)
      : listener_(io, {},
                  [this](std::shared_ptr<net::Stream> stream, net::Peer, const net::DrainSignal&) {
                    return Serve(std::move(stream));
                  }) {
    EXPECT_TRUE(listener_.Start("127.0.0.1:0").ok());
  }

  uint16_t port() const { return listener_.port(); }

  std::string greeting = "220 fake.test ESMTP";
  std::string extensions =
      "250-fake.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 PIPELINING";
  std::map<std::string, std::string> rcpt_replies;  // by address
  std::string end_reply = "250 2.0.0 taken";        // empty: the connection is cut instead
  std::vector<Mail> mails;
  int connections = 0;
  int cut_after = -1;  // mails; then the connection is cut at the next MAIL

 private:
  net::Awaitable<void> Serve(std::shared_ptr<net::Stream> stream) {
    ++connections;
    std::string hello = greeting + "\r\n";
    auto greet = stream->Write(hello, absl::Seconds(5));
    absl::Status greeted = co_await std::move(greet);
    std::string in;
    Mail mail;
    bool data = false;
    while (greeted.ok()) {
      size_t end = in.find(data ? "\r\n.\r\n" : "\r\n");
      if (end == std::string::npos) {
        char buffer[4096];
        auto read = stream->Read(buffer, sizeof buffer, absl::Seconds(5));
        absl::StatusOr<size_t> size = co_await std::move(read);
        if (!size.ok() || *size == 0) co_return;
        in.append(buffer, *size);
        continue;
      }
      std::string reply;
      if (data) {
        mail.content = Undotted("\r\n" + in.substr(0, end + 2)).substr(2);
        in.erase(0, end + 5);
        data = false;
        mails.push_back(std::move(mail));
        mail = {};
        reply = end_reply;
      } else {
        std::string line = in.substr(0, end);
        in.erase(0, end + 2);
        reply = Answer(line, mail, data);
      }
      if (reply.empty()) co_return;
      reply += "\r\n";
      auto write = stream->Write(reply, absl::Seconds(5));
      absl::Status written = co_await std::move(write);
      if (!written.ok() || reply.starts_with("221")) co_return;
    }
  }

  std::string Answer(const std::string& line, Mail& mail, bool& data) {
    if (StartsWithIgnoreCase(line, "EHLO") || StartsWithIgnoreCase(line, "LHLO")) return extensions;
    if (StartsWithIgnoreCase(line, "MAIL")) {
      if (cut_after >= 0 && static_cast<int>(mails.size()) >= cut_after) {
        cut_after = -1;
        return "";
      }
      mail = {line, {}, ""};
      return "250 2.1.0 ok";
    }
    if (StartsWithIgnoreCase(line, "RCPT")) {
      std::string address = line.substr(9, line.find('>') - 9);
      auto found = rcpt_replies.find(address);
      if (found != rcpt_replies.end()) return found->second;
      mail.to.push_back(line);
      return "250 2.1.5 ok";
    }
    if (StartsWithIgnoreCase(line, "DATA")) {
      data = !mail.to.empty();
      return data ? "354 go on" : "503 5.5.1 no recipients";
    }
    if (StartsWithIgnoreCase(line, "QUIT")) return "221 2.0.0 bye";
    return "250 2.0.0 ok";
  }

  static std::string Undotted(std::string text) {
    for (size_t at = text.find("\r\n."); at != std::string::npos; at = text.find("\r\n.", at + 2))
      text.erase(at + 2, 1);
    return text;
  }

  net::Listener listener_;
};

}  // namespace pennypost::relay
