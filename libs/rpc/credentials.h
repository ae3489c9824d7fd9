#pragma once
// Private to rpc: what both sides do with endpoints and certificates.

#include <grpcpp/security/tls_certificate_provider.h>

#include <memory>
#include <string>
#include <string_view>

#include "rpc/channel.h"

namespace pennypost::rpc {

inline bool IsUnix(std::string_view endpoint) {
  return endpoint.starts_with("unix:");
}

inline std::shared_ptr<grpc::experimental::CertificateProviderInterface> WatchFiles(
    const TlsFiles& tls) {
  constexpr unsigned kSecondsBetweenLooks = 10;
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key, tls.certificate, tls.ca, kSecondsBetweenLooks);
}

}  // namespace pennypost::rpc
