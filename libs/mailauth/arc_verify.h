#pragma once
// Validation of an ARC chain (RFC 8617 5.2) as a step machine, used like DkimVerifier:
//
//   ArcVerifier arc(header, options);
//   arc.Body(piece) ...; arc.EndBody();
//   while (const DnsQuestion* question = arc.Next()) arc.Resume(Ask(*question));
//   arc.result();
//
// Invariants: a chain that is not in one piece, or whose newest signature has a wrong body hash,
// costs no query; a key is asked for once; at most 50 sets and 256 KiB of them are looked at.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/arc_chain.h"
#include "mailauth/dkim_canon.h"
#include "mailauth/dns.h"

namespace pennypost::mailauth {

struct ArcResult {
  ArcStatus status = ArcStatus::kNone;
  std::string reason;      // of a failure
  bool temporary = false;  // it failed for want of an answer from DNS
  int instances = 0;
  // RFC 8617 5.2: the lowest instance from which on every message signature still verifies; 0 where
  // all do. Of a chain that passes.
  int oldest_pass = 0;
  std::vector<std::string> sealers;  // d= of the seals, the newest first; of a chain that passes
  // The results that the first set keeps say dmarc=pass; of a chain that passes.
  bool first_saw_dmarc_pass = false;
};

struct ArcVerifyOptions {
  int64_t unix_seconds = 0;
};

class ArcVerifier {
 public:
  ArcVerifier(std::string_view header, const ArcVerifyOptions& options);
  ArcVerifier(const ArcVerifier&) = delete;  // holds views into itself
  ArcVerifier& operator=(const ArcVerifier&) = delete;

  void Body(std::string_view bytes);
  void EndBody();
  const DnsQuestion* Next() const { return pending_ ? &*pending_ : nullptr; }
  void Resume(const DnsAnswer& answer);

  const ArcResult& result() const { return result_; }

 private:
  enum class Kind { kNewestSignature, kSeal, kOlderSignature };
  struct Check {
    Kind kind;
    size_t set;
  };
  struct Key {
    DkimPublicKey::Parsed parsed;
    std::string problem;
    bool temporary = false;
  };
  struct Hasher {
    Canon canon;
    std::optional<uint64_t> length;
    BodyHasher hasher;
    std::string hash;
    bool covers_all = false;
  };
  std::string ReadSets(const ArcVerifyOptions& options);
  void AddHasher(const DkimSignature& signature);
  std::string BodyProblem(const DkimSignature& signature) const;
  void CanonicalizeSeals();
  void Advance();
  std::string Verify(const Check& check, const Key& key) const;
  void Fail(std::string reason);

  std::string header_;
  mail::HeaderBlock block_;
  ArcChain chain_;
  std::vector<DkimSignature> signatures_, seals_;  // by set
  std::vector<std::string> signature_problems_;    // of the older sets, where no failure
  std::vector<Hasher> hashers_;
  std::string sealed_;             // all fields of all sets, canonical
  std::vector<size_t> sealed_to_;  // where in it the seal of a set begins
  std::vector<Check> checks_;
  size_t at_ = 0;
  std::map<std::string, Key> keys_;
  std::optional<DnsQuestion> pending_;
  ArcResult result_;
};

}  // namespace pennypost::mailauth
