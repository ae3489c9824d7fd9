#pragma once
// Brings the mail of a source into an account.
//
// Each message has a request id that follows from where it comes from, so the store takes it once:
// a second run finds all of it there, and one that was interrupted goes on. That holds for messages
// that were deleted here since, too.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/cli/transfer/report.h"
#include "services/cli/transfer/source.h"
#include "services/cli/transfer/store_link.h"

namespace pennypost::cli {

struct ImportOptions {
  // Names of the source's folders (as they would be called here) and where they go instead.
  std::map<std::string, std::string> renames;
  // Only these folders, by their names at the source; all if empty.
  std::set<std::string> only;
  // Sent Items to the folder that is \Sent, and the like.
  bool map_special = true;
  bool dry_run = false;
  bool ignore_quota = false;
};

class Importer {
 public:
  Importer(StoreLink& store, Source& source, const ImportOptions& options, TransferReport& report)
      : store_(store), source_(source), options_(options), report_(report) {}

  // An error is one that kept it from beginning; all others are in the report.
  absl::Status Run();

 private:
  absl::Status ReadMailboxes();
  std::string TargetOf(const SourceFolder& folder) const;
  absl::Status EnsureMailbox(const std::string& name, const SourceFolder& folder);
  absl::Status ImportFolder(const SourceFolder& folder);
  absl::Status ImportBatch(std::vector<SourceMail>& mails);
  absl::Status ImportMissing(std::vector<SourceMail*> mails);
  absl::Status Load(const std::vector<SourceMail*>& mails);
  absl::StatusOr<std::vector<bool>> FindStored(const std::vector<SourceMail*>& mails);
  absl::Status Store(const std::vector<SourceMail*>& mails);
  absl::Status StoreTogether(const std::vector<SourceMail*>& mails);
  std::string RequestId(const SourceMail& mail) const;

  StoreLink& store_;
  Source& source_;
  const ImportOptions& options_;
  TransferReport& report_;
  std::map<std::string, std::string> special_;  // use to name, of the account
  std::set<std::string> mailboxes_;
  std::string folder_, target_;  // of the open folder: its names there and here
};

}  // namespace pennypost::cli
