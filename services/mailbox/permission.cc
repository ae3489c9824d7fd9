#include "services/mailbox/permission.h"

#include <fmt/format.h>

#include "services/mailbox/core/names.h"

namespace pennypost::mailbox {
namespace {

absl::Status Missing(char letter) {
  return PolicyError(fmt::format("The right \"{}\" to this mailbox is missing", letter));
}

}  // namespace

Permission::MaybeRights Permission::Find(int64_t account_id, int64_t mailbox_id,
                                         const v1::Actor& actor) const {
  ASSIGN_OR_RETURN(mail::Rights rights, store_.FindRights(account_id, mailbox_id, actor));
  // RFC 4314 6: without one of these (those of MYRIGHTS) nothing says that there is a mailbox.
  for (char letter : std::string_view("lrikxa")) {
    if (rights.Has(letter)) return rights;
  }
  return NotFoundError("no such mailbox");
}

Permission::MaybeRights Permission::Find(int64_t account_id, const std::string& name,
                                         const v1::Actor& actor) const {
  v1::Mailbox mailbox;
  RETURN_IF_ERROR(store_.FindMailbox(account_id, name, &mailbox));
  return Find(account_id, mailbox.id(), actor);
}

Permission::MaybeRights Permission::FindAbove(int64_t account_id, const std::string& name,
                                              const v1::Actor& actor) const {
  for (std::string above = ParentOf(name); !above.empty(); above = ParentOf(above)) {
    v1::Mailbox mailbox;
    absl::Status found = store_.FindMailbox(account_id, above, &mailbox);
    if (found.ok()) return Find(account_id, mailbox.id(), actor);
    if (found.code() != absl::StatusCode::kNotFound) return found;
  }
  // The top of an account is its owner's alone.
  return PolicyError("Only the owner makes mailboxes there");
}

Permission::MaybeRights Permission::Check(MaybeRights rights, std::string_view letters) {
  if (!rights.ok()) return rights;
  for (char letter : letters) {
    if (!rights->Has(letter)) return Missing(letter);
  }
  return rights;
}

}  // namespace pennypost::mailbox
