#pragma once
// A Maildir++ as Dovecot reads it. A message's file name follows from its UID, so that a second run
// writes only what is new.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "mailfile/maildir.h"
#include "services/cli/transfer/target.h"

namespace pennypost::cli {

class MaildirTarget : public Target {
 public:
  MaildirTarget(std::filesystem::path root, LineEnds ends) : root_(std::move(root)), ends_(ends) {}

  absl::StatusOr<std::string> Open(const mailbox::v1::Mailbox& mailbox) override;
  absl::StatusOr<bool> Has(const ExportMail& mail, Written* written) override;
  absl::Status Write(const ExportMail& mail, const std::string& content, Written* written) override;
  absl::Status Close() override;
  absl::Status Finish(const std::vector<std::string>& subscribed) override;

 private:
  std::string UniqueOf(const ExportMail& mail) const;
  void Describe(const std::filesystem::path& path, const std::string& content,
                Written* written) const;

  const std::filesystem::path root_;
  const LineEnds ends_;
  std::filesystem::path open_;
  uint32_t uid_validity_ = 0;
  mailfile::KeywordTable keywords_;
  std::map<std::string, std::string> files_;  // unique name to file name
};

}  // namespace pennypost::cli
