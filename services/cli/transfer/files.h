#pragma once
// Files that hold mail.

#include <absl/time/time.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pennypost::cli {

struct MailFile {
  std::string content;  // as it stands on the disk
  absl::Time modified;
};

// NotFound where there is none; an error with its words for what cannot be read, is over kMaxMail
// or is compressed.
absl::StatusOr<MailFile> ReadMailFile(const std::filesystem::path& path);

// Writes all of it beside the path and puts it there in one step, so that a run that is killed
// leaves no half file. `modified` becomes its time.
absl::Status WriteFile(const std::filesystem::path& path, std::string_view content);
absl::Status WriteMailFile(const std::filesystem::path& temporary,
                           const std::filesystem::path& path, std::string_view content,
                           absl::Time modified);

// "cannot read PATH: No such file or directory" of errno.
absl::Status FileError(std::string_view what, const std::filesystem::path& path);

}  // namespace pennypost::cli
