#pragma once
// DMARC (RFC 9989, RFC 7489) as a step machine, used like SpfEvaluator:
//
//   DmarcEvaluator dmarc(request);
//   while (const DnsQuestion* question = dmarc.Next()) dmarc.Resume(Ask(*question));
//   dmarc.result();
//
// SPF and DKIM have been checked before. Like SPF, evaluation is plain code over the answers known
// so far, run again from its start with each new one.
//
// Invariants: a domain is walked in 8 questions at most (RFC 9989 4.10), a message costs
// `max_queries` at most, and a question is never asked twice. Without an aligned identifier that
// passed there is no pass, whatever DNS says.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/dns.h"

namespace pennypost::mailauth {

// RFC 9989 9.2 (the words of Authentication-Results)
enum class DmarcStatus { kNone, kPass, kFail, kTempError, kPermError };
std::string_view DmarcStatusName(DmarcStatus status);

// The domains of the From field (RFC 9989 5.3.1).
struct DmarcAuthors {
  std::vector<std::string> domains;  // A-labels, lower case, each once
  // No From field, more than one, or one in which an address cannot be read: nothing that such a
  // message shows can pass.
  std::string problem;
};
DmarcAuthors AuthorsOf(const mail::HeaderBlock& block);

// What SPF or DKIM vouches for.
struct DmarcIdentifier {
  std::string domain;  // of MAIL FROM or HELO; d= of a signature
  enum class Outcome { kPass, kTempError, kOther } outcome = Outcome::kOther;
};

struct DmarcRequest {
  DmarcAuthors authors;
  DmarcIdentifier spf;
  std::vector<DmarcIdentifier> dkim;
  int max_queries = 60;
};

struct DmarcResult {
  DmarcStatus status = DmarcStatus::kNone;
  std::string reason;  // of an error or failure
  // What the owner of the domain asks for failing mail: for the domain itself or as a subdomain,
  // one level lower where he is testing (t=y).
  DmarcPolicy policy = DmarcPolicy::kNone;
  std::string author;         // domain that decided
  std::string org_domain;     // its organizational domain
  std::string record_domain;  // where the record was found, empty for none
  DmarcRecord record;
};

class DmarcEvaluator {
 public:
  explicit DmarcEvaluator(DmarcRequest request);

  const DnsQuestion* Next() const { return pending_ ? &*pending_ : nullptr; }
  void Resume(DnsAnswer answer);
  const DmarcResult& result() const { return result_; }

 private:
  // One name on the way up.
  struct Found {
    std::string domain;
    DmarcRecord record;
  };
  struct Walk {
    std::vector<Found> found;  // the longest name first
    std::string org_domain;
    std::string cut_at;  // DNS failed here, above the record of `domain` itself
  };
  // Nothing where a run stops: the answer is missing (`pending_`), or DNS failed (`stopped_`).
  const DnsAnswer* Ask(std::string name, DnsType type);
  std::optional<Walk> WalkUp(const std::string& domain);
  std::optional<bool> Exists(const std::string& domain);
  std::optional<DmarcResult> Judge(const std::string& author);
  std::optional<DmarcPolicy> PolicyFor(const std::string& author, const Found& found);
  std::optional<bool> Aligned(const std::string& domain, const std::string& author,
                              const std::string& org_domain, DmarcAlignment alignment);
  std::optional<DmarcStatus> CheckIdentifiers(const DmarcResult& result);
  std::optional<DmarcStatus> CheckWithoutOrganization(const std::string& author) const;
  void Run();

  DmarcRequest request_;
  std::map<DnsQuestion, DnsAnswer> answers_;
  std::optional<DnsQuestion> pending_;
  std::string stopped_;
  DmarcResult result_;
};

}  // namespace pennypost::mailauth
