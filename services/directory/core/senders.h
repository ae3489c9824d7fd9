#pragma once
// Which addresses an account may send as: its own with any detail, aliases and groups that lend
// themselves to it, and all of these under the other names of the domain. Never one of another
// tenant (ROBUSTNESS S6).

#include <string>
#include <vector>

#include "services/directory/store/store.h"

namespace pennypost::directory {

class Senders {
 public:
  Senders(Store& store, std::string delimiter) : store_(store), delimiter_(std::move(delimiter)) {}

  // Those of the addresses that are not the account's.
  absl::StatusOr<std::vector<std::string>> Foreign(int64_t account_id,
                                                   const std::vector<std::string>& addresses) const;

 private:
  absl::StatusOr<bool> MaySendAs(const AccountRow& account, const std::string& address) const;

  Store& store_;
  const std::string delimiter_;  // of plus-addressing
};

}  // namespace pennypost::directory
