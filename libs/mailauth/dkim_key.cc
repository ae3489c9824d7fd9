#include "mailauth/dkim_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/id.h"
#include "base/status.h"
#include "base/text.h"
#include "mailauth/tag_list.h"

namespace pennypost::mailauth {
namespace {

constexpr size_t kMaxRecord = 4096;
constexpr int kMinRsaBits = 1024;  // RFC 8301 3.2
constexpr int kMaxRsaBits = 4096;

std::shared_ptr<void> Own(EVP_PKEY* key) {
  if (key == nullptr) return nullptr;
  return {key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }};
}

EVP_PKEY* Raw(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The records in use hold a SubjectPublicKeyInfo; RFC 6376 3.6.1 speaks of an RSAPublicKey. Both
// are taken.
EVP_PKEY* RsaFromDer(std::string_view der) {
  const unsigned char* at = Bytes(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  if (key == nullptr) {
    at = Bytes(der);
    key = d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size()));
  }
  ERR_clear_error();
  if (key != nullptr && EVP_PKEY_base_id(key) != EVP_PKEY_RSA) {
    EVP_PKEY_free(key);
    return nullptr;
  }
  return key;
}

bool ListHas(std::string_view list, std::string_view wanted, std::string_view also) {
  for (std::string_view item : ColonList(list)) {
    if (item == wanted || (!also.empty() && item == also)) return true;
  }
  return false;
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

// RFC 8463 3: Ed25519 signs the SHA-256 hash as its message; RSA takes the data and hashes by
// itself.
std::string Message(DkimAlgorithm algorithm, std::string_view data) {
  return algorithm == DkimAlgorithm::kEd25519Sha256 ? Sha256(data) : std::string(data);
}

const EVP_MD* Md(DkimAlgorithm algorithm) {
  return algorithm == DkimAlgorithm::kEd25519Sha256 ? nullptr : EVP_sha256();
}

DkimPublicKey::Parsed Fail(DkimPublicKey::Problem problem) {
  return {std::nullopt, problem};
}

}  // namespace

std::string_view DkimAlgorithmName(DkimAlgorithm algorithm) {
  return algorithm == DkimAlgorithm::kRsaSha256 ? "rsa-sha256" : "ed25519-sha256";
}

std::string_view DkimKeyProblemText(DkimPublicKey::Problem problem) {
  constexpr std::string_view kTexts[] = {"",
                                         "invalid public key",
                                         "key revoked",
                                         "unknown key or hash type",
                                         "key not for mail",
                                         "key too short",
                                         "key too long"};
  return kTexts[static_cast<size_t>(problem)];
}

DkimPublicKey::Parsed DkimPublicKey::Parse(std::string_view record) {
  if (record.size() > kMaxRecord) return Fail(Problem::kOversized);
  std::optional<TagList> tags = TagList::Parse(record);
  if (!tags || !tags->IsFirstOrAbsent("v") || tags->Get("v", "DKIM1") != "DKIM1")
    return Fail(Problem::kSyntax);
  const std::string_view* encoded = tags->Find("p");
  if (encoded == nullptr) return Fail(Problem::kSyntax);
  if (encoded->empty()) return Fail(Problem::kRevoked);
  if (!ListHas(tags->Get("h", "sha256"), "sha256", "")) return Fail(Problem::kAlgorithm);
  if (!ListHas(tags->Get("s", "*"), "*", "email")) return Fail(Problem::kService);

  DkimPublicKey key;
  std::optional<std::string> der = Base64Decode(WithoutSpace(*encoded));
  if (!der) return Fail(Problem::kSyntax);
  std::string_view type = tags->Get("k", "rsa");
  if (type == "rsa") {
    key.key_ = Own(RsaFromDer(*der));
  } else if (type == "ed25519") {
    key.algorithm_ = DkimAlgorithm::kEd25519Sha256;
    key.key_ =
        Own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(*der), der->size()));
    ERR_clear_error();
  } else {
    return Fail(Problem::kAlgorithm);
  }
  if (!key.key_) return Fail(Problem::kSyntax);
  key.bits_ = EVP_PKEY_bits(Raw(key.key_));
  if (type == "rsa" && key.bits_ < kMinRsaBits) return Fail(Problem::kWeak);
  if (type == "rsa" && key.bits_ > kMaxRsaBits) return Fail(Problem::kOversized);
  key.testing_ = ListHas(tags->Get("t"), "y", "");
  key.strict_domain_ = ListHas(tags->Get("t"), "s", "");
  return {std::move(key), Problem::kNone};
}

bool DkimPublicKey::Verify(std::string_view data, std::string_view signature) const {
  Context context(EVP_MD_CTX_new());
  std::string message = Message(algorithm_, data);
  bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, Md(algorithm_), nullptr, Raw(key_)) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

absl::StatusOr<DkimPrivateKey> DkimPrivateKey::Generate(DkimAlgorithm algorithm) {
  constexpr size_t kRsaBits = 2048;
  DkimPrivateKey key;
  key.algorithm_ = algorithm;
  key.key_ = Own(algorithm == DkimAlgorithm::kRsaSha256
                     ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits)
                     : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key.key_) return BugError("key generation failed");
  return key;
}

absl::StatusOr<DkimPrivateKey> DkimPrivateKey::FromPem(std::string_view pem) {
  std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                          &BIO_free);
  // Without a callback OpenSSL would ask a terminal for the pass phrase of an encrypted key.
  pem_password_cb* no_phrase = [](char*, int, int, void*) { return -1; };
  DkimPrivateKey key;
  key.key_ = Own(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, nullptr));
  ERR_clear_error();
  if (!key.key_) return SyntaxError("not a private key in PEM form");
  int type = EVP_PKEY_base_id(Raw(key.key_));
  if (type == EVP_PKEY_ED25519) {
    key.algorithm_ = DkimAlgorithm::kEd25519Sha256;
  } else if (type != EVP_PKEY_RSA || EVP_PKEY_bits(Raw(key.key_)) < kMinRsaBits) {
    return SyntaxError("a DKIM key is RSA of 1024 bits or more, or Ed25519");
  }
  return key;
}

std::string DkimPrivateKey::ToPem() const {
  std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), Raw(key_), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string DkimPrivateKey::PublicRecord() const {
  if (algorithm_ == DkimAlgorithm::kEd25519Sha256) {
    std::string raw(32, '\0');
    size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(Raw(key_), reinterpret_cast<unsigned char*>(raw.data()), &size);
    return "v=DKIM1; k=ed25519; p=" + Base64Encode(raw);
  }
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(Raw(key_), &der);
  std::string record = "v=DKIM1; k=rsa; p=";
  if (size > 0) record += Base64Encode({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return record;
}

std::string DkimPrivateKey::Sign(std::string_view data) const {
  Context context(EVP_MD_CTX_new());
  std::string message = Message(algorithm_, data);
  std::string signature(static_cast<size_t>(EVP_PKEY_size(Raw(key_))), '\0');
  size_t size = signature.size();
  EVP_DigestSignInit(context.get(), nullptr, Md(algorithm_), nullptr, Raw(key_));
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                 Bytes(message), message.size());
  signature.resize(size);
  return signature;
}

std::string DkimZoneLine(std::string_view selector, std::string_view domain,
                         std::string_view record) {
  constexpr size_t kMaxString = 255;
  std::string line = std::string(selector) + "._domainkey." + std::string(domain) + ". IN TXT (";
  for (; !record.empty(); record.remove_prefix(std::min(record.size(), kMaxString))) {
    line += " \"" + std::string(record.substr(0, kMaxString)) + "\"";
  }
  return line + " )";
}

}  // namespace pennypost::mailauth
