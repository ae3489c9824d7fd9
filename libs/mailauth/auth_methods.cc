#include "mailauth/auth_methods.h"

namespace pennypost::mailauth {

AuthMethod SpfMethod(const SpfEvaluator& spf, std::string_view helo, std::string_view mail_from) {
  AuthMethod method{"spf", std::string(SpfResultName(spf.result())), "", {}};
  bool error = spf.result() == SpfResult::kPermError || spf.result() == SpfResult::kTempError;
  if (error) method.reason = spf.reason();
  // RFC 8601 2.7.2: the identity that was checked.
  if (spf.checked_helo()) {
    method.properties.push_back({"smtp.helo", std::string(helo)});
  } else {
    method.properties.push_back({"smtp.mailfrom", std::string(mail_from)});
  }
  return method;
}

AuthMethod DkimMethod(const DkimResult& result) {
  AuthMethod method{"dkim", std::string(DkimStatusName(result.status)), result.reason, {}};
  method.properties = {{"header.d", result.domain}, {"header.s", result.selector}};
  // RFC 6008: enough of b= to tell signatures apart.
  if (!result.signature.empty())
    method.properties.push_back({"header.b", result.signature.substr(0, 8)});
  return method;
}

AuthMethod ArcMethod(const ArcResult& result) {
  AuthMethod method{"arc", std::string(ArcStatusName(result.status)), result.reason, {}};
  if (!result.sealers.empty()) {
    method.properties = {{"header.d", result.sealers.front()},
                         {"header.oldest-pass", std::to_string(result.oldest_pass)}};
  }
  return method;
}

AuthMethod DmarcMethod(const DmarcResult& result) {
  AuthMethod method{"dmarc", std::string(DmarcStatusName(result.status)), result.reason, {}};
  if (!result.author.empty()) method.properties.push_back({"header.from", result.author});
  if (result.record_domain.empty()) return method;
  // RFC 9989 9.1
  method.properties.push_back({"polrec.p", std::string(DmarcPolicyName(result.policy))});
  if (result.record_domain != result.author)
    method.properties.push_back({"polrec.domain", result.record_domain});
  // RFC 7489 6.6.4 sampling is no more; that a domain asks for it is worth a word.
  if (result.record.percent < 100)
    method.properties.push_back({"polrec.pct", std::to_string(result.record.percent)});
  return method;
}

AuthMethod IprevMethod(const IprevEvaluator& iprev, const IpAddress& ip) {
  return {"iprev", std::string(iprev.result()), "", {{"policy.iprev", ip.ToString()}}};
}

}  // namespace pennypost::mailauth
