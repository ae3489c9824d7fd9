#pragma once
// Where mail for an address goes: alias domains, accounts, plus-addressing, aliases and groups,
// catch-all, in that order.

#include <string>
#include <vector>

#include "services/directory/core/posting.h"
#include "services/directory/store/store.h"

namespace pennypost::directory {

struct Target {
  // 0: a remote address, or one of a suspended tenant among others, for which relay keeps the mail.
  int64_t account_id = 0;
  std::string address;
  std::string detail;
  int64_t quota_bytes = 0;
  bool operator==(const Target&) const = default;
};

struct Resolution {
  enum class Kind {
    kDeliverable,
    kRemoteDomain,
    kUnknownUser,
    kDisabled,
    kLoop,
    kSuspended,   // its tenant is switched off: later, not never
    kNotAllowed,  // a group that the poster may not send to
    kEmptyGroup,
    kTooLarge,
  };
  Kind kind = Kind::kUnknownUser;
  std::vector<Target> targets;
  std::string detail;   // of kNotAllowed: who may, for the client
  bool for_all = true;  // false: the answer depends on the poster
};

struct RecipientOptions {
  std::string delimiter = "+";
  int64_t default_quota_bytes = 0;
  int max_depth = 10;  // aliases and groups that lead to others
  size_t max_targets = 1000;
  int max_steps = 10'000;  // addresses looked at
};

// Blocking. InvalidArgument for what is no address.
//
// An alias and a group are expanded by one walk, which meets each account and each address once,
// and ends where it comes back to what it is expanding. What cannot take the mail (a loop, an
// account that is switched off) does not keep it from the others.
//
// Each group on the way asks whether the poster may send to it. Groups inside a group of the same
// tenant do not: they were put there to take what it takes.
class RecipientResolver {
 public:
  RecipientResolver(Store& store, RecipientOptions options)
      : store_(store), options_(std::move(options)) {}
  // No poster: no group asks.
  absl::StatusOr<Resolution> Resolve(const std::string& address, const Poster* poster) const;
  const RecipientOptions& options() const { return options_; }

  // The quota that counts for an account.
  int64_t QuotaOf(const AccountRow& account) const;

 private:
  struct Walk;
  struct Way;
  absl::Status Expand(const std::string& address, Way way, Walk& walk) const;
  absl::Status ExpandLocal(const std::string& local, const DomainRow& domain,
                           const std::string& catch_all, Way way, Walk& walk) const;
  absl::Status ExpandRow(const ExpansionRow& row, Way way, Walk& walk) const;
  absl::StatusOr<const DomainRow*> FindDomain(const std::string& name, Walk& walk) const;
  absl::StatusOr<bool> MayPost(const ExpansionRow& group, Posting posting, Walk& walk) const;
  void AddAccount(const AccountRow& account, std::string detail, Walk& walk) const;

  Store& store_;
  const RecipientOptions options_;
};

}  // namespace pennypost::directory
