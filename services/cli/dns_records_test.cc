#include "services/cli/dns_records.h"

#include <gtest/gtest.h>

namespace pennypost::cli {
namespace {

TEST(DnsRecords, NamesWhatADomainNeeds) {
  directory::v1::Domain domain;
  domain.set_name("example.test");
  auto* key = domain.add_keys();
  key->set_selector("s1");
  key->set_algorithm("rsa");
  key->set_txt("v=DKIM1; k=rsa; p=" + std::string(392, 'A'));
  std::vector<std::string> lines;
  for (const DnsRecord& record : RecordsOf(domain, {"mx.example.test", "none"}))
    lines.push_back(ZoneLine(record));
  EXPECT_EQ(lines[0], "example.test. 3600 IN MX 10 mx.example.test.");
  EXPECT_EQ(lines[1], "example.test. 3600 IN TXT \"v=spf1 mx -all\"");
  EXPECT_TRUE(lines[2].starts_with("s1._domainkey.example.test. 3600 IN TXT \"v=DKIM1;"));
  EXPECT_NE(lines[2].find("A\" \"A"), std::string::npos) << "255 bytes a string at most";
  for (const std::string& line : lines) EXPECT_EQ(line.find("mta-sts"), std::string::npos);
}

}  // namespace
}  // namespace pennypost::cli
