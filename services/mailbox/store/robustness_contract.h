#pragma once
// Rows of the table of attacks and failures that every Store has to stand, named after them.

#include <random>
#include <thread>

#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class RobustnessContract : private StoreFixture {
 public:
  explicit RobustnessContract(Store& store) : StoreFixture(store) {}

  void Run() {
    I6_UidsAscendInTheOrderTheyAreSeen();
    I17_NoMoreThanTheQuotaFits();
  }

 private:
  static constexpr int64_t kIvan = 601, kJudy = 602;

  // What a client that polls has seen of a mailbox, and must never see otherwise.
  struct Seen {
    std::set<uint32_t> uids;
    uint32_t uid_validity = 0, uid_next = 0;
    uint64_t modseq = 0;
  };
  void Observe(const std::string& name, Seen* seen) {
    v1::Mailbox mailbox;
    std::vector<MessageRow> rows;
    if (!store_.OpenMailbox(kIvan, name, &mailbox, &rows).ok()) return;
    uint32_t highest = seen->uids.empty() ? 0 : *seen->uids.rbegin();
    for (const MessageRow& row : rows) {
      EXPECT_TRUE(row.uid > highest || seen->uids.contains(row.uid))
          << "UID " << row.uid << " appears below " << highest;
      EXPECT_LT(row.uid, mailbox.uid_next());
      EXPECT_LE(row.modseq, mailbox.highest_modseq());
    }
    for (const MessageRow& row : rows) seen->uids.insert(row.uid);
    EXPECT_GE(mailbox.uid_next(), seen->uid_next);
    EXPECT_GE(mailbox.highest_modseq(), seen->modseq);
    EXPECT_TRUE(seen->uid_validity == 0 || seen->uid_validity == mailbox.uid_validity());
    seen->uid_next = mailbox.uid_next();
    seen->modseq = mailbox.highest_modseq();
    seen->uid_validity = mailbox.uid_validity();
  }

  // One of deliver, append, copy, move and expunge.
  void ChangeAnything(std::minstd_rand& random) {
    const std::string names[] = {"INBOX", "Archive"};
    std::string from = names[random() % 2], to = names[random() % 2];
    v1::Mailbox mailbox;
    std::vector<MessageRow> rows;
    auto what = random() % 5;
    if (what == 0) return (void)Store1(Make({kIvan}));
    if (what == 1) {
      auto one = Make({kIvan}, to), two = Make({kIvan}, to);
      EXPECT_TRUE(store_.StoreTogether({one.get(), two.get()}).ok());
      return;
    }
    if (!store_.OpenMailbox(kIvan, from, &mailbox, &rows).ok() || rows.empty()) return;
    uint32_t uid = rows[random() % rows.size()].uid;
    if (what == 4) {
      v1::ExpungeRequest expunge;
      expunge.set_account_id(kIvan);
      expunge.set_mailbox_id(mailbox.id());
      expunge.add_uids(uid);
      expunge.set_regardless_of_flag(true);
      v1::ExpungeResponse gone;
      EXPECT_TRUE(store_.Expunge(expunge, &gone).ok());
      return;
    }
    v1::CopyMessagesRequest copy;
    copy.set_account_id(kIvan);
    copy.set_mailbox_id(mailbox.id());
    copy.add_uids(uid);
    copy.set_destination(to);
    copy.set_move(what == 3 && to != from);
    v1::CopyMessagesResponse copied;
    EXPECT_TRUE(store_.CopyMessages(copy, mail::Rights::All(), &copied).ok());
  }

  void I6_UidsAscendInTheOrderTheyAreSeen() {
    Store1(Make({kIvan}));
    std::atomic<bool> stop{false};
    std::thread observer([&] {
      std::map<std::string, Seen> seen;
      while (!stop) {
        for (const char* name : {"INBOX", "Archive"}) Observe(name, &seen[name]);
      }
    });
    std::vector<std::thread> writers;
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([this] {
        std::minstd_rand random(std::random_device{}());
        for (int step = 0; step < 60; ++step) ChangeAnything(random);
      });
    }
    for (std::thread& writer : writers) writer.join();
    stop = true;
    observer.join();
    Uids(kIvan, "INBOX");  // the counters fit what is there
    Uids(kIvan, "Archive");
  }

  void I17_NoMoreThanTheQuotaFits() {
    constexpr int kRoom = 20, kTries = 60;
    auto quota = static_cast<int64_t>(kRoom * kMessage.size());
    ASSERT_TRUE(store_.EnsureAccount(kJudy).ok());
    std::atomic<int> stored{0}, full{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kTries / 6; ++i) {
          auto delivery = Make({kJudy}, "INBOX", quota);
          store_.StoreBatch({delivery.get()});
          stored += delivery->status.ok() ? 1 : 0;
          full += ReasonOf(delivery->status) == Reason::kOverQuota ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(stored, kRoom);
    EXPECT_EQ(full, kTries - kRoom);
    EXPECT_EQ(Uids(kJudy, "INBOX").size(), static_cast<size_t>(kRoom));
  }
};

}  // namespace pennypost::mailbox
