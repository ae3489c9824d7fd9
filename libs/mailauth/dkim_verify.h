#pragma once
// DKIM verification (RFC 6376 6, RFC 8301, RFC 8463) as a step machine.
//
//   DkimVerifier dkim(header, options);         // the header block with its empty line
//   dkim.Body(piece) ...; dkim.EndBody();       // the body as it comes in
//   while (const DnsQuestion* question = dkim.Next()) dkim.Resume(Ask(*question));
//   dkim.results();
//
// Invariants: only the topmost `max_signatures` signatures cost anything; a signature whose body
// hash is wrong costs no query; one without From in h= never passes; one that leaves a part of the
// body or a second From, Subject, To ... unsigned never passes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header.h"
#include "mailauth/dkim_canon.h"
#include "mailauth/dkim_key.h"
#include "mailauth/dkim_signature.h"
#include "mailauth/dns.h"

namespace pennypost::mailauth {

// RFC 8601 2.7.1
enum class DkimStatus { kNone, kPass, kFail, kPolicy, kNeutral, kTempError, kPermError };
std::string_view DkimStatusName(DkimStatus status);

struct DkimResult {
  DkimStatus status = DkimStatus::kNone;
  std::string reason;     // why it is no pass; empty else
  std::string domain;     // d=, canonical
  std::string selector;   // s=
  std::string identity;   // i=, "@" and d= where absent
  std::string algorithm;  // a=
  std::string signature;  // b= without white space: tells replays, and its start goes to header.b
  bool testing = false;   // t=y of the key
  bool secure = false;    // the key came with DNSSEC
};

struct DkimVerifyOptions {
  int64_t unix_seconds = 0;
  int max_signatures = 5;
  int64_t clock_skew = 3600;  // how far ahead a signer's clock may be
};

class DkimVerifier {
 public:
  DkimVerifier(std::string_view header, const DkimVerifyOptions& options);
  DkimVerifier(const DkimVerifier&) = delete;  // holds views into itself
  DkimVerifier& operator=(const DkimVerifier&) = delete;

  void Body(std::string_view bytes);
  void EndBody();
  // The key to look up next, after EndBody; nullptr when all results stand.
  const DnsQuestion* Next() const { return pending_ ? &*pending_ : nullptr; }
  void Resume(const DnsAnswer& answer);

  // One for each signature looked at, in the order of the message. Empty for an unsigned message.
  std::vector<DkimResult> results() const;
  // Signatures beyond the limit, none of them checked: "policy". At most a hundred.
  const std::vector<DkimResult>& ignored() const { return ignored_; }

 private:
  struct Signature {
    DkimResult result;
    mail::HeaderField field;
    DkimSignature parsed;
    size_t hasher = 0;
  };
  void Ignore(const mail::HeaderField& field);
  void Read(Signature& signature, const DkimVerifyOptions& options) const;
  std::string_view UnsignedDouble(const DkimSignature& signature) const;
  void AssignHasher(Signature& signature);
  void AskNext();
  void Check(Signature& signature, const DnsAnswer& answer) const;

  struct Hasher {
    Canon canon;
    std::optional<uint64_t> length;
    BodyHasher hasher;
    std::string hash;
  };
  std::string header_;
  mail::HeaderBlock block_;
  std::vector<Signature> signatures_;
  std::vector<Hasher> hashers_;
  std::optional<DnsQuestion> pending_;
  size_t at_ = 0;  // the signature whose key is asked for
  std::vector<DkimResult> ignored_;
};

// Of the records at the name of a key, the first that is a key (RFC 6376 3.6.2.2 leaves several
// undefined); what is wrong with the first record where none is one.
DkimPublicKey::Parsed KeyOf(const DnsAnswer& answer);

}  // namespace pennypost::mailauth
