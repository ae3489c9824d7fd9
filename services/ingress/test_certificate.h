#pragma once
// For tests that speak TLS.

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <string>

namespace pennypost::ingress {

// A certificate of its own making, in two files that go with the object.
class TestCertificate {
 public:
  TestCertificate() {
    std::string base = ::testing::TempDir() + "pp-ingress-" + std::to_string(getpid());
    certificate_file = base + ".crt";
    key_file = base + ".key";
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~TestCertificate() {
    unlink(certificate_file.c_str());
    unlink(key_file.c_str());
  }
  std::string certificate_file;
  std::string key_file;
};

}  // namespace pennypost::ingress
