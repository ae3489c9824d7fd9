#include "services/cli/transfer/mbox_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/id.h"
#include "base/text.h"
#include "mail/header.h"
#include "mailfile/line_ends.h"
#include "mailfile/maildir.h"
#include "mailfile/mbox.h"
#include "services/cli/transfer/files.h"

namespace pennypost::cli {
namespace {

namespace fs = std::filesystem;

// Of the Return-Path, which delivery puts on top.
std::string SenderOf(std::string_view message) {
  mail::HeaderBlock header = mail::ParseHeaderBlock(message);
  const mail::HeaderField* path = header.Find("Return-Path");
  std::string sender = path == nullptr ? "" : mail::Unfold(path->value);
  std::erase_if(sender, [](char c) { return c == '<' || c == '>'; });
  return sender;
}

fs::path Partial(const fs::path& path) {
  return path.native() + ".partial";
}

}  // namespace

absl::StatusOr<std::string> MboxTarget::Open(const mailbox::v1::Mailbox& mailbox) {
  open_ = root_;
  for (std::string_view level : Split(mailbox.name(), '/')) open_ /= mailfile::EncodeLevel(level);
  std::error_code error;
  fs::create_directories(open_.parent_path(), error);
  if (error) {
    return PolicyError(
        fmt::format("cannot make {}: {}", open_.parent_path().native(), error.message()));
  }
  open_ += ".mbox";
  file_ = std::ofstream(Partial(open_), std::ios::binary | std::ios::trunc);
  if (!file_) return FileError("cannot write", Partial(open_));
  offset_ = 0;
  return open_.native();
}

absl::Status MboxTarget::Write(const ExportMail& mail, const std::string& content,
                               Written* written) {
  std::string text = mailfile::ToLf(content);
  std::string entry = mailfile::EncodeMbox(text, SenderOf(text), mail.date, mail.flags);
  file_ << entry;
  if (!file_) return FileError("cannot write", Partial(open_));
  *written = {
      fs::relative(open_, root_).native(), offset_, text.size(), HexEncode(Sha256(text)), {}};
  offset_ += entry.size();
  return absl::OkStatus();
}

absl::Status MboxTarget::Close() {
  file_.close();
  if (!file_) return FileError("cannot write", Partial(open_));
  std::error_code error;
  fs::rename(Partial(open_), open_, error);
  if (!error) return absl::OkStatus();
  return PolicyError(fmt::format("cannot write {}: {}", open_.native(), error.message()));
}

}  // namespace pennypost::cli
