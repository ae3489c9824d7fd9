#pragma once
// What a script may ask of the world at a delivery: the account's mailboxes, its other scripts,
// what it remembers. Loaded when it is asked for.

#include <map>

#include "services/mailbox/scripts/script_cache.h"
#include "services/mailbox/store/store.h"
#include "sieve/host.h"

namespace pennypost::mailbox {

class DeliveryHost : public sieve::Host {
 public:
  struct Facts {
    int64_t account_id = 0;
    std::string hostname;
    std::string client_ip;  // RFC 5183 remote-ip; empty: not known
    absl::Time now;
    std::string domain;  // of the recipient
    std::shared_ptr<const CompiledDomains> domains;
  };
  DeliveryHost(Store& store, Facts facts) : store_(store), facts_(std::move(facts)) {}

  // What went wrong in the store: then the run counts for nothing.
  const absl::Status& status() const { return status_; }

  absl::Time Now() const override { return facts_.now; }
  bool MailboxExists(std::string_view name) const override;
  bool MailboxIdExists(std::string_view id) const override { return !NameOfId(id).empty(); }
  bool SpecialUseExists(std::string_view use, const std::string* mailbox) const override;
  bool SeenDuplicate(std::string_view id, uint64_t seconds, bool last) override;
  std::optional<std::string> ScriptText(sieve::ScriptPlace place,
                                        std::string_view name) const override;
  std::optional<std::string> EnvironmentItem(std::string_view item) const override;

  // Names; empty where there is none.
  std::string NameOfId(std::string_view mailbox_id) const;
  std::string NameOfUse(std::string_view use) const;
  // The mailbox under its canonical name, made if asked for.
  enum class IfMissing { kNothing, kCreate };
  std::string Resolve(std::string_view name, IfMissing missing);
  bool IsRemembered(const std::string& id) const;

 private:
  const std::vector<v1::Mailbox>& Mailboxes() const;
  void Note(const absl::Status& status) const {
    if (status_.ok()) status_ = status;
  }

  Store& store_;
  const Facts facts_;
  mutable absl::Status status_;
  mutable std::optional<std::vector<v1::Mailbox>> mailboxes_;
};

// The OBJECTID of a mailbox (RFC 8474), as MAILBOXID of IMAP says it.
std::string MailboxObjectId(int64_t account_id, int64_t mailbox_id);
// Where the duplicate test's ids are remembered.
std::string DuplicateKey(std::string_view id);

}  // namespace pennypost::mailbox
