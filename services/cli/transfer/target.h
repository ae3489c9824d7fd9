#pragma once
// Where mail is exported to.

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"

namespace pennypost::cli {

// Line ends of the files: of this system, or as the store has them.
enum class LineEnds { kLf, kCrlf };

struct ExportMail {
  uint32_t uid = 0;
  absl::Time date;
  std::vector<std::string> flags;
};

// What the manifest says of a message: `file` holds it, from `offset` on where it is one of
// several.
struct Written {
  std::string file;
  uint64_t offset = 0;
  uint64_t size = 0;
  std::string sha256;  // hexadecimal, of those bytes, an mbox's without its quoting and flags
  std::vector<std::string> lost_flags;
};

class Target {
 public:
  virtual ~Target() = default;

  // The directory or file it goes to, for people.
  virtual absl::StatusOr<std::string> Open(const mailbox::v1::Mailbox& mailbox) = 0;
  // Whether an earlier run wrote it. Its flags become those of now.
  virtual absl::StatusOr<bool> Has(const ExportMail& mail, Written* written) = 0;
  virtual absl::Status Write(const ExportMail& mail, const std::string& content,
                             Written* written) = 0;
  virtual absl::Status Close() = 0;
  // The end of all; `subscribed` are names of mailboxes.
  virtual absl::Status Finish(const std::vector<std::string>& subscribed) = 0;
};

}  // namespace pennypost::cli
