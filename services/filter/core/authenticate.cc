#include "services/filter/core/authenticate.h"

#include <algorithm>

#include "mail/header.h"
#include "mailauth/dkim_verify.h"
#include "mailauth/spf.h"

namespace pennypost::filter {
namespace {

constexpr absl::Duration kBudget = absl::Seconds(20);

// Answers the question if there is time left.
net::Awaitable<mailauth::DnsAnswer> AskWithin(DnsAsker& dns, const Clock& clock,
                                              absl::Time deadline, mailauth::DnsQuestion question) {
  absl::Duration left = deadline - clock.Now();
  if (left <= absl::ZeroDuration())
    co_return mailauth::DnsAnswer{mailauth::DnsStatus::kTimeout, {}, false};
  auto ask = dns.Ask(std::move(question), left);
  mailauth::DnsAnswer answer = co_await std::move(ask);
  co_return answer;
}

mailauth::AuthMethod SpfMethod(const mailauth::SpfEvaluator& spf, const SpfInput& input) {
  mailauth::AuthMethod method{"spf", std::string(mailauth::SpfResultName(spf.result())), "", {}};
  bool error = spf.result() == mailauth::SpfResult::kPermError ||
               spf.result() == mailauth::SpfResult::kTempError;
  if (error) method.reason = spf.reason();
  // RFC 8601 2.7.2: the identity that was checked.
  if (spf.checked_helo()) {
    method.properties.push_back({"smtp.helo", input.helo});
  } else {
    method.properties.push_back({"smtp.mailfrom", input.mail_from});
  }
  return method;
}

mailauth::AuthMethod DkimMethod(const mailauth::DkimResult& result) {
  mailauth::AuthMethod method{
      "dkim", std::string(mailauth::DkimStatusName(result.status)), result.reason, {}};
  method.properties = {{"header.d", result.domain}, {"header.s", result.selector}};
  // RFC 6008: enough of b= to tell signatures apart.
  if (!result.signature.empty())
    method.properties.push_back({"header.b", result.signature.substr(0, 8)});
  return method;
}

}  // namespace

net::Awaitable<mailauth::AuthMethod> CheckSpf(DnsAsker& dns, const Clock& clock, SpfInput input) {
  absl::Time now = clock.Now();
  std::optional<mailauth::IpAddress> ip = mailauth::IpAddress::Parse(input.client_ip);
  if (!ip) co_return mailauth::AuthMethod{"spf", "none", "", {}};
  mailauth::SpfRequest request;
  request.ip = *ip;
  request.helo = input.helo;
  request.mail_from = input.mail_from;
  request.receiver = input.receiver;
  request.unix_seconds = absl::ToUnixSeconds(now);
  mailauth::SpfEvaluator spf(std::move(request));
  while (const mailauth::DnsQuestion* question = spf.Next()) {
    auto ask = AskWithin(dns, clock, now + kBudget, *question);
    mailauth::DnsAnswer answer = co_await std::move(ask);
    spf.Resume(std::move(answer));
  }
  co_return SpfMethod(spf, input);
}

net::Awaitable<std::vector<mailauth::AuthMethod>> CheckDkim(DnsAsker& dns, const Clock& clock,
                                                            std::string_view message) {
  absl::Time now = clock.Now();
  size_t body = mail::ParseHeaderBlock(message).size;
  mailauth::DkimVerifyOptions options;
  options.unix_seconds = absl::ToUnixSeconds(now);
  mailauth::DkimVerifier dkim(message.substr(0, body), options);
  dkim.Body(message.substr(body));
  dkim.EndBody();
  while (const mailauth::DnsQuestion* question = dkim.Next()) {
    auto ask = AskWithin(dns, clock, now + kBudget, *question);
    mailauth::DnsAnswer answer = co_await std::move(ask);
    dkim.Resume(answer);
  }
  std::vector<mailauth::AuthMethod> methods;
  for (const mailauth::DkimResult& result : dkim.results()) methods.push_back(DkimMethod(result));
  if (methods.empty()) methods.push_back({"dkim", "none", "", {}});
  co_return methods;
}

}  // namespace pennypost::filter
