#include "imap/mailbox_view.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

MessageState Message(uint32_t uid, uint64_t modseq = 1, Flags flags = {}) {
  return {uid, modseq, 10, 0, std::move(flags)};
}

MailboxView TenTwentyThirty() {
  MailboxView view(MailboxView::Info{});
  view.Load({{}, {"\\Seen"}}, {{10, 10, 1, 0, 0}, {20, 10, 1, 0, 1}, {30, 10, 1, 0, 0}});
  return view;
}

NumberSet Set(std::vector<NumberRange> ranges) {
  return {std::move(ranges), false};
}

TEST(MailboxView, CopiesShareUntilOneChanges) {
  MailboxView opened = TenTwentyThirty();
  MailboxView copy = opened;
  EXPECT_EQ(&copy.FlagsAt(0), &opened.FlagsAt(0));
  copy.Change(Message(10, 2, {"\\Flagged"}));
  copy.Vanish({30});
  EXPECT_EQ(copy.FlagsAt(0), Flags{"\\Flagged"});
  EXPECT_EQ(opened.FlagsAt(0), Flags{});
  EXPECT_FALSE(opened.IsGone(2));
  EXPECT_FALSE(opened.HasUpdates(Expunges::kReport));
}

TEST(MailboxView, SettledChangesAreNoNews) {
  MailboxView view = TenTwentyThirty();
  view.Change(Message(10, 2, {"\\Flagged"}));
  view.Change(Message(40));
  view.Vanish({20});
  view.Settle();
  EXPECT_FALSE(view.HasUpdates(Expunges::kReport));
  EXPECT_EQ(view.TakeUpdates(Expunges::kReport, {}), "");
  ASSERT_EQ(view.size(), 3u);
  EXPECT_EQ(view.uid_at(1), 30u);
  EXPECT_EQ(view.FlagsAt(0), Flags{"\\Flagged"});
}

TEST(MailboxView, ReportsOnce) {
  MailboxView view = TenTwentyThirty();
  EXPECT_FALSE(view.HasUpdates(Expunges::kReport));
  view.Change(Message(40));
  view.Change(Message(10, 5, {"\\Seen", "x"}));
  view.Vanish({20, 99});
  EXPECT_EQ(view.TakeUpdates(Expunges::kHold, {}),
            "* 1 FETCH (FLAGS (\\Seen x))\r\n* 4 EXISTS\r\n");
  EXPECT_EQ(view.uid_at(1), 20u);
  EXPECT_TRUE(view.IsGone(1));
  EXPECT_EQ(view.TakeUpdates(Expunges::kHold, {}), "");
  EXPECT_EQ(view.TakeUpdates(Expunges::kReport, {}), "* 2 EXPUNGE\r\n");
  EXPECT_EQ(view.TakeUpdates(Expunges::kReport, {}), "");
  EXPECT_EQ(view.uid_at(1), 30u);
  EXPECT_EQ(view.KeywordsInUse(), std::vector<std::string>{"x"});
}

TEST(MailboxView, ModseqAndUidWhereAskedFor) {
  MailboxView view = TenTwentyThirty();
  view.Change(Message(30, 7));
  EXPECT_EQ(view.TakeUpdates(Expunges::kHold, {.modseq = true, .uid = true}),
            "* 3 FETCH (UID 30 FLAGS () MODSEQ (7))\r\n");
}

TEST(MailboxView, OwnAndOldChangesAreNotNews) {
  MailboxView view = TenTwentyThirty();
  view.Change(Message(10, 5, {"\\Flagged"}), MailboxView::Origin::kOwn);
  view.Change(Message(10, 4, {}));
  view.Change(Message(10, 5, {"\\Flagged"}));
  EXPECT_EQ(view.TakeUpdates(Expunges::kReport, {}), "");
  EXPECT_EQ(view.FlagsAt(0), Flags{"\\Flagged"});
  // A message that the client was told is gone does not come back.
  view.Vanish({20});
  view.TakeUpdates(Expunges::kReport, {});
  view.Change(Message(20, 3));
  EXPECT_EQ(view.size(), 2u);
}

TEST(MailboxView, ExpungesFromTheTop) {
  MailboxView view = TenTwentyThirty();
  view.Vanish({10, 30});
  view.Change(Message(40));
  view.Vanish({40});  // came and went unseen
  EXPECT_EQ(view.TakeUpdates(Expunges::kReport, {}), "* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n");
  EXPECT_EQ(view.size(), 1u);
}

TEST(MailboxView, ResolvesSets) {
  MailboxView view = TenTwentyThirty();
  using Indexes = std::vector<size_t>;
  EXPECT_EQ(*view.Resolve(Set({{1, kStar}}), Numbers::kSequence), (Indexes{0, 1, 2}));
  EXPECT_EQ(*view.Resolve(Set({{kStar, 2}, {1, 1}, {2, 3}}), Numbers::kSequence),
            (Indexes{0, 1, 2}));
  EXPECT_EQ(*view.Resolve(Set({{kStar, kStar}}), Numbers::kSequence), (Indexes{2}));
  EXPECT_FALSE(view.Resolve(Set({{4, 4}}), Numbers::kSequence).ok());
  EXPECT_EQ(*view.Resolve(Set({{11, 29}, {30, 30}}), Numbers::kUid), (Indexes{1, 2}));
  EXPECT_EQ(*view.Resolve(Set({{31, kStar}}), Numbers::kUid), (Indexes{2}));  // RFC 9051 6.4.9
  EXPECT_EQ(*view.Resolve(Set({{1, 4294967295}}), Numbers::kUid), (Indexes{0, 1, 2}));
  EXPECT_EQ(*view.Resolve(Set({{31, 40}}), Numbers::kUid), Indexes{});
  MailboxView empty(MailboxView::Info{});
  EXPECT_EQ(*empty.Resolve(Set({{1, kStar}}), Numbers::kUid), Indexes{});
  EXPECT_FALSE(empty.Resolve(Set({{1, kStar}}), Numbers::kSequence).ok());
  view.SaveSearch({20, 25, 30});
  EXPECT_EQ(*view.Resolve({{}, true}, Numbers::kSequence), (Indexes{1, 2}));
  EXPECT_EQ(view.FirstUnseen(), 1u);
}

}  // namespace
}  // namespace pennypost::imap
