#pragma once
// Writes the mail of an account to files, and a manifest with a line of JSON for each message.

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "services/cli/transfer/report.h"
#include "services/cli/transfer/store_link.h"
#include "services/cli/transfer/target.h"

namespace pennypost::cli {

class Exporter {
 public:
  // `only`: these mailboxes; all if empty.
  Exporter(StoreLink& store, Target& target, std::set<std::string> only, TransferReport& report)
      : store_(store), target_(target), only_(std::move(only)), report_(report) {}

  // An error is one that kept it from beginning; all others are in the report.
  absl::Status Run(const std::filesystem::path& root);

 private:
  absl::Status ExportMailbox(const std::string& name);
  absl::Status ExportMails(const mailbox::v1::OpenMailboxResponse& open);
  absl::Status Fetch(const std::vector<ExportMail>& mails);
  absl::Status FetchTogether(const std::vector<ExportMail>& mails);
  absl::Status WriteManifest(const ExportMail& mail, const Written& written);

  StoreLink& store_;
  Target& target_;
  const std::set<std::string> only_;
  TransferReport& report_;
  std::ofstream manifest_;
  std::string name_;  // of the open mailbox
  int64_t mailbox_id_ = 0;
};

}  // namespace pennypost::cli
