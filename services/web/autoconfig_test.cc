#include "services/web/autoconfig.h"

#include <gtest/gtest.h>

namespace pennypost::web {
namespace {

const MailServers kServers{"mail.example.test", 993, 465, 995};

TEST(Autoconfig, ThunderbirdGetsAllServers) {
  std::string xml = ThunderbirdConfig("example.test", kServers);
  EXPECT_NE(xml.find("<domain>example.test</domain>"), std::string::npos);
  EXPECT_NE(xml.find("type=\"imap\""), std::string::npos);
  EXPECT_NE(xml.find("<port>465</port>"), std::string::npos);
  EXPECT_EQ(ThunderbirdConfig("<x>&", kServers).find("<x>"), std::string::npos);
}

TEST(Autoconfig, OutlookAddressIsReadAndChecked) {
  EXPECT_EQ(AddressInAutodiscover("<a><EMailAddress> bob@example.test </EMailAddress></a>"),
            "bob@example.test");
  for (const char* bad : {"", "<EMailAddress>", "<EMailAddress>x</EMailAddress>",
                          "<EMailAddress>a@b\r\n@c</EMailAddress>"}) {
    EXPECT_EQ(AddressInAutodiscover(bad), "") << bad;
  }
  EXPECT_NE(
      OutlookConfig("bob@example.test", kServers).find("<LoginName>bob@example.test</LoginName>"),
      std::string::npos);
}

TEST(Autoconfig, AppleProfileIsStable) {
  EXPECT_EQ(AppleProfile("bob@example.test", kServers), AppleProfile("bob@example.test", kServers));
  EXPECT_NE(AppleProfile("bob@example.test", kServers), AppleProfile("eve@example.test", kServers));
}

TEST(Autoconfig, MtaStsPolicyOfRfc8461) {
  EXPECT_EQ(MtaStsPolicy("enforce", "mx.example.test", 604800),
            "version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmax_age: 604800\r\n");
}

}  // namespace
}  // namespace pennypost::web
