#include <gtest/gtest.h>

#include <absl/time/clock.h>

#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/core/scripts.h"
#include "services/mailbox/core/search.h"

namespace pennypost::mailbox {
namespace {

TEST(Flags, OneSpellingSortedOnce) {
  EXPECT_EQ(*JoinFlags({"work", "\\SEEN", "\\seen", "Work", "$Junk"}), "$Junk \\Seen work");
  EXPECT_EQ(AddFlags("\\Seen", "\\Flagged a"), "\\Flagged \\Seen a");
  EXPECT_EQ(RemoveFlags("\\Flagged \\Seen A", "a \\Seen"), "\\Flagged");
  EXPECT_FALSE(JoinFlags({"\\Recent"}).ok());
  EXPECT_FALSE(JoinFlags({"a b"}).ok());
  EXPECT_FALSE(JoinFlags({""}).ok());
  EXPECT_TRUE(HasFlag("a \\Seen", "\\seen"));
  EXPECT_FALSE(HasFlag("", "a"));
}

TEST(Names, InboxAndLevels) {
  EXPECT_EQ(*CanonicalName("inBox"), "INBOX");
  EXPECT_EQ(*CanonicalName("inbox/a/"), "INBOX/a");
  EXPECT_EQ(*CanonicalName("Inboxes"), "Inboxes");
  for (const char* bad : {"", "/", "a//b", "/a", "a%", "a*", "a\nb", "\xFF"})
    EXPECT_FALSE(CanonicalName(bad).ok()) << bad;
  EXPECT_EQ(ParentOf("a/b/c"), "a/b");
  EXPECT_EQ(ParentOf("a"), "");
}

TEST(Scripts, Names) {
  for (const char* good : {"a", "my rules / 1", "\xC3\xA4", "\xC2\xA0"})
    EXPECT_TRUE(CheckScriptName(good).ok()) << good;
  for (const char* bad : {"", "a\n", "\x7F", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xFF"})
    EXPECT_FALSE(CheckScriptName(bad).ok()) << bad;
  EXPECT_TRUE(CheckScriptName(std::string(512, 'x')).ok());
  EXPECT_FALSE(CheckScriptName(std::string(513, 'x')).ok());
}

TEST(Scripts, ErrorsHaveTheirLines) {
  EXPECT_TRUE(CompileScript("keep;\r\n").ok());
  absl::Status status = CompileScript("keep;\r\nfileinot \"x\";\r\nstopp;\r\n").status();
  EXPECT_EQ(ReasonOf(status), Reason::kSyntax);
  EXPECT_EQ(MessageOf(status),
            "line 2, column 1: unknown command 'fileinot'\n"
            "line 3, column 1: unknown command 'stopp'");
  EXPECT_EQ(ReasonOf(CompileScript(std::string((1 << 20) + 1, ' ')).status()), Reason::kTooBig);
}

TEST(Search, SentDay) {
  EXPECT_EQ(SentDay("Thu, 1 Jan 1970 00:00:00 +0000"), 0);
  EXPECT_EQ(SentDay("2 January 1970"), 1);
  EXPECT_EQ(SentDay("1 Feb 98 10:00"), 10258);
  for (const char* bad : {"", "yesterday", "32 Jan 2020", "1 Foo 2020", "1 Jan"})
    EXPECT_EQ(SentDay(bad), std::nullopt);
}

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() {
    Add(1,
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Fri, 2 Jan 1970 1:00 +0000\r\n\r\nhello "
        "world\r\n",
        "\\Seen", 0);
    Add(2, "Subject: offer\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHdvcmRz\r\n", "",
        86400 * 10);
  }
  void Add(uint32_t uid, const std::string& content, const std::string& flags, int64_t date) {
    rows_.push_back({uid, uid * 10, content.size(), absl::FromUnixSeconds(date), flags});
    contents_[uid] = content;
  }
  std::vector<uint32_t> Find(const v1::SearchKey& key) {
    loads_ = 0;
    auto load = [this](const std::vector<uint32_t>& uids,
                       Store::Want want) -> absl::StatusOr<std::vector<MessageContent>> {
      std::vector<MessageContent> out;
      for (uint32_t uid : uids) {
        ++loads_;
        MessageContent content;
        content.uid = uid;
        content.email_id = "e" + std::to_string(uid);
        content.thread_id = "t";
        content.save_date = absl::FromUnixSeconds(86400 * (uid + 2));
        if (want.content) content.content = contents_[uid];
        if (want.header)
          content.header = contents_[uid].substr(0, contents_[uid].find("\r\n\r\n") + 4);
        out.push_back(content);
      }
      return out;
    };
    auto found = Search(key, rows_, absl::FromUnixSeconds(86400 * 11), load);
    EXPECT_TRUE(found.ok());
    std::vector<uint32_t> uids;
    relevancy_.clear();
    for (const MessageRow& row : *found) {
      uids.push_back(row.uid);
      relevancy_[row.uid] = row.relevancy;
    }
    return uids;
  }
  static v1::SearchKey Key(v1::SearchKey::Op op, const std::string& text = "",
                           const std::string& header = "") {
    v1::SearchKey key;
    key.set_op(op);
    key.set_text(text);
    key.set_header(header);
    return key;
  }

  std::vector<MessageRow> rows_;
  std::map<uint32_t, std::string> contents_;
  std::map<uint32_t, uint32_t> relevancy_;
  int loads_ = 0;
};

TEST_F(SearchTest, RowsAnswerWithoutContent) {
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_FLAG, "\\Seen")), (std::vector<uint32_t>{1}));
  v1::SearchKey since = Key(v1::SearchKey::OP_SINCE);
  since.set_date(5);
  EXPECT_EQ(Find(since), (std::vector<uint32_t>{2}));
  EXPECT_EQ(loads_, 0);
  // The flag decides alone for the first message; only the second one's content is looked at.
  v1::SearchKey both = Key(v1::SearchKey::OP_OR);
  *both.add_children() = Key(v1::SearchKey::OP_FLAG, "\\Seen");
  *both.add_children() = Key(v1::SearchKey::OP_BODY, "hidden");
  EXPECT_EQ(Find(both), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(loads_, 1);
}

// RFC 6203
TEST_F(SearchTest, FuzzyWordsAndTheirRelevancy) {
  auto fuzzy = [](v1::SearchKey key) {
    key.set_fuzzy(true);
    return key;
  };
  Add(3, "Subject: Running late\r\n\r\nsorry\r\n", "", 0);
  Add(4, "Subject: sorry\r\n\r\nI run, he runs, all are running\r\n", "", 0);
  Add(5, "Subject: trunk\r\n\r\nbrunch\r\n", "\\Seen", 0);
  EXPECT_EQ(Find(fuzzy(Key(v1::SearchKey::OP_TEXT, "runs"))), (std::vector<uint32_t>{3, 4}));
  EXPECT_GT(relevancy_[3], relevancy_[4]) << "a subject tells more than a text";
  EXPECT_LE(relevancy_[3], 100u);
  EXPECT_EQ(Find(fuzzy(Key(v1::SearchKey::OP_BODY, "run"))), (std::vector<uint32_t>{4}));
  EXPECT_EQ(Find(fuzzy(Key(v1::SearchKey::OP_HEADER, "late running", "subject"))),
            (std::vector<uint32_t>{3}));
  EXPECT_EQ(relevancy_[3], 100u);
  EXPECT_EQ(Find(fuzzy(Key(v1::SearchKey::OP_HEADER, "GRUSSE", "subject"))),
            (std::vector<uint32_t>{1}));
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_TEXT, "runs")), (std::vector<uint32_t>{4})) << "exact ones";
  EXPECT_EQ(relevancy_[4], 0u);
  v1::SearchKey either = Key(v1::SearchKey::OP_OR);
  *either.add_children() = Key(v1::SearchKey::OP_FLAG, "\\Seen");
  *either.add_children() = fuzzy(Key(v1::SearchKey::OP_TEXT, "run"));
  EXPECT_EQ(Find(either), (std::vector<uint32_t>{1, 3, 4, 5}));
  EXPECT_EQ(relevancy_[5], 1u);
  // Without a word there is nothing to be fuzzy about.
  EXPECT_EQ(Find(fuzzy(Key(v1::SearchKey::OP_BODY, ", "))), (std::vector<uint32_t>{4}));
  EXPECT_EQ(Find(fuzzy(Key(v1::SearchKey::OP_HEADER, "", "Date"))), (std::vector<uint32_t>{1}));
}

TEST_F(SearchTest, TextIsDecodedAndCaseDoesNotMatter) {
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_HEADER, "GR\xC3\x9CSSE", "subject")),
            (std::vector<uint32_t>{1}));
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_BODY, "HIDDEN WORDS")), (std::vector<uint32_t>{2}));
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_TEXT, "offer")), (std::vector<uint32_t>{2}));
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_HEADER, "", "Date")), (std::vector<uint32_t>{1}));
  v1::SearchKey sent = Key(v1::SearchKey::OP_SENT_ON);
  sent.set_date(1);
  EXPECT_EQ(Find(sent), (std::vector<uint32_t>{1}));
  v1::SearchKey negated = Key(v1::SearchKey::OP_NOT);
  *negated.add_children() = Key(v1::SearchKey::OP_BODY, "hello");
  EXPECT_EQ(Find(negated), (std::vector<uint32_t>{2}));
}

// RFC 8474 6, RFC 8514 4.3
TEST_F(SearchTest, IdsAndSaveDates) {
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_EMAIL_ID, "e2")), (std::vector<uint32_t>{2}));
  EXPECT_EQ(Find(Key(v1::SearchKey::OP_THREAD_ID, "t")), (std::vector<uint32_t>{1, 2}));
  EXPECT_TRUE(Find(Key(v1::SearchKey::OP_THREAD_ID, "T")).empty());
  v1::SearchKey saved = Key(v1::SearchKey::OP_SAVED_BEFORE);
  saved.set_date(4);
  EXPECT_EQ(Find(saved), (std::vector<uint32_t>{1}));
  saved.set_op(v1::SearchKey::OP_SAVED_ON);
  EXPECT_EQ(Find(saved), (std::vector<uint32_t>{2}));
  saved.set_op(v1::SearchKey::OP_SAVED_SINCE);
  EXPECT_EQ(Find(saved), (std::vector<uint32_t>{2}));
}

TEST_F(SearchTest, TooDeepIsRefused) {
  v1::SearchKey key = Key(v1::SearchKey::OP_ALL);
  for (int i = 0; i < 60; ++i) {
    v1::SearchKey outer = Key(v1::SearchKey::OP_NOT);
    *outer.add_children() = key;
    key = outer;
  }
  auto load = [](const auto&, Store::Want) {
    return absl::StatusOr<std::vector<MessageContent>>();
  };
  EXPECT_FALSE(Search(key, rows_, absl::Now(), load).ok());
}

}  // namespace
}  // namespace pennypost::mailbox
