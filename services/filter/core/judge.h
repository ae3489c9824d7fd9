#pragma once
// The verdict on a peer, an envelope or a message: limits, authentication, rules, the policy of the
// author's domain, in this order.
//
// The cheap path is cheap: a peer in a trusted network or one that logged in costs neither DNS nor
// Redis.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/filter/core/authenticate.h"
#include "services/filter/core/greylist.h"
#include "services/filter/core/policy.h"
#include "services/filter/core/rate_limiter.h"

namespace pennypost::filter {

struct JudgeOptions {
  mailauth::AuthChecks checks;
  // What is done with mail that fails DMARC where the owner of the domain asks for reject or
  // quarantine.
  Action dmarc_reject = Action::kReject;
  Action dmarc_quarantine = Action::kTag;
  // d= of sealers whose ARC sets are believed: lower case, without the last dot.
  std::vector<std::string> trusted_sealers;
  bool refuse_null_mx = true;
  bool greylisting = false;
  std::vector<net::Cidr> trusted_networks;
  uint32_t connections_per_minute = 0;  // 0: no limit
  uint32_t messages_per_minute = 0;
};

struct Case {
  Stage stage = Stage::kConnection;
  std::string client_ip;
  std::string helo;
  std::string auth_user;  // empty: did not log in
  std::string sender;     // empty: null sender
  std::vector<std::string> recipients;
  std::string_view content;  // at kMessage; lives until the verdict
  std::string authserv_id;
};

struct RemoveField {
  std::string name;
  uint32_t index = 1;  // from the top, counted in the message as it came
};

struct Verdict {
  Action action = Action::kAllow;
  int code = 0;
  std::string enhanced, text;
  std::string rule;
  std::string authentication_results;  // value of the field to put on top; empty for none
  std::vector<RemoveField> remove;     // the last one first
  std::vector<mailauth::AuthMethod> methods;
};

// Thread-safe; references outlive it.
class Judge {
 public:
  Judge(JudgeOptions options, Policy policy, RateLimiter& limiter, Greylist& greylist,
        DnsAsker& dns, const Clock& clock)
      : options_(std::move(options)),
        policy_(std::move(policy)),
        limiter_(limiter),
        greylist_(greylist),
        dns_(dns),
        clock_(clock) {}

  net::Awaitable<Verdict> Decide(Case about);
  // Whether a recipient can be refused at all.
  bool JudgesRecipients() const { return options_.greylisting || !policy_.empty(); }

 private:
  net::Awaitable<bool> WithinLimits(const Case& about, const net::IpAddress& peer);
  net::Awaitable<bool> TakesNoMail(std::string domain);
  net::Awaitable<void> MakeWait(const Case& about, const net::IpAddress& peer, Verdict& verdict);
  // The reply to a message that breaks a rule of mail itself; false where it breaks none.
  net::Awaitable<bool> RefusedAtSight(const Facts& facts, Verdict& verdict);
  // Fills in what the checks found; what the author's domain asks for failing mail.
  net::Awaitable<std::optional<Decision>> CheckAuthentication(const Case& about, bool trusted,
                                                              Verdict& verdict);
  std::optional<Decision> DmarcDecision(const mailauth::MessageAuth& auth) const;
  bool IsTrusted(const mailauth::ArcResult& arc) const;

  const JudgeOptions options_;
  const Policy policy_;
  RateLimiter& limiter_;
  Greylist& greylist_;
  DnsAsker& dns_;
  const Clock& clock_;
};

}  // namespace pennypost::filter
