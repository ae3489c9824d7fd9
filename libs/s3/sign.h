#pragma once
// AWS Signature Version 4 for S3. Ours, since what Debian 12's libcurl 7.88 signs with
// CURLOPT_AWS_SIGV4 is not what a server with a query string ("?uploads", "?list-type=2&prefix=")
// computes: it neither sorts nor completes the parameters.

#include <absl/time/time.h>

#include <map>
#include <string>
#include <string_view>

namespace pennypost::s3 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
};

struct Request {
  std::string method;                        // GET
  std::string host;                          // as in the Host header, with the port if it is there
  std::string path;                          // "/bucket/key", not encoded
  std::map<std::string, std::string> query;  // not encoded
  std::string payload_sha256;                // hex
};

// RFC 3986 2.3 unreserved stay; slashes too where `keep_slash`.
std::string UriEncode(std::string_view text, bool keep_slash);
// The query as it is sent, in the order that is signed.
std::string QueryOf(const Request& request);
std::string HexSha256(std::string_view data);

// The headers to send: Authorization, x-amz-date, x-amz-content-sha256.
std::map<std::string, std::string> Sign(const Request& request, const Credentials& credentials,
                                        std::string_view region, absl::Time now);

}  // namespace pennypost::s3
