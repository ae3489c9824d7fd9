#pragma once
// All checks of one message as one step machine: SPF, DKIM, ARC, DMARC over what they found, and
// the names of the client (iprev).
//
//   MessageAuth auth(request);
//   while (const DnsQuestion* question = auth.Next()) auth.Resume(Ask(*question));
//   auth.methods();

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/auth_methods.h"

namespace pennypost::mailauth {

struct AuthChecks {
  bool spf = true, dkim = true, arc = true, dmarc = true, iprev = true;
};

struct MessageAuthRequest {
  AuthChecks checks;
  std::optional<IpAddress> ip;  // of the client; without it there is no SPF and no iprev
  std::string helo, mail_from;
  std::string receiver;
  int64_t unix_seconds = 0;
  std::string_view message;  // lives as long as the machine
};

class MessageAuth {
 public:
  explicit MessageAuth(MessageAuthRequest request);
  MessageAuth(const MessageAuth&) = delete;
  MessageAuth& operator=(const MessageAuth&) = delete;

  const DnsQuestion* Next() const;
  void Resume(DnsAnswer answer);

  // In the order of the checks; one for each signature. The chain of a message without ARC is not
  // mentioned.
  const std::vector<AuthMethod>& methods() const { return methods_; }
  const DmarcAuthors& authors() const { return authors_; }
  const DmarcResult& dmarc() const { return dmarc_result_; }
  const ArcResult& arc() const { return arc_result_; }

 private:
  enum class Stage { kSpf, kDkim, kArc, kDmarc, kIprev, kDone };
  void Begin();
  void Finish();
  void Advance();

  MessageAuthRequest request_;
  DmarcAuthors authors_;
  size_t header_size_ = 0;
  Stage stage_ = Stage::kSpf;
  std::unique_ptr<SpfEvaluator> spf_;
  std::unique_ptr<DkimVerifier> dkim_;
  std::unique_ptr<ArcVerifier> arc_;
  std::unique_ptr<DmarcEvaluator> dmarc_;
  std::unique_ptr<IprevEvaluator> iprev_;
  DmarcIdentifier spf_identifier_;
  std::vector<DmarcIdentifier> dkim_identifiers_;
  std::vector<AuthMethod> methods_;
  ArcResult arc_result_;
  DmarcResult dmarc_result_;
};

// What SPF and DKIM found, as DMARC takes it.
DmarcIdentifier IdentifierOf(const SpfEvaluator& spf);
DmarcIdentifier IdentifierOf(const DkimResult& result);

}  // namespace pennypost::mailauth
