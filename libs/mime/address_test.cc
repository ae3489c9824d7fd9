#include "mime/address.h"

#include <gtest/gtest.h>

#include <ctime>

namespace pennypost::mime {
namespace {

// "name|route|mailbox|host" an entry, "[name" and "]" for groups.
std::string Show(std::string_view field) {
  std::string out;
  for (const Address& address : ParseAddressList(field)) {
    if (!out.empty()) out += ' ';
    switch (address.kind) {
      case Address::Kind::kGroupStart:
        out += "[" + address.mailbox;
        break;
      case Address::Kind::kGroupEnd:
        out += "]";
        break;
      case Address::Kind::kMailbox:
        out += address.name + "|" + address.route + "|" + address.mailbox + "|" + address.host;
    }
  }
  return out;
}

TEST(Address, ReadsEveryForm) {
  struct Row {
    std::string_view field;
    std::string_view expected;
  } rows[] = {
      {"a@b.example", "||a|b.example"},
      {" <a@b>\r\n", "||a|b"},
      {"Ann Lee <ann@b>", "Ann Lee||ann|b"},
      {"\"Lee, Ann\" <ann@b>, c@d", "Lee, Ann||ann|b ||c|d"},
      {"\"q \\\"x\\\"\" <a@b>", "q \"x\"||a|b"},
      {"ann@b (Ann Lee)", "Ann Lee||ann|b"},
      {"Ann (not (this)) Lee <ann@b>", "Ann Lee||ann|b"},
      {"John Q. Public <jq@x>", "John Q. Public||jq|x"},
      {"=?utf-8?Q?J=C3=B6rg?= <j@b>", "=?utf-8?Q?J=C3=B6rg?=||j|b"},
      {"<@a,@b:c@d>", "|@a,@b|c|d"},
      {"\"a b\"@c", "||a b|c"},
      {"a . b @ c . d", "||a . b|c.d"},
      {"team: a@b, \"C\" <c@d>;, e@f", "[team ||a|b C||c|d ] ||e|f"},
      {"undisclosed-recipients:;", "[undisclosed-recipients ]"},
      {"g: a@b", "[g ||a|b ]"},
      {"root", "||root|"},
      {"<>", "|||"},
      {"", ""},
      {",, ,", ""},
      {"a@[192.0.2.1]", "||a|[192.0.2.1]"},
      {"a@[IPv6:2001:db8::1]", "||a|[IPv6:2001:db8::1]"},
      {"Ann <ann@b> junk, c@d", "Ann||ann|b ||c|d"},
      {"\"open <a@b>", "||open <a@b>|"},
      {"<a@b", "||a|b"},
  };
  for (const Row& row : rows) EXPECT_EQ(Show(row.field), row.expected) << row.field;
}

TEST(Address, StopsAtTheLimit) {
  EXPECT_EQ(ParseAddressList("a@b, c@d, e@f", 2).size(), 2u);
}

TEST(Address, HostileFieldsTakeLinearTime) {
  std::string escapes;
  std::string commas;
  for (int i = 0; i < 1 << 19; ++i) {
    escapes += "(\\";
    commas += "a,";
  }
  for (const std::string& field :
       {escapes, commas, std::string(1 << 20, '('), std::string(1 << 20, '<'),
        std::string(1 << 20, '"'), std::string(1 << 20, ':')}) {
    std::clock_t start = std::clock();
    ParseAddressList(field);
    EXPECT_LT(std::clock() - start, 1 * CLOCKS_PER_SEC);
  }
}

}  // namespace
}  // namespace pennypost::mime
