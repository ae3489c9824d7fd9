#include "services/access/imap/view_cache.h"

#include <gtest/gtest.h>

namespace pennypost::access {
namespace {

imap::MailboxView Of(int64_t mailbox_id, uint32_t messages) {
  imap::MailboxView view(imap::MailboxView::Info{1, mailbox_id, "INBOX", 1, messages + 1, 1});
  std::vector<imap::MailboxView::Row> rows;
  for (uint32_t uid = 1; uid <= messages; ++uid) rows.push_back({uid, 10, 1, 0, 0});
  view.Load({{}}, rows);
  return view;
}

TEST(ViewCache, FindsByAccountAndName) {
  ViewCache cache(1 << 20);
  EXPECT_FALSE(cache.Find(1, "INBOX"));
  cache.Put(1, "INBOX", Of(7, 3));
  ASSERT_TRUE(cache.Find(1, "INBOX"));
  EXPECT_EQ(cache.Find(1, "INBOX")->info().mailbox_id, 7);
  EXPECT_FALSE(cache.Find(2, "INBOX"));
  EXPECT_FALSE(cache.Find(1, "Sent"));
  cache.Put(1, "INBOX", Of(8, 2));
  EXPECT_EQ(cache.Find(1, "INBOX")->info().mailbox_id, 8);
}

TEST(ViewCache, DropsWhatWasNotUsedForLongest) {
  ViewCache cache(3 * 1024 + 3 * Of(1, 100).Bytes());
  for (int64_t account : {1, 2, 3}) cache.Put(account, "INBOX", Of(account, 100));
  EXPECT_TRUE(cache.Find(1, "INBOX"));
  cache.Put(4, "INBOX", Of(4, 100));
  EXPECT_FALSE(cache.Find(2, "INBOX"));
  EXPECT_TRUE(cache.Find(1, "INBOX"));
  EXPECT_TRUE(cache.Find(3, "INBOX"));
  EXPECT_TRUE(cache.Find(4, "INBOX"));
}

TEST(ViewCache, KeepsNothingThatIsTooLarge) {
  ViewCache cache(2000);
  cache.Put(1, "INBOX", Of(1, 10));
  cache.Put(1, "INBOX", Of(1, 10000));
  EXPECT_FALSE(cache.Find(1, "INBOX"));
  ViewCache none(0);
  none.Put(1, "INBOX", Of(1, 1));
  EXPECT_FALSE(none.Find(1, "INBOX"));
}

}  // namespace
}  // namespace pennypost::access
