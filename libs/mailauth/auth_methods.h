#pragma once
// What each check found, in the words of Authentication-Results (RFC 8601).

#include <string_view>

#include "mailauth/arc_verify.h"
#include "mailauth/auth_results.h"
#include "mailauth/dkim_verify.h"
#include "mailauth/dmarc.h"
#include "mailauth/iprev.h"
#include "mailauth/spf.h"

namespace pennypost::mailauth {

AuthMethod SpfMethod(const SpfEvaluator& spf, std::string_view helo, std::string_view mail_from);
AuthMethod DkimMethod(const DkimResult& result);
AuthMethod ArcMethod(const ArcResult& result);
AuthMethod DmarcMethod(const DmarcResult& result);
AuthMethod IprevMethod(const IprevEvaluator& iprev, const IpAddress& ip);

}  // namespace pennypost::mailauth
