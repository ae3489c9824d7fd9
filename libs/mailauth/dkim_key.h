#pragma once
// DKIM keys: public ones from DNS, private ones for signing, and how a public key is published.

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::mailauth {

enum class DkimAlgorithm { kRsaSha256, kEd25519Sha256 };

std::string_view DkimAlgorithmName(DkimAlgorithm algorithm);  // "rsa-sha256"

// A key record (RFC 6376 3.6.1) once its syntax stands and its key is fit for use.
class DkimPublicKey {
 public:
  enum class Problem {
    kNone,
    kSyntax,
    kRevoked,    // an empty p=
    kAlgorithm,  // a key or hash type that we do not know
    kService,    // s= leaves mail out
    kWeak,       // RSA under 1024 bits (RFC 8301 3.2)
    kOversized,  // RSA over 4096 bits or a record over 4 KiB: what checking it costs is ours
  };
  struct Parsed;
  static Parsed Parse(std::string_view record);

  DkimAlgorithm algorithm() const { return algorithm_; }
  bool testing() const { return testing_; }              // t=y
  bool strict_domain() const { return strict_domain_; }  // t=s: i= must be at d= itself
  int bits() const { return bits_; }
  // `signature` over `data`, in the way of `algorithm()`.
  bool Verify(std::string_view data, std::string_view signature) const;

 private:
  friend class DkimPrivateKey;
  std::shared_ptr<void> key_;  // EVP_PKEY
  DkimAlgorithm algorithm_ = DkimAlgorithm::kRsaSha256;
  bool testing_ = false;
  bool strict_domain_ = false;
  int bits_ = 0;
};

struct DkimPublicKey::Parsed {
  std::optional<DkimPublicKey> key;  // set where problem is kNone
  Problem problem = Problem::kNone;
};

std::string_view DkimKeyProblemText(DkimPublicKey::Problem problem);

class DkimPrivateKey {
 public:
  // RSA (2048 bits) or Ed25519.
  static absl::StatusOr<DkimPrivateKey> Generate(DkimAlgorithm algorithm);
  // PKCS#8 or traditional PEM, without pass phrase.
  static absl::StatusOr<DkimPrivateKey> FromPem(std::string_view pem);

  DkimAlgorithm algorithm() const { return algorithm_; }
  std::string ToPem() const;
  // The TXT record to publish: "v=DKIM1; k=rsa; p=...".
  std::string PublicRecord() const;
  std::string Sign(std::string_view data) const;

 private:
  std::shared_ptr<void> key_;  // EVP_PKEY
  DkimAlgorithm algorithm_ = DkimAlgorithm::kRsaSha256;
};

// One line of a zone file; a record over 255 bytes becomes several strings (RFC 1035 3.3.14).
std::string DkimZoneLine(std::string_view selector, std::string_view domain,
                         std::string_view record);

}  // namespace pennypost::mailauth
