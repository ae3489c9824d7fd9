#include "services/cli/transfer/maildir_source.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "base/id.h"
#include "base/text.h"
#include "mailfile/dates.h"
#include "mailfile/line_ends.h"
#include "services/cli/transfer/files.h"

namespace pennypost::cli {
namespace {

namespace fs = std::filesystem;

bool IsMaildir(const fs::path& directory) {
  std::error_code error;
  return fs::is_directory(directory / "cur", error) || fs::is_directory(directory / "new", error);
}

absl::StatusOr<std::vector<fs::path>> Entries(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  if (error) {
    return NotFoundError(fmt::format("cannot read {}: {}", directory.native(), error.message()));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// Dovecot's list of subscribed folders, in both its forms; nothing where there is no such file.
std::optional<std::set<std::string>> Subscriptions(const fs::path& root) {
  std::ifstream file(root / "subscriptions");
  if (!file) return std::nullopt;
  std::set<std::string> subscribed;
  std::string line;
  char separator = '.';
  while (std::getline(file, line)) {
    if (line == "V\t2") separator = '\t';
    std::string folder;
    for (std::string_view level : Split(line, separator)) {
      auto decoded = mailfile::DecodeLevel(level);
      folder += (folder.empty() ? "" : "/") + decoded.value_or(std::string(level));
    }
    subscribed.insert(folder);
  }
  return subscribed;
}

// Names begin with the second of their delivery, so that their order is that of arrival.
bool Earlier(const std::string& a, const std::string& b) {
  auto seconds = [](const std::string& name) {
    std::string_view rest = std::string_view(name).substr(4);  // behind "cur/"
    return ParseUint(rest.substr(0, rest.find_first_not_of("0123456789"))).value_or(UINT64_MAX);
  };
  uint64_t first = seconds(a), second = seconds(b);
  return first != second ? first < second : a.substr(4) < b.substr(4);
}

}  // namespace

// Directories that are mailboxes themselves, or lead to some.
absl::Status MaildirSource::AddPlain(const fs::path& directory, const std::string& prefix,
                                     std::vector<SourceFolder>* folders) {
  constexpr int kMaxLevels = 20;
  if (std::count(prefix.begin(), prefix.end(), '/') >= kMaxLevels) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<fs::path> entries, Entries(directory));
  for (const fs::path& path : entries) {
    std::string name = path.filename().native();
    std::error_code error;
    bool ours = name == "cur" || name == "new" || name == "tmp" || name.starts_with('.');
    // A link may lead in a circle.
    if (ours || fs::is_symlink(path, error) || !fs::is_directory(path, error)) continue;
    std::string folder = prefix + mailfile::DecodeLevel(name).value_or(name);
    if (IsMaildir(path)) folders->push_back({path.native(), folder, "", true});
    RETURN_IF_ERROR(AddPlain(path, folder + "/", folders));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SourceFolder>> MaildirSource::Folders() {
  std::vector<SourceFolder> folders;
  if (IsMaildir(root_)) folders.push_back({root_.native(), "INBOX", "", true});
  ASSIGN_OR_RETURN(std::vector<fs::path> entries, Entries(root_));
  for (const fs::path& path : entries) {
    auto folder = mailfile::FolderOfDirectory(path.filename().native());
    if (folder && IsMaildir(path)) folders.push_back({path.native(), *folder, "", true});
  }
  RETURN_IF_ERROR(AddPlain(root_, "", &folders));
  if (folders.empty()) {
    return NotFoundError(
        fmt::format("{} is no Maildir: it has no folder cur or new", root_.native()));
  }
  if (auto subscribed = Subscriptions(root_)) {
    for (SourceFolder& folder : folders)
      folder.subscribed = folder.mailbox == "INBOX" || subscribed->contains(folder.mailbox);
  }
  return folders;
}

absl::Status MaildirSource::Open(const SourceFolder& folder) {
  open_ = folder.where;
  std::ifstream keywords(open_ / "dovecot-keywords");
  keywords_ = mailfile::KeywordTable::Parse(std::string{std::istreambuf_iterator(keywords), {}});
  names_.clear();
  next_ = 0;
  for (const char* part : {"cur", "new"}) {
    std::error_code error;
    if (!fs::is_directory(open_ / part, error)) continue;
    ASSIGN_OR_RETURN(std::vector<fs::path> entries, Entries(open_ / part));
    for (const fs::path& path : entries) {
      std::string name = path.filename().native();
      if (!name.starts_with('.')) names_.push_back(part + ("/" + name));
    }
  }
  std::sort(names_.begin(), names_.end(), Earlier);
  return absl::OkStatus();
}

// A program that reads the Maildir moves messages to cur and changes their flags.
bool MaildirSource::FindRenamed(fs::path* path) const {
  std::string unique = mailfile::ParseMaildirName(path->filename().native(), keywords_).unique;
  std::error_code error;
  for (fs::directory_iterator at(open_ / "cur", error), end; !error && at != end;
       at.increment(error)) {
    std::string name = at->path().filename().native();
    if (mailfile::ParseMaildirName(name, keywords_).unique != unique) continue;
    *path = at->path();
    return true;
  }
  return false;
}

SourceMail MaildirSource::Read(const std::string& name) {
  SourceMail mail;
  fs::path path = open_ / name;
  mail.where = path.native();
  auto file = ReadMailFile(path);
  if (absl::IsNotFound(file.status()) && FindRenamed(&path)) file = ReadMailFile(path);
  if (!file.ok()) {
    mail.status = file.status();
    return mail;
  }
  mailfile::MaildirName parts = mailfile::ParseMaildirName(path.filename().native(), keywords_);
  mail.flags = std::move(parts.flags);
  mail.key = parts.unique + " " + Sha256(file->content);
  mail.content = mailfile::ToCrlf(file->content);
  mail.size = mail.content->size();
  mail.date = file->modified;
  if (dates_ == DatesFrom::kHeader) {
    if (auto date = mailfile::DateOfHeader(*mail.content)) mail.date = date;
  }
  return mail;
}

absl::StatusOr<std::vector<SourceMail>> MaildirSource::Next() {
  std::vector<SourceMail> mails;
  size_t bytes = 0;
  while (next_ < names_.size() && mails.size() < kBatchMails && bytes < kBatchBytes) {
    SourceMail mail = Read(names_[next_++]);
    if (absl::IsNotFound(mail.status)) continue;  // deleted since the folder was opened
    bytes += mail.size;
    mails.push_back(std::move(mail));
  }
  return mails;
}

}  // namespace pennypost::cli
