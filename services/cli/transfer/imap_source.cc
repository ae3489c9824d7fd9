#include "services/cli/transfer/imap_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "imap/limits.h"
#include "imap/mailbox_name.h"
#include "imap/scanner.h"

namespace pennypost::cli {
namespace {

using imap::ResponseValue;
using Kind = ResponseValue::Kind;

bool IsData(const imap::ServerResponse& response, std::string_view word, size_t at) {
  return response.status.empty() && response.values.size() > at && response.values[at].Is(word);
}

// "Projects.2026" with the delimiter "." is Projects/2026; a "/" in a level becomes "_".
std::string NameHere(const std::string& name, const std::string& prefix, char delimiter) {
  std::string rest = name;
  if (!prefix.empty() && rest.starts_with(prefix) && rest.size() > prefix.size())
    rest.erase(0, prefix.size());
  rest = imap::DecodeUtf7(rest).value_or(rest);
  if (delimiter != '/') {
    std::replace(rest.begin(), rest.end(), '/', '_');
    if (delimiter != '\0') std::replace(rest.begin(), rest.end(), delimiter, '/');
  }
  if (EqualsIgnoreCase(rest, "INBOX")) return "INBOX";
  return rest;
}

std::optional<absl::Time> ParseDate(const std::string& text) {
  std::string quoted = fmt::format("\"{}\"", text);
  auto time = imap::Scanner(quoted, imap::LimitsAfterLogin(0), imap::NameForm::kUtf8).DateTime();
  if (!time.ok()) return std::nullopt;
  return *time;
}

// The value behind a word of FETCH's list.
template <class List>
auto* Find(List& list, std::string_view word) {
  for (size_t i = 0; i + 1 < list.items.size(); i += 2) {
    if (list.items[i].Is(word)) return &list.items[i + 1];
  }
  return static_cast<decltype(list.items.data())>(nullptr);
}

}  // namespace

std::string ImapSource::Identity() const {
  return fmt::format("imap {} {}", ToLower(server_.host), server_.user);
}

// RFC 2342 5: * NAMESPACE (("INBOX." ".")) NIL NIL
absl::StatusOr<std::string> ImapSource::PersonalPrefix() {
  std::string prefix;
  if (!client_->Can("NAMESPACE")) return prefix;
  auto read = [&prefix](const imap::ServerResponse& response) {
    if (!IsData(response, "NAMESPACE", 0) || response.values.size() < 2) return absl::OkStatus();
    const ResponseValue& personal = response.values[1];
    if (!personal.items.empty() && !personal.items[0].items.empty())
      prefix = personal.items[0].items[0].text;
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(client_->Run(ImapCommand("NAMESPACE"), read));
  return prefix;
}

absl::Status ImapSource::List(const std::string& pattern, std::vector<SourceFolder>* folders) {
  auto read = [&](const imap::ServerResponse& response) {
    if (!IsData(response, "LIST", 0) || response.values.size() < 4) return absl::OkStatus();
    SourceFolder folder;
    bool selectable = true;
    for (const ResponseValue& attribute : response.values[1].items) {
      if (attribute.Is("\\Noselect") || attribute.Is("\\NonExistent")) selectable = false;
      // All mail of the server once more: what is in it is in other folders.
      if (attribute.Is("\\All") || attribute.Is("\\Flagged") || attribute.Is("\\Important"))
        selectable = false;
      for (const char* use : {"\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive"}) {
        if (attribute.Is(use)) folder.special_use = use;
      }
    }
    const ResponseValue& delimiter = response.values[2];
    folder.where = response.values[3].text;
    folder.mailbox =
        NameHere(folder.where, prefix_,
                 delimiter.kind == Kind::kNil || delimiter.text.empty() ? '\0' : delimiter.text[0]);
    if (selectable) folders->push_back(std::move(folder));
    return absl::OkStatus();
  };
  ImapCommand command("LIST \"\" ");
  command.String(pattern);
  if (client_->Can("SPECIAL-USE") && client_->Can("LIST-EXTENDED"))
    command.Text(" RETURN (SPECIAL-USE)");
  return client_->Run(command, read);
}

absl::Status ImapSource::ListSubscribed(std::vector<SourceFolder>* folders) {
  std::set<std::string> subscribed;
  auto read = [&](const imap::ServerResponse& response) {
    if (IsData(response, "LSUB", 0) && response.values.size() >= 4)
      subscribed.insert(response.values[3].text);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(client_->Run(ImapCommand("LSUB \"\" \"*\""), read));
  for (SourceFolder& folder : *folders) folder.subscribed = subscribed.contains(folder.where);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SourceFolder>> ImapSource::Folders() {
  ASSIGN_OR_RETURN(prefix_, PersonalPrefix());
  std::vector<SourceFolder> folders;
  RETURN_IF_ERROR(List("INBOX", &folders));
  RETURN_IF_ERROR(List(prefix_ + "*", &folders));
  std::stable_sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) {
    bool inbox_a = a.mailbox == "INBOX", inbox_b = b.mailbox == "INBOX";
    return inbox_a != inbox_b ? inbox_a : a.mailbox < b.mailbox;
  });
  auto same = [](const auto& a, const auto& b) { return a.where == b.where; };
  folders.erase(std::unique(folders.begin(), folders.end(), same), folders.end());
  RETURN_IF_ERROR(ListSubscribed(&folders));
  return folders;
}

void ImapSource::NoteExpunge(const imap::ServerResponse& response) {
  if (!IsData(response, "EXPUNGE", 1)) return;
  if (messages_ > 0) --messages_;
  if (response.values[0].Number() < next_) --next_;
}

absl::Status ImapSource::Open(const SourceFolder& folder) {
  open_ = folder.where;
  uid_validity_ = messages_ = 0;
  next_ = 1;
  auto read = [this](const imap::ServerResponse& response) {
    constexpr std::string_view kCode = "UIDVALIDITY ";
    if (StartsWithIgnoreCase(response.code, kCode))
      uid_validity_ = ParseUint(std::string_view(response.code).substr(kCode.size())).value_or(0);
    if (IsData(response, "EXISTS", 1)) messages_ = response.values[0].Number();
    return absl::OkStatus();
  };
  // EXAMINE: nothing is marked as seen there.
  ImapCommand examine("EXAMINE ");
  examine.String(open_);
  RETURN_IF_ERROR(client_->Run(examine, read));
  if (uid_validity_ == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, Reason::kNone,
                     open_ + " has no UIDs that last: it cannot be imported safely");
  }
  return absl::OkStatus();
}

absl::Status ImapSource::ReadMail(const imap::ServerResponse& response,
                                  std::vector<SourceMail>* mails) const {
  if (!IsData(response, "FETCH", 1) || response.values.size() < 3) return absl::OkStatus();
  const ResponseValue& items = response.values[2];
  const ResponseValue* uid = Find(items, "UID");
  const ResponseValue* size = Find(items, "RFC822.SIZE");
  const ResponseValue* date = Find(items, "INTERNALDATE");
  const ResponseValue* flags = Find(items, "FLAGS");
  // Flags that another client changes just now come without the rest.
  if (uid == nullptr || size == nullptr || flags == nullptr) return absl::OkStatus();
  SourceMail mail;
  mail.where = fmt::format("{}, UID {}", open_, uid->text);
  mail.key = fmt::format("{} {}", uid_validity_, uid->Number());
  mail.size = size->Number();
  if (date != nullptr) mail.date = ParseDate(date->text);
  for (const ResponseValue& flag : flags->items) mail.flags.push_back(flag.text);
  if (mail.size > kMaxMail) {
    mail.status =
        SyntaxError(fmt::format("{} MiB, over the limit of {}", mail.size >> 20, kMaxMail >> 20));
  }
  mails->push_back(std::move(mail));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SourceMail>> ImapSource::Next() {
  std::vector<SourceMail> mails;
  while (mails.empty() && next_ <= messages_) {
    uint64_t last = std::min(messages_, next_ + kBatchMails - 1);
    ImapCommand fetch(fmt::format("FETCH {}:{} (UID FLAGS INTERNALDATE RFC822.SIZE)", next_, last));
    next_ = last + 1;
    RETURN_IF_ERROR(client_->Run(fetch, [&](const imap::ServerResponse& response) {
      NoteExpunge(response);
      return ReadMail(response, &mails);
    }));
  }
  return mails;
}

absl::Status ImapSource::Load(const std::vector<SourceMail*>& mails) {
  std::map<uint64_t, SourceMail*> by_uid;
  std::string set;
  for (SourceMail* mail : mails) {
    std::string uid = mail->key.substr(mail->key.find(' ') + 1);
    by_uid[*ParseUint(uid)] = mail;
    set += (set.empty() ? "" : ",") + uid;
  }
  ImapCommand fetch(fmt::format("UID FETCH {} (UID BODY.PEEK[])", set));
  return client_->Run(fetch, [&](imap::ServerResponse& response) {
    NoteExpunge(response);
    if (!IsData(response, "FETCH", 1) || response.values.size() < 3) return absl::OkStatus();
    ResponseValue& items = response.values[2];
    const ResponseValue* uid = Find(items, "UID");
    ResponseValue* body = Find(items, "BODY[]");
    auto mail = uid == nullptr ? by_uid.end() : by_uid.find(uid->Number());
    if (mail == by_uid.end() || body == nullptr) return absl::OkStatus();
    if (body->kind == Kind::kString) {
      mail->second->content = std::move(body->text);
    } else {
      mail->second->status = SyntaxError("the server gives no content for it");
    }
    return absl::OkStatus();
  });
}

}  // namespace pennypost::cli
