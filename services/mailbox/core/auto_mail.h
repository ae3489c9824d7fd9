#pragma once
// Mail that a script sends, as bytes: answers, notifications, refusals, redirected copies. Pure.

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"

namespace pennypost::mailbox {

// All values are one line each: line ends in them become spaces, so that no text of a sender makes
// a field of its own (ROBUSTNESS S8).
struct AutoMail {
  Uuid id;
  std::string host;  // of the Message-ID
  absl::Time date;
  std::string from;                                       // an address
  std::string to;                                         // addresses, by commas
  std::string subject;                                    // UTF-8
  std::string auto_submitted;                             // RFC 3834 5: "auto-replied"
  std::vector<std::pair<std::string, std::string>> more;  // other fields, ASCII values
  std::string body;                                       // UTF-8, any line ends
  bool mime = false;  // the body brings its own MIME fields (RFC 5230 4.7)
};
std::string Compose(const AutoMail& mail);

// RFC 5429 2.1.2: a non-delivery report for what a script refused. `mail` gives its head and, as
// its body, the words for people.
struct Refusal {
  std::string recipient;
  std::string header;  // of the refused message
};
std::string ComposeRefusal(const AutoMail& mail, const Refusal& refusal);

// The message for its next hop: without the Return-Path of this one, with trace fields that end
// loops.
struct Redirection {
  Uuid mail_id;
  std::string host;
  std::string recipient;  // whose script it is
  absl::Time date;
};
std::string RedirectedCopy(std::string_view content, const Redirection& redirection);

}  // namespace pennypost::mailbox
