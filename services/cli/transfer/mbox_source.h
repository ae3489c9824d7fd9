#pragma once
// Files in mbox format: one, which is one folder, or a directory of them (Thunderbird's "Name.sbd"
// are folders in folders). A message is its content and how many like it stand before it; its date
// is that of the From_ line.

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mailfile/mbox.h"
#include "services/cli/transfer/maildir_source.h"
#include "services/cli/transfer/source.h"

namespace pennypost::cli {

class MboxSource : public Source {
 public:
  MboxSource(std::filesystem::path root, mailfile::MboxQuoting quoting, DatesFrom dates)
      : root_(std::move(root)), quoting_(quoting), dates_(dates) {}

  std::string Identity() const override { return "mbox"; }
  absl::StatusOr<std::vector<SourceFolder>> Folders() override;
  absl::Status Open(const SourceFolder& folder) override;
  absl::StatusOr<std::vector<SourceMail>> Next() override;
  absl::Status Load(const std::vector<SourceMail*>&) override { return absl::OkStatus(); }

 private:
  absl::Status AddFiles(const std::filesystem::path& directory, const std::string& prefix,
                        std::vector<SourceFolder>* folders);
  // False: it is no mail.
  bool ToMail(mailfile::MboxSplitter::Message message, SourceMail* mail);

  const std::filesystem::path root_;
  const mailfile::MboxQuoting quoting_;
  const DatesFrom dates_;
  std::string open_;
  std::ifstream file_;
  std::optional<mailfile::MboxSplitter> splitter_;
  std::map<std::string, uint32_t> seen_;  // by SHA-256
};

}  // namespace pennypost::cli
