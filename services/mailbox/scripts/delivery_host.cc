#include "services/mailbox/scripts/delivery_host.h"

#include <fmt/format.h>

#include "base/text.h"
#include "services/mailbox/core/names.h"

namespace pennypost::mailbox {

std::string MailboxObjectId(int64_t account_id, int64_t mailbox_id) {
  return fmt::format("F{}-{}", account_id, mailbox_id);
}

std::string DuplicateKey(std::string_view id) {
  return Sha256("duplicate\n" + std::string(id));
}

const std::vector<v1::Mailbox>& DeliveryHost::Mailboxes() const {
  if (mailboxes_) return *mailboxes_;
  v1::ListMailboxesRequest request;
  request.set_account_id(facts_.account_id);
  v1::ListMailboxesResponse response;
  Note(store_.ListMailboxes(request, &response));
  mailboxes_.emplace(response.mailboxes().begin(), response.mailboxes().end());
  return *mailboxes_;
}

bool DeliveryHost::MailboxExists(std::string_view name) const {
  auto canonical = CanonicalName(name);
  if (!canonical.ok()) return false;
  for (const v1::Mailbox& mailbox : Mailboxes()) {
    if (mailbox.name() == *canonical) return true;
  }
  return false;
}

std::string DeliveryHost::NameOfId(std::string_view mailbox_id) const {
  for (const v1::Mailbox& mailbox : Mailboxes()) {
    if (MailboxObjectId(facts_.account_id, mailbox.id()) == mailbox_id) return mailbox.name();
  }
  return "";
}

std::string DeliveryHost::NameOfUse(std::string_view use) const {
  for (const v1::Mailbox& mailbox : Mailboxes()) {
    if (EqualsIgnoreCase(mailbox.special_use(), use)) return mailbox.name();
  }
  return "";
}

bool DeliveryHost::SpecialUseExists(std::string_view use, const std::string* mailbox) const {
  if (mailbox == nullptr) return !NameOfUse(use).empty();
  auto canonical = CanonicalName(*mailbox);
  for (const v1::Mailbox& there : Mailboxes()) {
    if (canonical.ok() && there.name() == *canonical)
      return EqualsIgnoreCase(there.special_use(), use);
  }
  return false;
}

std::string DeliveryHost::Resolve(std::string_view name, IfMissing missing) {
  if (MailboxExists(name)) return *CanonicalName(name);
  auto canonical = CanonicalName(name);
  if (!canonical.ok() || missing == IfMissing::kNothing || !status_.ok()) return "";
  v1::CreateMailboxRequest create;
  create.set_account_id(facts_.account_id);
  create.set_name(*canonical);
  v1::Mailbox made;
  absl::Status status = store_.CreateMailbox(create, &made);
  // Another delivery may have made it just now.
  if (status.code() == absl::StatusCode::kAlreadyExists) return *canonical;
  if (!status.ok()) {
    Note(status);
    return "";
  }
  mailboxes_->push_back(made);
  // RFC 5490 3.2 lets us subscribe as well: a folder nobody sees is no help.
  v1::SubscribeRequest subscribe;
  subscribe.set_account_id(facts_.account_id);
  subscribe.set_name(*canonical);
  subscribe.set_subscribed(true);
  Note(store_.Subscribe(subscribe));
  return *canonical;
}

bool DeliveryHost::IsRemembered(const std::string& id) const {
  auto found = store_.IsRemembered(facts_.account_id, id);
  Note(found.status());
  return found.value_or(false);
}

bool DeliveryHost::SeenDuplicate(std::string_view id, uint64_t, bool) {
  return IsRemembered(DuplicateKey(id));
}

std::optional<std::string> DeliveryHost::ScriptText(sieve::ScriptPlace place,
                                                    std::string_view name) const {
  if (place == sieve::ScriptPlace::kGlobal) {
    const DomainScript* script = facts_.domains->Find(facts_.domain, name);
    return script == nullptr ? std::nullopt : std::optional<std::string>(script->content);
  }
  v1::GetScriptRequest request;
  request.set_account_id(facts_.account_id);
  request.set_name(std::string(name));
  v1::GetScriptResponse response;
  absl::Status status = store_.GetScript(request, &response);
  if (status.ok()) return response.content();
  if (status.code() != absl::StatusCode::kNotFound) Note(status);
  return std::nullopt;
}

// RFC 5183 4.1
std::optional<std::string> DeliveryHost::EnvironmentItem(std::string_view item) const {
  auto known = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional<std::string>(value);
  };
  if (item == "domain") {
    size_t dot = facts_.hostname.find('.');
    return dot == std::string::npos ? std::nullopt : known(facts_.hostname.substr(dot + 1));
  }
  if (item == "host") return known(facts_.hostname);
  if (item == "remote-ip") return known(facts_.client_ip);
  return std::nullopt;
}

}  // namespace pennypost::mailbox
