#include "services/cli/transfer/mbox_source.h"

#include <algorithm>
#include <cerrno>

#include "base/id.h"
#include "base/text.h"
#include "mailfile/line_ends.h"
#include "mailfile/maildir.h"
#include "services/cli/transfer/files.h"

namespace pennypost::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunk = 64 << 10;

// An empty file is an empty folder.
bool IsMbox(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string begin(5, '\0');
  file.read(begin.data(), 5);
  begin.resize(static_cast<size_t>(file.gcount()));
  return begin.empty() || begin == "From ";
}

// "2026.mbox" and "2026.sbd" are 2026.
std::string LevelOf(const fs::path& path) {
  std::string name = path.filename().native();
  for (std::string_view end : {".mbox", ".sbd"}) {
    if (name.size() > end.size() && name.ends_with(end))
      name = name.substr(0, name.size() - end.size());
  }
  return mailfile::DecodeLevel(name).value_or(name);
}

}  // namespace

absl::Status MboxSource::AddFiles(const fs::path& directory, const std::string& prefix,
                                  std::vector<SourceFolder>* folders) {
  constexpr int kMaxLevels = 20;
  if (std::count(prefix.begin(), prefix.end(), '/') >= kMaxLevels) return absl::OkStatus();
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    paths.push_back(at->path());
  if (error)
    return NotFoundError(fmt::format("cannot read {}: {}", directory.native(), error.message()));
  // "Sent" comes before "Sent.sbd" and what is in it.
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    if (path.filename().native().starts_with('.') || fs::is_symlink(path, error)) continue;
    std::string name = prefix + LevelOf(path);
    if (fs::is_directory(path, error)) {
      RETURN_IF_ERROR(AddFiles(path, name + "/", folders));
    } else if (fs::is_regular_file(path, error) && IsMbox(path)) {
      if (prefix.empty() && EqualsIgnoreCase(name, "INBOX")) name = "INBOX";
      folders->push_back({path.native(), name, "", true});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SourceFolder>> MboxSource::Folders() {
  std::error_code error;
  std::vector<SourceFolder> folders;
  if (fs::is_directory(root_, error)) {
    RETURN_IF_ERROR(AddFiles(root_, "", &folders));
    if (folders.empty()) return NotFoundError(root_.native() + " has no files in mbox format");
    return folders;
  }
  if (!fs::exists(root_, error)) return NotFoundError("there is no " + root_.native());
  folders.push_back({root_.native(), "INBOX", "", true});
  return folders;
}

absl::Status MboxSource::Open(const SourceFolder& folder) {
  open_ = folder.where;
  seen_.clear();
  splitter_.emplace(kMaxMail);
  file_ = std::ifstream(open_, std::ios::binary);
  return file_ ? absl::OkStatus() : FileError("cannot read", open_);
}

bool MboxSource::ToMail(mailfile::MboxSplitter::Message message, SourceMail* mail) {
  mail->where = fmt::format("{}, byte {}", open_, message.offset);
  if (message.too_big) {
    mail->status =
        SyntaxError(fmt::format("{} is over the limit of {} MiB", mail->where, kMaxMail >> 20));
    return true;
  }
  mailfile::MboxMail decoded = mailfile::DecodeMbox(message.content, quoting_);
  if (decoded.not_mail) return false;
  std::string hash = Sha256(decoded.content);
  mail->key = hash + " " + std::to_string(seen_[hash]++);
  mail->content = mailfile::ToCrlf(decoded.content);
  mail->size = mail->content->size();
  mail->flags = std::move(decoded.flags);
  mail->date = message.from.date;
  if (!mail->date || dates_ == DatesFrom::kHeader) {
    if (auto date = mailfile::DateOfHeader(*mail->content)) mail->date = date;
  }
  return true;
}

absl::StatusOr<std::vector<SourceMail>> MboxSource::Next() {
  std::vector<SourceMail> mails;
  size_t bytes = 0;
  std::string chunk;
  while (mails.size() < kBatchMails && bytes < kBatchBytes) {
    auto event = splitter_->Next();
    if (auto* message = std::get_if<mailfile::MboxSplitter::Message>(&event)) {
      SourceMail mail;
      if (!ToMail(*std::move(message), &mail)) continue;
      bytes += mail.size;
      mails.push_back(std::move(mail));
    } else if (std::holds_alternative<mailfile::MboxSplitter::NeedMore>(event)) {
      chunk.resize(kChunk);
      file_.read(chunk.data(), kChunk);
      if (file_.bad()) return FileError("cannot read", open_);
      chunk.resize(static_cast<size_t>(file_.gcount()));
      splitter_->Feed(chunk);
      if (chunk.empty()) splitter_->Finish();
    } else if (std::holds_alternative<mailfile::MboxSplitter::NotMbox>(event)) {
      return SyntaxError(open_ + " is no mbox: it does not begin with a line \"From \"");
    } else {
      break;
    }
  }
  return mails;
}

}  // namespace pennypost::cli
