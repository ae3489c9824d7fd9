#include "services/mailbox/core/threads.h"

#include <gtest/gtest.h>

#include "mime/structure.h"
#include "services/mailbox/core/order.h"

namespace pennypost::mailbox {
namespace {

class Threads : public ::testing::Test {
 protected:
  void Add(const std::string& id, std::vector<std::string> references, const std::string& subject,
           bool reply = false, int64_t sent = -1) {
    ThreadMessage message;
    message.uid = static_cast<uint32_t>(messages_.size() + 1);
    message.sent = absl::FromUnixSeconds(sent < 0 ? message.uid : sent);
    message.id = id;
    message.references = std::move(references);
    message.base_subject = subject;
    message.reply = reply;
    messages_.push_back(std::move(message));
  }
  static std::string Text(const std::vector<ThreadNode>& nodes) {
    std::string out;
    for (const ThreadNode& node : nodes)
      out += std::string(node.depth, '.') + std::to_string(node.uid) + " ";
    return out;
  }
  std::string References() { return Text(ThreadByReferences(messages_)); }

  std::vector<ThreadMessage> messages_;
};

TEST_F(Threads, AnswersBelowTheirParents) {
  Add("a", {}, "x");
  Add("b", {"a"}, "x", true);
  Add("c", {"a", "b"}, "x", true);
  Add("d", {"a"}, "x", true);
  Add("e", {}, "y");
  EXPECT_EQ(References(), "1 .2 ..3 .4 5 ");
}

TEST_F(Threads, MissingMessagesHoldTheirAnswersTogether) {
  Add("b", {"gone"}, "x", true);
  Add("c", {"gone"}, "z", true);
  Add("d", {"other"}, "y", true);
  EXPECT_EQ(References(), "0 .1 .2 3 ") << "one answer takes the place of a missing message";
}

TEST_F(Threads, MissingMessageInTheMiddle) {
  Add("a", {}, "x");
  Add("c", {"a", "gone"}, "x", true);
  Add("d", {"a", "gone"}, "x", true);
  EXPECT_EQ(References(), "1 .2 .3 ");
}

TEST_F(Threads, SameSubjectIsOneThread) {
  Add("a", {}, "x", true);
  Add("b", {}, "x");
  Add("c", {}, "x");
  Add("d", {}, "");
  Add("e", {}, "");
  // 5.C: the answer goes below the first that is none; two that are none get a dummy.
  EXPECT_EQ(References(), "0 .2 ..1 .3 4 5 ");
}

TEST_F(Threads, DummiesOfOneSubjectAreJoined) {
  Add("a", {"gone"}, "x");
  Add("b", {"gone"}, "x");
  Add("c", {"lost"}, "x");
  Add("d", {"lost"}, "x");
  Add("e", {}, "x");
  EXPECT_EQ(References(), "0 .1 .2 .3 .4 .5 ");
}

TEST_F(Threads, SortedByDate) {
  Add("a", {}, "x", false, 50);
  Add("b", {"a"}, "x", true, 40);
  Add("c", {"a"}, "x", true, 30);
  Add("d", {}, "y", false, 45);
  EXPECT_EQ(References(), "4 1 .3 .2 ");
}

TEST_F(Threads, LoopsAndDoublesLoseNothing) {
  Add("a", {"c"}, "x");
  Add("b", {"a"}, "y");
  Add("c", {"b", "a"}, "z");
  Add("c", {"c"}, "w");
  Add("", {"d", "d"}, "v");
  Add("self", {"self"}, "u");
  std::vector<uint32_t> uids;
  for (const ThreadNode& node : ThreadByReferences(messages_)) {
    if (node.uid) uids.push_back(node.uid);
  }
  std::sort(uids.begin(), uids.end());
  EXPECT_EQ(uids, (std::vector<uint32_t>{1, 2, 3, 4, 5, 6}));
}

// A chain as long as a mailbox costs neither stack nor minutes.
TEST_F(Threads, LongChain) {
  for (int i = 0; i < 50'000; ++i) {
    std::vector<std::string> references;
    if (i > 0) references.push_back(std::to_string(i - 1));
    Add(std::to_string(i), references, "x", i > 0);
  }
  auto nodes = ThreadByReferences(messages_);
  ASSERT_EQ(nodes.size(), messages_.size());
  EXPECT_EQ(nodes.back().depth, messages_.size() - 1);
}

TEST_F(Threads, OrderedSubject) {
  Add("a", {}, "x", false, 30);
  Add("b", {}, "y", false, 20);
  Add("c", {}, "x", false, 10);
  Add("d", {}, "x", false, 40);
  EXPECT_EQ(Text(ThreadBySubject(messages_)), "3 .1 .4 2 ");
}

class Order : public ::testing::Test {
 protected:
  void Add(uint32_t uid, const std::string& header, int64_t date) {
    rows_.push_back({uid, uid, header.size() + 2, absl::FromUnixSeconds(date), ""});
    headers_[uid] = header + "\r\n";
  }
  Loader Load() {
    return [this](const std::vector<uint32_t>& uids,
                  Store::Want want) -> absl::StatusOr<std::vector<MessageContent>> {
      std::vector<MessageContent> out;
      for (uint32_t uid : uids) {
        if (uid == gone_) continue;
        MessageContent& content = out.emplace_back();
        content.uid = uid;
        content.header = headers_[uid];
        if (want.structure)
          content.structure = mime::Serialize(mime::ParseStructure(headers_[uid]));
      }
      return out;
    };
  }
  std::vector<uint32_t> By(std::vector<std::pair<v1::SortKey::Field, bool>> fields) {
    SortKeys keys;
    for (const auto& [field, reverse] : fields) {
      v1::SortKey* key = keys.Add();
      key->set_field(field);
      key->set_reverse(reverse);
    }
    auto sorted = SortMessages(rows_, keys, Load());
    EXPECT_TRUE(sorted.ok()) << sorted.status();
    std::vector<uint32_t> uids;
    if (!sorted.ok()) return uids;
    for (const MessageRow& row : *sorted) uids.push_back(row.uid);
    return uids;
  }

  std::vector<MessageRow> rows_;
  std::map<uint32_t, std::string> headers_;
  uint32_t gone_ = 0;
};

TEST_F(Order, ByEachKey) {
  using Key = v1::SortKey;
  Add(1, "Date: Sat, 1 Jan 2000 01:00:00 +0200\r\nFrom: Zoe <b@x>\r\nSubject: Re: b\r\n", 30);
  Add(2, "Date: Fri, 31 Dec 1999 23:30:00 +0000\r\nFrom: A@y\r\nTo: k@z\r\nSubject: A\r\n", 10);
  Add(3, "From: =?utf-8?q?=C3=84rger?= <c@z>\r\nCc: grp: a@b;\r\nSubject: [list] B\r\n", 20);
  using Uids = std::vector<uint32_t>;
  EXPECT_EQ(By({{Key::FIELD_ARRIVAL, false}}), (Uids{2, 3, 1}));
  EXPECT_EQ(By({{Key::FIELD_ARRIVAL, true}}), (Uids{1, 3, 2}));
  EXPECT_EQ(By({{Key::FIELD_DATE, false}}), (Uids{3, 1, 2})) << "without Date: INTERNALDATE";
  EXPECT_EQ(By({{Key::FIELD_FROM, false}}), (Uids{2, 1, 3}));
  EXPECT_EQ(By({{Key::FIELD_DISPLAY_FROM, false}}), (Uids{2, 1, 3}));
  EXPECT_EQ(By({{Key::FIELD_SUBJECT, false}, {Key::FIELD_ARRIVAL, false}}), (Uids{2, 3, 1}));
  EXPECT_EQ(By({{Key::FIELD_SUBJECT, true}}), (Uids{1, 3, 2})) << "equals keep their order";
  EXPECT_EQ(By({{Key::FIELD_CC, false}}), (Uids{1, 2, 3}));
  EXPECT_EQ(By({{Key::FIELD_TO, true}}), (Uids{2, 1, 3}));
  EXPECT_EQ(By({{Key::FIELD_SIZE, false}}).size(), 3u);
  gone_ = 1;
  EXPECT_EQ(By({{Key::FIELD_SUBJECT, false}}), (Uids{2, 3}));
  EXPECT_FALSE(SortMessages(rows_, SortKeys(), Load()).ok());
}

// RFC 5256 2.2
TEST_F(Order, SentTime) {
  absl::Time arrival = absl::FromUnixSeconds(7);
  EXPECT_EQ(SentTime("Thu, 1 Jan 1970 01:00:00 +0100", arrival), absl::UnixEpoch());
  EXPECT_EQ(SentTime("2 Jan 1970", arrival), absl::FromUnixSeconds(86400));
  EXPECT_EQ(SentTime("soon", arrival), arrival);
}

TEST_F(Order, ThreadsFromHeaders) {
  Add(1, "Message-ID: <\"a\"@x>\r\nSubject: x\r\n", 1);
  Add(2, "In-Reply-To: <a@x> <z@x>\r\nSubject: Fwd: x\r\n", 2);
  Add(3, "References: <r@x>\r\n <a@x>\r\nIn-Reply-To: <q@x>\r\n", 3);
  auto messages = LoadThreadMessages(rows_, Load());
  ASSERT_TRUE(messages.ok());
  ASSERT_EQ(messages->size(), 3u);
  EXPECT_EQ((*messages)[0].id, "a@x");
  EXPECT_EQ((*messages)[1].references, std::vector<std::string>{"a@x"});
  EXPECT_TRUE((*messages)[1].reply);
  EXPECT_EQ((*messages)[1].base_subject, "x");
  EXPECT_EQ((*messages)[2].references, (std::vector<std::string>{"r@x", "a@x"}));
}

}  // namespace
}  // namespace pennypost::mailbox
