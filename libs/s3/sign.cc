#include "s3/sign.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/id.h"

namespace pennypost::s3 {
namespace {

std::string Hex(std::string_view bytes) {
  std::string out;
  for (char byte : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return out;
}

std::string Hmac(std::string_view key, std::string_view data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash);
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

std::string QueryOf(const Request& request) {
  std::string out;
  for (const auto& [name, value] : request.query) {
    if (!out.empty()) out += '&';
    out += UriEncode(name, false) + "=" + UriEncode(value, false);
  }
  return out;
}

std::string HexSha256(std::string_view data) {
  return Hex(Sha256(data));
}

std::map<std::string, std::string> Sign(const Request& request, const Credentials& credentials,
                                        std::string_view region, absl::Time now) {
  std::string stamp = absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone());
  std::string day = stamp.substr(0, 8);
  constexpr std::string_view kSigned = "host;x-amz-content-sha256;x-amz-date";
  std::string canonical =
      fmt::format("{}\n{}\n{}\nhost:{}\nx-amz-content-sha256:{}\nx-amz-date:{}\n\n{}\n{}",
                  request.method, UriEncode(request.path, true), QueryOf(request), request.host,
                  request.payload_sha256, stamp, kSigned, request.payload_sha256);
  std::string scope = fmt::format("{}/{}/s3/aws4_request", day, region);
  std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp, scope, HexSha256(canonical));
  std::string key = Hmac("AWS4" + credentials.secret_key, day);
  key = Hmac(key, region);
  key = Hmac(key, "s3");
  key = Hmac(key, "aws4_request");
  return {{"Authorization",
           fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                       credentials.access_key, scope, kSigned, Hex(Hmac(key, to_sign)))},
          {"x-amz-content-sha256", request.payload_sha256},
          {"x-amz-date", stamp}};
}

}  // namespace pennypost::s3
