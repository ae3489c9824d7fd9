#include "proxy/proxy_protocol.h"

#include <gtest/gtest.h>

namespace pennypost::proxy {
namespace {

std::string V2(char version_command, char family, std::string_view body) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out.push_back(version_command);
  out.push_back(family);
  out.push_back(static_cast<char>(body.size() >> 8));
  out.push_back(static_cast<char>(body.size()));
  return out.append(body);
}

// Every shorter start of a good header asks for more; what follows it is left alone.
void ExpectGood(const std::string& header, std::string_view client, int port) {
  ProxyHeader parsed;
  size_t length = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    EXPECT_EQ(ParseProxyHeader(header.substr(0, i), parsed, length), ProxyResult::kNeedInput) << i;
  }
  ASSERT_EQ(ParseProxyHeader(header + "EHLO", parsed, length), ProxyResult::kDone) << header;
  EXPECT_EQ(length, header.size());
  EXPECT_EQ(parsed.has_client, !client.empty());
  EXPECT_EQ(parsed.client, client);
  EXPECT_EQ(parsed.client_port, port);
}

TEST(ProxyProtocol, Version1) {
  ExpectGood("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n", "192.0.2.1", 56324);
  ExpectGood("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n", "2001:db8::1", 1);
  ExpectGood("PROXY UNKNOWN\r\n", "", 0);
  ExpectGood("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", 0);
}

TEST(ProxyProtocol, Version2) {
  std::string v4("\xC0\x00\x02\x01\xC6\x33\x64\x01\x12\x34\x00\x19", 12);
  ExpectGood(V2(0x21, 0x11, v4), "192.0.2.1", 0x1234);
  ExpectGood(V2(0x21, 0x11, v4 + "TLV bytes"), "192.0.2.1", 0x1234);
  std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                   std::string(16, '\0') + std::string("\x00\x07\x00\x19", 4);
  ExpectGood(V2(0x21, 0x21, v6), "2001:db8::1", 7);
  ExpectGood(V2(0x20, 0x00, ""), "", 0);
  ExpectGood(V2(0x21, 0x00, "ignored"), "", 0);
}

TEST(ProxyProtocol, Malformed) {
  ProxyHeader header;
  size_t length = 0;
  for (const std::string& bad :
       {std::string("EHLO a\r\n"), std::string("PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n"),
        std::string("PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n"),
        std::string("PROXY TCP4 ::1 ::1 1 2\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n"),
        std::string("PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n"),
        std::string("PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n"), std::string("PROXY\r\n"),
        "PROXY " + std::string(200, 'x'), V2(0x11, 0x11, "123456789012"),
        V2(0x22, 0x11, "123456789012"), V2(0x21, 0x12, "123456789012"),
        V2(0x21, 0x11, "12345678901"), V2(0x21, 0x21, "123456789012"),
        V2(0x21, 0x11, std::string(3000, 'x')), std::string("\r\n\r\nX")}) {
    EXPECT_EQ(ParseProxyHeader(bad, header, length), ProxyResult::kMalformed) << bad;
    EXPECT_FALSE(header.has_client);
  }
}

}  // namespace
}  // namespace pennypost::proxy
