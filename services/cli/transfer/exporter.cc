#include "services/cli/transfer/exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/cli/transfer/files.h"
#include "services/cli/transfer/source.h"

namespace pennypost::cli {
namespace {

using mailbox::v1::MailboxService;

ExportMail MailAt(const mailbox::v1::MessageIndex& index, int i) {
  ExportMail mail;
  mail.uid = index.uids(i);
  mail.date = absl::FromUnixSeconds(index.internal_dates(i));
  const auto& flags = index.flag_sets(static_cast<int>(index.flags(i))).flags();
  mail.flags.assign(flags.begin(), flags.end());
  return mail;
}

}  // namespace

absl::Status Exporter::WriteManifest(const ExportMail& mail, const Written& written) {
  nlohmann::json line = {{"mailbox", name_},     {"uid", mail.uid},
                         {"file", written.file}, {"offset", written.offset},
                         {"size", written.size}, {"sha256", written.sha256},
                         {"flags", mail.flags},  {"internal_date", absl::ToUnixSeconds(mail.date)}};
  manifest_ << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  return manifest_ ? absl::OkStatus() : FileError("cannot write", "manifest.jsonl");
}

// Contents of one call; a message that is gone meanwhile is left out.
absl::Status Exporter::FetchTogether(const std::vector<ExportMail>& mails) {
  for (size_t at = 0; at < mails.size();) {
    mailbox::v1::FetchMessagesRequest request;
    request.set_mailbox_id(mailbox_id_);
    for (size_t i = at; i < mails.size(); ++i) request.add_uids(mails[i].uid);
    request.set_want_content(true);
    request.set_max_bytes(kBatchBytes);
    ASSIGN_OR_RETURN(auto fetched, store_.Call(&MailboxService::FetchMessages, request));
    for (const auto& message : fetched.messages()) {
      auto mail = std::find_if(mails.begin(), mails.end(),
                               [&](const ExportMail& m) { return m.uid == message.uid(); });
      if (mail == mails.end()) return BugError("the store answered what was not asked");
      Written written;
      absl::Status status = target_.Write(*mail, message.content(), &written);
      if (status.ok()) status = WriteManifest(*mail, written);
      // No other message will find room or the right to write either.
      if (!status.ok()) return UnavailableError(MessageOf(status));
      if (!written.lost_flags.empty()) {
        report_.Note(
            fmt::format("{}: there is no letter left for the keyword {}; the manifest "
                        "has it",
                        written.file, written.lost_flags.front()));
      }
      ++report_.folder().done;
    }
    if (fetched.processed() == 0) return BugError("the store answered nothing");
    at += fetched.processed();
  }
  return absl::OkStatus();
}

absl::Status Exporter::Fetch(const std::vector<ExportMail>& mails) {
  if (mails.empty()) return absl::OkStatus();
  uint64_t before = report_.folder().done;
  absl::Status status = FetchTogether(mails);
  if (status.ok() || StoreLink::ConcernsAll(status)) return status;
  // One of those that are left is the fault's.
  for (size_t i = report_.folder().done - before; i < mails.size(); ++i) {
    status = FetchTogether({mails[i]});
    if (StoreLink::ConcernsAll(status)) return status;
    if (!status.ok()) report_.Fail(fmt::format("{}, UID {}", name_, mails[i].uid), status);
  }
  return absl::OkStatus();
}

absl::Status Exporter::ExportMails(const mailbox::v1::OpenMailboxResponse& open) {
  std::vector<ExportMail> batch;
  uint64_t bytes = 0;
  for (int i = 0; i < open.index().uids_size(); ++i) {
    ExportMail mail = MailAt(open.index(), i);
    Written written;
    ASSIGN_OR_RETURN(bool there, target_.Has(mail, &written));
    if (there) {
      ++report_.folder().there;
      RETURN_IF_ERROR(WriteManifest(mail, written));
      continue;
    }
    bytes += open.index().sizes(i);
    batch.push_back(std::move(mail));
    if (batch.size() < kBatchMails && bytes < kBatchBytes) continue;
    RETURN_IF_ERROR(Fetch(batch));
    report_.Progress();
    batch.clear();
    bytes = 0;
  }
  return Fetch(batch);
}

absl::Status Exporter::ExportMailbox(const std::string& name) {
  mailbox::v1::OpenMailboxRequest request;
  request.set_name(name);
  name_ = name;
  auto open = store_.Call(&MailboxService::OpenMailbox, request);
  // Deleted since the list was made: there is nothing to export.
  if (absl::IsNotFound(open.status())) return absl::OkStatus();
  if (!open.ok()) return open.status();
  mailbox_id_ = open->mailbox().id();
  auto where = target_.Open(open->mailbox());
  report_.BeginFolder(name, where.value_or("-"));
  if (!where.ok()) {
    // A name too long for the file system: others are still worth exporting.
    report_.Fail(name, where.status());
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(ExportMails(*open));
  return target_.Close();
}

absl::Status Exporter::Run(const std::filesystem::path& root) {
  ASSIGN_OR_RETURN(
      auto list, store_.Call(&MailboxService::ListMailboxes, mailbox::v1::ListMailboxesRequest()));
  std::set<std::string> names;
  std::vector<std::string> subscribed;
  for (const auto& mailbox : list.mailboxes()) {
    names.insert(mailbox.name());
    if (mailbox.subscribed()) subscribed.push_back(mailbox.name());
  }
  for (const std::string& name : only_) {
    if (!names.contains(name)) return NotFoundError("there is no mailbox " + name);
  }
  std::error_code error;
  std::filesystem::create_directories(root, error);
  std::filesystem::path manifest = root / "manifest.jsonl",
                        partial = root / "manifest.jsonl.partial";
  manifest_ = std::ofstream(partial, std::ios::binary | std::ios::trunc);
  if (!manifest_) return FileError("cannot write", partial);
  for (const std::string& name : names) {
    if (!only_.empty() && !only_.contains(name)) continue;
    absl::Status status = ExportMailbox(name);
    if (status.ok()) continue;
    report_.Stop(status);
    return absl::OkStatus();
  }
  absl::Status finished = target_.Finish(subscribed);
  manifest_.close();
  if (finished.ok() && !manifest_) finished = FileError("cannot write", partial);
  if (finished.ok()) std::filesystem::rename(partial, manifest, error);
  if (finished.ok() && error)
    finished = PolicyError("cannot write manifest.jsonl: " + error.message());
  if (!finished.ok()) report_.Stop(finished);
  return absl::OkStatus();
}

}  // namespace pennypost::cli
