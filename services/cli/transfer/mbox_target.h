#pragma once
// Files in mbox format (mboxrd), "Sent.mbox", those of folders in folders in a directory. Each is
// written anew and takes its name when it is whole.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "services/cli/transfer/target.h"

namespace pennypost::cli {

class MboxTarget : public Target {
 public:
  explicit MboxTarget(std::filesystem::path root) : root_(std::move(root)) {}

  absl::StatusOr<std::string> Open(const mailbox::v1::Mailbox& mailbox) override;
  absl::StatusOr<bool> Has(const ExportMail&, Written*) override { return false; }
  absl::Status Write(const ExportMail& mail, const std::string& content, Written* written) override;
  absl::Status Close() override;
  absl::Status Finish(const std::vector<std::string>&) override { return absl::OkStatus(); }

 private:
  const std::filesystem::path root_;
  std::filesystem::path open_;
  std::ofstream file_;
  uint64_t offset_ = 0;
};

}  // namespace pennypost::cli
