#pragma once
// What is computed once when a message is stored. Pure; about ten microseconds for ordinary mail.

#include <absl/time/time.h>

#include <string>
#include <string_view>

#include "base/id.h"

namespace pennypost::mailbox {

struct PreparedEmail {
  std::string_view content;  // the caller's
  std::string sha256;
  std::string structure;  // mime::Serialize
  Uuid thread_id;
  size_t header_size = 0;
  std::string object;  // names the content where it is kept outside the database
};

PreparedEmail PrepareEmail(std::string_view content, const Uuid& email_id);

}  // namespace pennypost::mailbox
