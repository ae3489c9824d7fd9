#pragma once
// Where mail is imported from.

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace pennypost::cli {

// A message must fit in one call to the store.
inline constexpr size_t kMaxMail = 64 << 20;
// What Next gives at most: of messages, and of their contents as soon as there is one.
inline constexpr size_t kBatchMails = 100;
inline constexpr size_t kBatchBytes = 8 << 20;

struct SourceFolder {
  std::string where;        // path or name there, for people
  std::string mailbox;      // what it is called here: UTF-8, levels joined by "/"
  std::string special_use;  // "\Sent", where the source says so
  bool subscribed = true;
};

struct SourceMail {
  std::string where;  // for people
  // The same at each run, and another for each message of the folder.
  std::string key;
  absl::Status status;                 // what keeps it from being read
  std::optional<std::string> content;  // CRLF; absent: to be loaded
  uint64_t size = 0;
  std::vector<std::string> flags;
  std::optional<absl::Time> date;
};

class Source {
 public:
  virtual ~Source() = default;

  // What distinguishes it from other sources of the same kind, for ids.
  virtual std::string Identity() const = 0;
  // Parents before children, INBOX first.
  virtual absl::StatusOr<std::vector<SourceFolder>> Folders() = 0;
  virtual absl::Status Open(const SourceFolder& folder) = 0;
  // The next messages of the open folder, in their order; none at its end.
  virtual absl::StatusOr<std::vector<SourceMail>> Next() = 0;
  // Reads the contents that are missing; a message that is gone meanwhile stays without, one that
  // cannot be read gets a status. FailedPrecondition: one of them is at fault, others may do.
  virtual absl::Status Load(const std::vector<SourceMail*>& mails) = 0;
};

}  // namespace pennypost::cli
