#include "services/cli/transfer/maildir_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/id.h"
#include "base/text.h"
#include "mailfile/line_ends.h"
#include "services/cli/transfer/files.h"

namespace pennypost::cli {
namespace {

namespace fs = std::filesystem;

// "1795670816.U0000000007V3.pennypost" of a file's name.
std::string WithoutSize(std::string_view name) {
  return std::string(name.substr(0, name.find_first_of(",:")));
}

absl::Status MakeDirectory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return PolicyError(fmt::format("cannot make {}: {}", path.native(), error.message()));
}

}  // namespace

absl::StatusOr<std::string> MaildirTarget::Open(const mailbox::v1::Mailbox& mailbox) {
  open_ = root_;
  if (mailbox.name() != "INBOX") open_ /= mailfile::DirectoryOfFolder(mailbox.name());
  uid_validity_ = mailbox.uid_validity();
  files_.clear();
  for (const char* part : {"cur", "new", "tmp"}) RETURN_IF_ERROR(MakeDirectory(open_ / part));
  if (open_ != root_) RETURN_IF_ERROR(WriteFile(open_ / "maildirfolder", ""));
  std::ifstream keywords(open_ / "dovecot-keywords");
  keywords_ = mailfile::KeywordTable::Parse(std::string{std::istreambuf_iterator(keywords), {}});
  std::error_code error;
  for (fs::directory_iterator at(open_ / "cur", error), end; !error && at != end;
       at.increment(error)) {
    std::string name = at->path().filename().native();
    files_[WithoutSize(name)] = name;
  }
  return open_.native();
}

std::string MaildirTarget::UniqueOf(const ExportMail& mail) const {
  return fmt::format("{}.U{:010}V{}.pennypost", absl::ToUnixSeconds(mail.date), mail.uid,
                     uid_validity_);
}

void MaildirTarget::Describe(const fs::path& path, const std::string& content,
                             Written* written) const {
  written->file = fs::relative(path, root_).native();
  written->size = content.size();
  written->sha256 = HexEncode(Sha256(content));
}

absl::StatusOr<bool> MaildirTarget::Has(const ExportMail& mail, Written* written) {
  auto found = files_.find(UniqueOf(mail));
  if (found == files_.end()) return false;
  const std::string& name = found->second;
  mailfile::MaildirFlags flags = mailfile::MakeMaildirFlags(mail.flags, keywords_);
  std::string wanted = name.substr(0, name.find(':')) + flags.suffix;
  std::error_code error;
  if (wanted != name) fs::rename(open_ / "cur" / name, open_ / "cur" / wanted, error);
  if (error) return PolicyError(fmt::format("cannot rename {}: {}", name, error.message()));
  ASSIGN_OR_RETURN(MailFile file, ReadMailFile(open_ / "cur" / wanted));
  Describe(open_ / "cur" / wanted, file.content, written);
  written->lost_flags = std::move(flags.lost);
  return true;
}

absl::Status MaildirTarget::Write(const ExportMail& mail, const std::string& content,
                                  Written* written) {
  std::string text = ends_ == LineEnds::kLf ? mailfile::ToLf(content) : content;
  mailfile::MaildirFlags flags = mailfile::MakeMaildirFlags(mail.flags, keywords_);
  std::string unique = fmt::format("{},S={}", UniqueOf(mail), text.size());
  fs::path path = open_ / "cur" / (unique + flags.suffix);
  RETURN_IF_ERROR(WriteMailFile(open_ / "tmp" / unique, path, text, mail.date));
  Describe(path, text, written);
  written->lost_flags = std::move(flags.lost);
  return absl::OkStatus();
}

absl::Status MaildirTarget::Close() {
  std::string keywords = keywords_.ToFile();
  return keywords.empty() ? absl::OkStatus() : WriteFile(open_ / "dovecot-keywords", keywords);
}

absl::Status MaildirTarget::Finish(const std::vector<std::string>& subscribed) {
  std::string lines;
  for (const std::string& name : subscribed)
    lines += (name == "INBOX" ? name : mailfile::DirectoryOfFolder(name).substr(1)) + "\n";
  return WriteFile(root_ / "subscriptions", lines);
}

}  // namespace pennypost::cli
