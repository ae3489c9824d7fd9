#pragma once
// The mail store as import and export see it: one account, and calls that are tried again while the
// store is away. Every write has a request id, so trying again stores nothing twice.

#include <optional>
#include <string>
#include <vector>

#include "services/cli/context.h"

namespace pennypost::cli {

class StoreLink {
 public:
  // Finds the account; its errors are said and set the exit code.
  static std::optional<StoreLink> Find(Context& context, const std::string& address);

  // The account's own id, and what it may hold (0: no limit).
  int64_t account_id() const { return account_id_; }
  int64_t quota_bytes() const { return quota_bytes_; }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(rpc::Method<mailbox::v1::MailboxService, Request, Response> method,
                                Request request) {
    request.set_account_id(account_id_);
    absl::Duration waited;
    for (absl::Duration pause = absl::Milliseconds(200);; pause = std::min(2 * pause, kLongest)) {
      auto answer = Ask(service_, method, request, absl::Seconds(60));
      if (answer.ok() || !MayPass(answer.status()) || waited >= kPatience) return answer;
      if (waited == absl::ZeroDuration()) SayAway(answer.status());
      Wait(pause);
      waited += pause;
    }
  }

  // Whether trying again makes sense: the store is away, busy, or does not know what it did.
  static bool MayPass(const absl::Status& status);
  // Whether other messages will fare no better.
  static bool ConcernsAll(const absl::Status& status);

 private:
  static constexpr absl::Duration kLongest = absl::Seconds(5);
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  StoreLink(mailbox::v1::MailboxService* service, int64_t account_id, int64_t quota_bytes)
      : service_(service), account_id_(account_id), quota_bytes_(quota_bytes) {}
  static void SayAway(const absl::Status& status);
  static void Wait(absl::Duration pause);

  mailbox::v1::MailboxService* service_;
  int64_t account_id_;
  int64_t quota_bytes_;
};

}  // namespace pennypost::cli
