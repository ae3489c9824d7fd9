#pragma once
// A Maildir: INBOX at its root, folders as ".Sent.2026" (Maildir++) or as plain directories
// (Dovecot's LAYOUT=fs). A message is its unique name and its content; its date is that of the
// file.

#include <filesystem>
#include <string>
#include <vector>

#include "mailfile/maildir.h"
#include "services/cli/transfer/source.h"

namespace pennypost::cli {

// Where dates come from: of the file, or of the header where files lost theirs in a copy.
enum class DatesFrom { kFile, kHeader };

class MaildirSource : public Source {
 public:
  MaildirSource(std::filesystem::path root, DatesFrom dates)
      : root_(std::move(root)), dates_(dates) {}

  std::string Identity() const override { return "maildir"; }
  absl::StatusOr<std::vector<SourceFolder>> Folders() override;
  absl::Status Open(const SourceFolder& folder) override;
  absl::StatusOr<std::vector<SourceMail>> Next() override;
  absl::Status Load(const std::vector<SourceMail*>&) override { return absl::OkStatus(); }

 private:
  absl::Status AddPlain(const std::filesystem::path& directory, const std::string& prefix,
                        std::vector<SourceFolder>* folders);
  bool FindRenamed(std::filesystem::path* path) const;
  SourceMail Read(const std::string& name);

  const std::filesystem::path root_;
  const DatesFrom dates_;
  std::filesystem::path open_;
  mailfile::KeywordTable keywords_;
  std::vector<std::string> names_;  // "cur/NAME", in their order
  size_t next_ = 0;
};

}  // namespace pennypost::cli
