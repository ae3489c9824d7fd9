#include "services/cli/transfer/importer.h"

#include <algorithm>

#include "base/id.h"
#include "base/text.h"
#include "mailfile/flags.h"

namespace pennypost::cli {
namespace {

using mailbox::v1::MailboxService;

// Names that mail programs give to folders of a use, where the source does not tell the use.
struct KnownName {
  std::string_view name;
  std::string_view use;
};
constexpr KnownName kKnownNames[] = {
    {"Sent", "\\Sent"},       {"Sent Items", "\\Sent"},     {"Sent Messages", "\\Sent"},
    {"Sent Mail", "\\Sent"},  {"Drafts", "\\Drafts"},       {"Draft", "\\Drafts"},
    {"Trash", "\\Trash"},     {"Deleted Items", "\\Trash"}, {"Deleted Messages", "\\Trash"},
    {"Junk", "\\Junk"},       {"Spam", "\\Junk"},           {"Junk E-mail", "\\Junk"},
    {"Junk Email", "\\Junk"}, {"Archive", "\\Archive"},     {"Archives", "\\Archive"}};

std::string UseOf(const SourceFolder& folder) {
  if (!folder.special_use.empty()) return folder.special_use;
  for (const KnownName& known : kKnownNames) {
    if (EqualsIgnoreCase(known.name, folder.mailbox)) return std::string(known.use);
  }
  return "";
}

}  // namespace

absl::Status Importer::ReadMailboxes() {
  ASSIGN_OR_RETURN(
      auto list, store_.Call(&MailboxService::ListMailboxes, mailbox::v1::ListMailboxesRequest()));
  for (const auto& mailbox : list.mailboxes()) {
    mailboxes_.insert(mailbox.name());
    if (!mailbox.special_use().empty()) special_.emplace(mailbox.special_use(), mailbox.name());
  }
  return absl::OkStatus();
}

std::string Importer::TargetOf(const SourceFolder& folder) const {
  auto renamed = options_.renames.find(folder.mailbox);
  if (renamed != options_.renames.end()) return renamed->second;
  auto special = special_.find(UseOf(folder));
  return options_.map_special && special != special_.end() ? special->second : folder.mailbox;
}

absl::Status Importer::EnsureMailbox(const std::string& name, const SourceFolder& folder) {
  if (options_.dry_run || mailboxes_.contains(name)) return absl::OkStatus();
  mailbox::v1::CreateMailboxRequest create;
  create.set_name(name);
  absl::Status made = store_.Call(&MailboxService::CreateMailbox, create).status();
  if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  mailboxes_.insert(name);
  if (!folder.subscribed) return absl::OkStatus();
  mailbox::v1::SubscribeRequest subscribe;
  subscribe.set_name(name);
  subscribe.set_subscribed(true);
  return store_.Call(&MailboxService::Subscribe, subscribe).status();
}

std::string Importer::RequestId(const SourceMail& mail) const {
  std::string name = "import";
  std::string account = std::to_string(store_.account_id()), identity = source_.Identity();
  for (std::string_view part :
       {std::string_view(account), std::string_view(identity), std::string_view(folder_),
        std::string_view(target_), std::string_view(mail.key)}) {
    name.push_back('\0');
    name += part;
  }
  return UuidV5(Uuid{}, name).ToString();
}

absl::StatusOr<std::vector<bool>> Importer::FindStored(const std::vector<SourceMail*>& mails) {
  mailbox::v1::FindStoredRequest request;
  for (const SourceMail* mail : mails) request.add_request_ids(RequestId(*mail));
  ASSIGN_OR_RETURN(auto found, store_.Call(&MailboxService::FindStored, request));
  return std::vector<bool>(found.stored().begin(), found.stored().end());
}

absl::Status Importer::StoreTogether(const std::vector<SourceMail*>& mails) {
  mailbox::v1::MultiAppendRequest request;
  request.set_mailbox(target_);
  if (!options_.ignore_quota) request.set_quota_bytes(store_.quota_bytes());
  for (const SourceMail* mail : mails) {
    auto* message = request.add_messages();
    message->set_content(*mail->content);
    for (const std::string& flag : mailfile::CleanFlags(mail->flags)) message->add_flags(flag);
    if (mail->date) message->mutable_internal_date()->set_seconds(absl::ToUnixSeconds(*mail->date));
    message->set_request_id(RequestId(*mail));
  }
  return store_.Call(&MailboxService::MultiAppend, request).status();
}

// All in one transaction; where that is refused, one by one, for the fault is one message's.
absl::Status Importer::Store(const std::vector<SourceMail*>& mails) {
  if (mails.empty()) return absl::OkStatus();
  absl::Status stored = StoreTogether(mails);
  if (stored.ok()) {
    report_.folder().done += mails.size();
    return stored;
  }
  if (StoreLink::MayPass(stored)) return stored;
  for (SourceMail* mail : mails) {
    if (mails.size() > 1) stored = StoreTogether({mail});
    if (stored.ok()) {
      ++report_.folder().done;
    } else if (StoreLink::ConcernsAll(stored)) {
      return stored;
    } else {
      report_.Fail(mail->where, stored);
    }
  }
  return absl::OkStatus();
}

// All at once; where that is refused, one by one.
absl::Status Importer::Load(const std::vector<SourceMail*>& mails) {
  absl::Status loaded = source_.Load(mails);
  if (loaded.code() != absl::StatusCode::kFailedPrecondition) return loaded;
  for (SourceMail* mail : mails) {
    if (mail->content) continue;
    loaded = source_.Load({mail});
    if (loaded.code() == absl::StatusCode::kFailedPrecondition) {
      mail->status = loaded;
    } else if (!loaded.ok()) {
      return loaded;
    }
  }
  return absl::OkStatus();
}

absl::Status Importer::ImportMissing(std::vector<SourceMail*> mails) {
  RETURN_IF_ERROR(Load(mails));
  for (const SourceMail* mail : mails) {
    if (!mail->status.ok()) report_.Fail(mail->where, mail->status);
  }
  // One without content is gone from the source meanwhile.
  std::erase_if(mails, [](const SourceMail* m) { return !m->content || !m->status.ok(); });
  RETURN_IF_ERROR(Store(mails));
  for (SourceMail* mail : mails) mail->content.reset();
  report_.Progress();
  return absl::OkStatus();
}

absl::Status Importer::ImportBatch(std::vector<SourceMail>& mails) {
  std::vector<SourceMail*> asked, missing;
  for (SourceMail& mail : mails) {
    if (mail.status.ok()) {
      asked.push_back(&mail);
    } else {
      report_.Fail(mail.where, mail.status);
    }
  }
  if (asked.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<bool> stored, FindStored(asked));
  for (size_t i = 0; i < asked.size(); ++i) {
    if (stored[i]) {
      ++report_.folder().there;
    } else {
      missing.push_back(asked[i]);
    }
  }
  if (options_.dry_run) {
    report_.folder().done += missing.size();
    return absl::OkStatus();
  }
  // Contents that are not here yet come in parts of bounded size.
  for (auto at = missing.begin(); at != missing.end();) {
    std::vector<SourceMail*> part;
    uint64_t bytes = 0;
    while (at != missing.end() && (part.empty() || bytes + (*at)->size <= kBatchBytes)) {
      bytes += (*at)->size;
      part.push_back(*at++);
    }
    RETURN_IF_ERROR(ImportMissing(std::move(part)));
  }
  return absl::OkStatus();
}

absl::Status Importer::ImportFolder(const SourceFolder& folder) {
  folder_ = folder.mailbox;
  target_ = TargetOf(folder);
  report_.BeginFolder(folder.where, target_);
  absl::Status opened = EnsureMailbox(target_, folder);
  if (opened.ok()) opened = source_.Open(folder);
  while (opened.ok()) {
    auto mails = source_.Next();
    if (!mails.ok()) {
      opened = mails.status();
      break;
    }
    if (mails->empty()) return absl::OkStatus();
    RETURN_IF_ERROR(ImportBatch(*mails));
    report_.Progress();
  }
  if (StoreLink::ConcernsAll(opened)) return opened;
  // The other folders are still worth importing.
  report_.Fail(folder.where, opened);
  return absl::OkStatus();
}

absl::Status Importer::Run() {
  RETURN_IF_ERROR(ReadMailboxes());
  ASSIGN_OR_RETURN(std::vector<SourceFolder> folders, source_.Folders());
  for (const std::string& name : options_.only) {
    bool known = std::any_of(folders.begin(), folders.end(),
                             [&](const SourceFolder& f) { return f.mailbox == name; });
    if (!known) return NotFoundError("the source has no folder " + name);
  }
  for (const SourceFolder& folder : folders) {
    if (!options_.only.empty() && !options_.only.contains(folder.mailbox)) continue;
    absl::Status status = ImportFolder(folder);
    if (status.ok()) continue;
    report_.Stop(status);
    break;
  }
  return absl::OkStatus();
}

}  // namespace pennypost::cli
