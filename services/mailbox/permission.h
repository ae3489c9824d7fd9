#pragma once
// What the actor of a request may do to mailboxes of another account (RFC 4314 4). Blocking;
// thread-safe.

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

class Permission {
 public:
  explicit Permission(Store& store) : store_(store) {}

  // Whether it is the owner's own business, or the platform's.
  template <class Request>
  static bool IsOwn(const Request& request) {
    return !request.has_actor() || request.actor().account_id() == request.account_id();
  }

  // The actor's rights to a mailbox, by id or canonical name; all of them for the owner. NotFound
  // where the actor may not even know of the mailbox, PermissionDenied where one of `letters` is
  // missing.
  template <class Request, class Mailbox>
  absl::StatusOr<mail::Rights> Demand(const Request& request, const Mailbox& mailbox,
                                      std::string_view letters) const {
    if (IsOwn(request)) return mail::Rights::All();
    return Check(Find(request.account_id(), mailbox, request.actor()), letters);
  }
  // The same of the nearest mailbox above a name, since there a new one comes in.
  template <class Request>
  absl::StatusOr<mail::Rights> DemandAbove(const Request& request, const std::string& name,
                                           std::string_view letters) const {
    if (IsOwn(request)) return mail::Rights::All();
    return Check(FindAbove(request.account_id(), name, request.actor()), letters);
  }

 private:
  using MaybeRights = absl::StatusOr<mail::Rights>;

  MaybeRights Find(int64_t account_id, int64_t mailbox_id, const v1::Actor& actor) const;
  MaybeRights Find(int64_t account_id, const std::string& name, const v1::Actor& actor) const;
  MaybeRights FindAbove(int64_t account_id, const std::string& name, const v1::Actor& actor) const;
  static MaybeRights Check(MaybeRights rights, std::string_view letters);

  Store& store_;
};

}  // namespace pennypost::mailbox
