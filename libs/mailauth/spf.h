#pragma once
// SPF's check_host() (RFC 7208) as a step machine.
//
//   SpfEvaluator spf(request);
//   while (const DnsQuestion* question = spf.Next()) spf.Resume(Ask(*question));
//   spf.result();
//
// Evaluation is ordinary recursive code over the answers known so far. Where one is missing it
// stops, Next() names it, and Resume() runs the evaluation again from its start: the terms are few
// and parsed records are kept, so that repeating them costs less than a hand-made stack would in
// clarity.
//
// Invariants: at most 10 look-up terms, 2 void look-ups, 10 addresses of an MX or PTR (RFC
// 7208 4.6.4) and `max_queries` questions in all, whatever zones say. A question is never asked
// twice.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mailauth/dns.h"
#include "mailauth/ip.h"
#include "mailauth/spf_record.h"

namespace pennypost::mailauth {

enum class SpfResult { kNone, kNeutral, kPass, kFail, kSoftFail, kTempError, kPermError };

// "pass", "softfail" ...: the words of Authentication-Results (RFC 8601 2.7.2).
std::string_view SpfResultName(SpfResult result);

struct SpfLimits {
  int lookups = 10;
  int void_lookups = 2;
  int addresses = 10;
  // A hostile zone may stay inside every limit of the RFC and still cost a hundred queries a mail.
  int max_queries = 30;
};

struct SpfRequest {
  IpAddress ip;
  std::string helo;
  std::string mail_from;             // without brackets; empty for the null sender
  std::string receiver = "unknown";  // our name, for %{r}
  int64_t unix_seconds = 0;          // for %{t}
  SpfLimits limits = {};
};

class SpfEvaluator {
 public:
  explicit SpfEvaluator(SpfRequest request);

  // The question to answer next; nullptr when the result stands.
  const DnsQuestion* Next() const { return pending_ ? &*pending_ : nullptr; }
  void Resume(DnsAnswer answer);

  SpfResult result() const { return result_; }
  // The domain whose record was checked: of the sender, else of HELO.
  const std::string& domain() const { return domain_; }
  // RFC 7208 2.4: the null sender is checked by its HELO name.
  bool checked_helo() const { return request_.mail_from.empty(); }
  // What the domain's owner wants said to a failing sender; empty for none.
  const std::string& explanation() const { return explanation_; }
  // Why it is a permerror or temperror; which mechanism matched else.
  const std::string& reason() const { return reason_; }

 private:
  void Run();
  const DnsAnswer* Ask(std::string_view name, DnsType type);
  bool CountLookup();
  bool CountVoid(const DnsAnswer& answer);
  std::nullopt_t Stop(SpfResult result, std::string_view why);

  std::optional<SpfResult> CheckHost(const std::string& domain, int depth);
  std::optional<SpfResult> Redirect(const SpfMacroString& target, const std::string& domain,
                                    int depth);
  std::optional<bool> Matches(const SpfDirective& directive, const std::string& domain, int depth);
  std::optional<bool> MatchInclude(const std::string& target, int depth);
  std::optional<bool> MatchAddresses(const std::string& target, const SpfDirective& directive);
  std::optional<bool> MatchMx(const std::string& target, const SpfDirective& directive);
  std::optional<bool> MatchPtr(const std::string& target);
  std::optional<bool> MatchExists(const std::string& target);
  std::optional<std::vector<std::string>> ValidatedNames();
  std::optional<std::string> TargetName(const std::optional<SpfMacroString>& macros,
                                        const std::string& domain);
  std::optional<std::string> Expand(const SpfMacroString& macros, const std::string& domain);
  std::optional<std::string> MacroValue(char letter, const std::string& domain);
  std::optional<std::string> Explain(const SpfMacroString& target, const std::string& domain);
  const SpfRecord* Parsed(const std::string& domain, const std::string& txt);

  SpfRequest request_;
  std::string local_part_, sender_domain_, domain_;
  std::map<DnsQuestion, DnsAnswer> answers_;
  std::map<std::string, std::optional<SpfRecord>> records_;
  std::optional<DnsQuestion> pending_;

  // Of the run under way; each run starts them anew.
  int lookups_ = 0, voids_ = 0;
  std::optional<SpfResult> stopped_;  // an error that ends the whole evaluation
  const SpfMacroString* exp_ = nullptr;
  std::string exp_domain_;

  SpfResult result_ = SpfResult::kNone;
  std::string explanation_, reason_;
};

}  // namespace pennypost::mailauth
