#include "s3/sign.h"

#include <gtest/gtest.h>

namespace pennypost::s3 {
namespace {

constexpr absl::Time kFriday = absl::FromUnixSeconds(1369353600);  // 2013-05-24 00:00:00
const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

// The example "GET Bucket (List Objects)" of Amazon's documentation of SigV4 for S3.
TEST(S3Sign, ListsAsInTheDocumentation) {
  Request list{"GET", "examplebucket.s3.amazonaws.com", "/", {}, HexSha256("")};
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  auto headers = Sign(list, kExample, "us-east-1", kFriday);
  EXPECT_EQ(headers["x-amz-date"], "20130524T000000Z");
  EXPECT_EQ(headers["Authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// "GET Bucket Lifecycle": a parameter without a value.
TEST(S3Sign, ParameterWithoutAValue) {
  Request get{"GET", "examplebucket.s3.amazonaws.com", "/", {{"lifecycle", ""}}, HexSha256("")};
  EXPECT_EQ(QueryOf(get), "lifecycle=");
  auto headers = Sign(get, kExample, "us-east-1", kFriday);
  EXPECT_TRUE(headers["Authorization"].ends_with(
      "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
      << headers["Authorization"];
}

TEST(S3Sign, Encodes) {
  EXPECT_EQ(UriEncode("/a b/~-_.é", true), "/a%20b/~-_.%C3%A9");
  EXPECT_EQ(UriEncode("a/b", false), "a%2Fb");
}

}  // namespace
}  // namespace pennypost::s3
