#include "mail/address.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace pennypost::mail {
namespace {

constexpr char kRefused[] = "-";

struct Row {
  std::string_view text;
  std::string_view local;  // kRefused: no address
  std::string_view domain = "";
};

void Check(const Row& row, Utf8Policy utf8) {
  auto address = ParseAddress(row.text, utf8);
  if (row.local == kRefused) {
    EXPECT_FALSE(address.ok()) << row.text << " gave " << address->ToString();
    return;
  }
  ASSERT_TRUE(address.ok()) << row.text << ": " << address.status();
  EXPECT_EQ(address->local_part, row.local) << row.text;
  EXPECT_EQ(address->domain, row.domain) << row.text;
  auto again = ParseAddress(address->ToString(), utf8);
  ASSERT_TRUE(again.ok()) << address->ToString();
  EXPECT_EQ(*again, *address) << row.text;
}

// RFC 5321 4.1.2
TEST(Address, AcceptsTheGrammarAndNothingElse) {
  const Row kRows[] = {
      {"bob@example.org", "bob", "example.org"},
      {"Bob@EXAMPLE.Org", "Bob", "example.org"},
      {"a.b.c@x", "a.b.c", "x"},
      {"a+tag@x.y", "a+tag", "x.y"},
      {"!#$%&'*+-/=?^_`{|}~@x", "!#$%&'*+-/=?^_`{|}~", "x"},
      {"\"bob\"@x", "bob", "x"},
      {"\"b o b\"@x", "b o b", "x"},
      {"\"\\b\\o\\b\"@x", "bob", "x"},
      {"\"a\\\"b\\\\c\"@x", "a\"b\\c", "x"},
      {"\"a@b\"@x", "a@b", "x"},
      {"\"a>b\"@x", "a>b", "x"},
      {"\".a\"@x", ".a", "x"},
      {"\"a..b\"@x", "a..b", "x"},
      {"u%r@local", "u%r", "local"},
      {"r!u@local", "r!u", "local"},
      {"\"u@r\"@local", "u@r", "local"},
      {"a@1.2.3.4", "a", "1.2.3.4"},
      {"a@x-y.z", "a", "x-y.z"},
      {"a@xn--bcher-kva.example", "a", "xn--bcher-kva.example"},
      {"", kRefused},
      {"bob", kRefused},
      {"@x", kRefused},
      {"bob@", kRefused},
      {"bob@@x", kRefused},
      {"a@b@c", kRefused},
      {"bob @x", kRefused},
      {"bob@ x", kRefused},
      {" bob@x", kRefused},
      {"bob@x ", kRefused},
      {".bob@x", kRefused},
      {"bob.@x", kRefused},
      {"b..b@x", kRefused},
      {"bob@x.", kRefused},
      {"bob@.x", kRefused},
      {"bob@x..y", kRefused},
      {"bob@-x", kRefused},
      {"bob@x-", kRefused},
      {"bob@x-.y", kRefused},
      {"bob@x_y", kRefused},
      {"bob@x,y", kRefused},
      {"bob@x/y", kRefused},
      {"bob@x\\y", kRefused},
      {"bob@x(c)", kRefused},
      {"(c)bob@x", kRefused},
      {"b(c)b@x", kRefused},
      {"a,b@x", kRefused},
      {"a;b@x", kRefused},
      {"a:b@x", kRefused},
      {"a b@x", kRefused},
      {"<a@x>", kRefused},
      {"a@x>", kRefused},
      {"a[b@x", kRefused},
      {"\"\"@x", kRefused},
      {"\"a@x", kRefused},
      {"a\"b\"@x", kRefused},
      {"\"a\"b@x", kRefused},
      {"\"a\".b@x", kRefused},
      {"\"a\\", kRefused},
      {"\"a\tb\"@x", kRefused},
      {"\"a\\\tb\"@x", kRefused},
      {"a\r\nb@x", kRefused},
      {std::string_view("a\0b@x", 5), kRefused},
      {std::string_view("ab@x\0", 5), kRefused},
      {"@a,@b:u@r", kRefused},
      {"@a:u@r", kRefused},
      {"u@r%local", kRefused},
      {"u\xEF\xBC\xA0r@local", kRefused},
      {"a@b\xC3\xBC"
       "cher.example",
       kRefused},
      {"a\x7F@x", kRefused},
  };
  for (const Row& row : kRows) Check(row, Utf8Policy::kRefuse);
}

// RFC 5321 4.1.3
TEST(Address, LiteralsAreFlaggedAndCanonical) {
  const Row kRows[] = {
      {"a@[192.0.2.1]", "a", "[192.0.2.1]"},
      {"a@[IPv6:2001:DB8:0:0::1]", "a", "[IPv6:2001:db8::1]"},
      {"a@[ipv6:::1]", "a", "[IPv6:::1]"},
      {"a@[192.0.2.256]", kRefused},
      {"a@[192.0.2]", kRefused},
      {"a@[2001:db8::1]", kRefused},
      {"a@[IPv6:192.0.2.1]", kRefused},
      {"a@[]", kRefused},
      {"a@[192.0.2.1", kRefused},
      {"a@192.0.2.1]", kRefused},
      {"a@[192.0.2.1].x", kRefused},
      {"a@[x400:abc]", kRefused},
      {std::string_view("a@[192.0.2.1\0]", 14), kRefused},
  };
  for (const Row& row : kRows) Check(row, Utf8Policy::kRefuse);
  EXPECT_TRUE(ParseAddress("a@[192.0.2.1]")->is_literal);
  EXPECT_FALSE(ParseAddress("a@192.0.2.1")->is_literal);
}

// RFC 6531 3.3
TEST(Address, Utf8OnlyWhenAsked) {
  const Row kRows[] = {
      {"j\xC3\xBCrgen@example.org", "j\xC3\xBCrgen", "example.org"},
      {"\"j\xC3\xBC r\"@example.org", "j\xC3\xBC r", "example.org"},
      {"a@b\xC3\xBC"
       "cher.example",
       "a", "xn--bcher-kva.example"},
      {"a@B\xC3\x9C"
       "CHER.example",
       "a", "xn--bcher-kva.example"},
      {"a@\xE4\xBE\x8B\xE5\xAD\x90.example", "a", "xn--fsqu00a.example"},
      {"u\xEF\xBC\xA0r@local", "u\xEF\xBC\xA0r", "local"},
      {"j\xFCrgen@example.org", kRefused},
      {"a@b\xFC"
       "cher.example",
       kRefused},
      {"a@x\xC2\xA0y", kRefused},
      {"a@x\xEF\xBC\xA0y", kRefused},
      {"a@x\xEF\xBC\x8Fy", kRefused},
  };
  for (const Row& row : kRows) Check(row, Utf8Policy::kAllow);
  EXPECT_TRUE(ParseAddress("j\xC3\xBC@x", Utf8Policy::kAllow)->NeedsUtf8());
  EXPECT_FALSE(ParseAddress("a@b\xC3\xBC.x", Utf8Policy::kAllow)->NeedsUtf8());
}

// RFC 5321 4.5.3.1
TEST(Address, Limits) {
  auto text = [](size_t local, size_t domain) {
    std::string out(local, 'a');
    out.push_back('@');
    std::string name;
    while (name.size() < domain) name += name.size() % 64 == 63 ? '.' : 'b';
    return out + name;
  };
  EXPECT_TRUE(ParseAddress(text(64, 100)).ok());
  EXPECT_FALSE(ParseAddress(text(65, 100)).ok());
  EXPECT_TRUE(ParseAddress(text(1, 252)).ok());
  EXPECT_FALSE(ParseAddress(text(2, 252)).ok());
  EXPECT_FALSE(ParseAddress("a@" + std::string(64, 'b')).ok());
  EXPECT_TRUE(ParseAddress("a@" + std::string(63, 'b')).ok());
  // An IDN that grows as A-labels is measured as it will be written.
  std::string idn = "a@";
  for (int i = 0; i < 26; ++i) idn += "\xC3\xBC\xC3\xB6\xC3\xA4\xC3\xBC.";
  EXPECT_FALSE(ParseAddress(idn + "example", Utf8Policy::kAllow).ok());
}

TEST(Path, NullSenderAndPostmaster) {
  auto null_sender = ParsePath("<> SIZE=1", PathKind::kReverse);
  ASSERT_TRUE(null_sender.ok());
  EXPECT_FALSE(null_sender->address);
  EXPECT_EQ(null_sender->rest, " SIZE=1");
  EXPECT_FALSE(ParsePath("<>", PathKind::kForward).ok());

  auto postmaster = ParsePath("<PostMaster>", PathKind::kForward);
  ASSERT_TRUE(postmaster.ok());
  EXPECT_EQ(postmaster->address->ToString(), "postmaster");
  EXPECT_FALSE(ParsePath("<postmaster>", PathKind::kReverse).ok());
  EXPECT_FALSE(ParsePath("<hostmaster>", PathKind::kForward).ok());
}

TEST(Path, EndsAtItsBracketOnly) {
  auto path = ParsePath("<\"a> b\"@x> NOTIFY=NEVER", PathKind::kForward);
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(path->address->local_part, "a> b");
  EXPECT_EQ(path->rest, " NOTIFY=NEVER");
  for (std::string_view bad : {"a@x", "<a@x", "<@r:a@x>", "<@r,@s:a@x>", "< a@x>", "<a@x >",
                               "<<a@x>>", "", "<", "<a>", "<a@x,b@y>"}) {
    EXPECT_FALSE(ParsePath(bad, PathKind::kForward).ok()) << bad;
  }
}

TEST(Domain, Normalizes) {
  EXPECT_EQ(*NormalizeDomain("Example.ORG"), "example.org");
  EXPECT_EQ(*NormalizeDomain("b\xC3\xBC"
                             "cher.example"),
            "xn--bcher-kva.example");
  for (std::string_view bad : {"", ".", "a.", "a b", "[192.0.2.1]", "a_b"}) {
    EXPECT_FALSE(NormalizeDomain(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace pennypost::mail
