#include "imap/search_updates.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

MailboxView ViewOf(uint32_t messages) {
  MailboxView view(MailboxView::Info{});
  std::vector<MailboxView::Row> rows;
  for (uint32_t uid = 1; uid <= messages; ++uid) rows.push_back({uid, 10, 5, 0, 0});
  view.Load({{}}, rows);
  view.SetHighestModSeq(5);
  return view;
}

UpdatedSearch Kept(std::string tag, std::vector<uint32_t> uids) {
  return {std::move(tag), Numbers::kUid, {}, {}, std::move(uids), {}};
}

// RFC 5267 4.3.3, 4.3.4: places in the order of the SORT, each right when its turn comes.
TEST(SearchUpdates, PlacesOfASort) {
  MailboxView view = ViewOf(9);
  SearchUpdates updates;
  UpdatedSearch sort = Kept("s", {9, 3, 7, 1});
  sort.order.push_back({SortKey::Field::kSubject, false});
  updates.Add(sort, view);
  updates.SetMatches(0, {5, 9, 2, 7, 8});
  EXPECT_EQ(updates.TakeRemovals(view), "* ESEARCH (TAG \"s\") UID REMOVEFROM (4 1 2 3)\r\n");
  EXPECT_EQ(updates.TakeAdditions(view), "* ESEARCH (TAG \"s\") UID ADDTO (1 5 3 2 5 8)\r\n");
  EXPECT_EQ(updates.TakeRemovals(view) + updates.TakeAdditions(view), "") << "told once";
  view.Vanish({7});
  EXPECT_EQ(updates.TakeRemovals(view), "* ESEARCH (TAG \"s\") UID REMOVEFROM (4 7)\r\n");
}

TEST(SearchUpdates, WhatChangedSinceTheResultsWereRight) {
  MailboxView view = ViewOf(3);
  SearchUpdates updates;
  updates.Add(Kept("s", {1}), view);
  EXPECT_EQ(updates.ChangedIn(view), std::vector<uint32_t>{});
  view.Change({2, 6, 10, 0, {"x"}});
  view.Change({4, 7, 10, 0, {}});
  view.Change({5, 8, 10, 0, {}});
  view.Vanish({5});
  EXPECT_EQ(updates.ChangedIn(view), (std::vector<uint32_t>{2, 4}));
  view.SetHighestModSeq(7);
  updates.Settle(view);
  EXPECT_EQ(updates.ChangedIn(view), std::vector<uint32_t>{});
}

// RFC 5267 4.3.1: the first one whatever it costs.
TEST(SearchUpdates, Room) {
  MailboxView view = ViewOf(3);
  SearchUpdates updates;
  EXPECT_TRUE(updates.HasRoom(10'000'000));
  updates.Add(Kept("0", {1, 2, 3}), view);
  EXPECT_FALSE(updates.HasRoom(200'000));
  for (int i = 1; i < 10; ++i) {
    EXPECT_TRUE(updates.HasRoom(3));
    updates.Add(Kept(std::to_string(i), {1, 2, 3}), view);
  }
  EXPECT_FALSE(updates.HasRoom(3));
  updates.Cancel("4");
  EXPECT_TRUE(updates.HasRoom(3));
  EXPECT_FALSE(updates.Has("4"));
  EXPECT_TRUE(updates.Has("5"));
}

}  // namespace
}  // namespace pennypost::imap
