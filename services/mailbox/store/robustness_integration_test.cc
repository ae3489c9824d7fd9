// Rows of the table of attacks and failures that need a database to go wrong, named after them.

#include <absl/strings/str_split.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <random>
#include <thread>

#include "services/mailbox/housekeeping.h"
#include "services/mailbox/store/pg_store.h"
#include "services/mailbox/store/pg_test_database.h"
#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {
namespace {

// Before the fixture, which wants a store.
struct StoreToBreak {
  StoreToBreak() {
    static int databases = 0;
    name_ = fmt::format("robust_{}", ++databases);
    dsn_ = NewTestDatabase(name_);
    pg_ = std::make_unique<PgStore>(dsn_, 4, 2);
    server_ = *pg::Connection::Open(getenv("PENNYPOST_TEST_DSN"));
    admin_ = *pg::Connection::Open(dsn_);
  }
  std::string name_, dsn_;
  std::unique_ptr<PgStore> pg_;
  std::unique_ptr<pg::Connection> server_, admin_;
};

class RobustnessTest : public testing::Test, protected StoreToBreak, protected StoreFixture {
 protected:
  RobustnessTest() : StoreFixture(*pg_) {}

  std::string Ask(pg::Connection& connection, const std::string& query) {
    PGresult* result = PQexec(connection.native(), query.c_str());
    EXPECT_EQ(PQresultStatus(result), PGRES_TUPLES_OK) << PQresultErrorMessage(result);
    std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    return value;
  }
  // The server hangs up on every connection of the store.
  void KillBackends() {
    Ask(*server_, fmt::format("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                              "datname = '{}' AND pid <> {}",
                              name_, PQbackendPID(admin_->native())));
  }
  // Kills at random moments while `work` runs.
  int WhileKilled(const std::function<void()>& work) {
    std::atomic<bool> stop{false};
    int kills = 0;
    std::thread killer([&] {
      std::minstd_rand random(std::random_device{}());
      for (; !stop; ++kills) {
        absl::SleepFor(absl::Microseconds(200 + static_cast<int64_t>(random() % 30'000)));
        KillBackends();
      }
    });
    work();
    stop = true;
    killer.join();
    return kills;
  }
  // Until the pools have found that the server is back.
  template <class Work>
  absl::Status Patiently(Work work) {
    absl::Status status;
    for (absl::Time end = absl::Now() + absl::Seconds(10); absl::Now() < end;) {
      status = work();
      if (status.ok()) return status;
      absl::SleepFor(absl::Milliseconds(50));
    }
    return status;
  }
};

TEST_F(RobustnessTest, I15_AppendsOfManyAreAllThereOrNone) {
  ASSERT_TRUE(store_.EnsureAccount(kAlice).ok());
  int acknowledged = 0, groups = 0;
  int kills = WhileKilled([&] {
    for (int i = 0; i < 80; ++i) {
      std::vector<std::unique_ptr<Delivery>> group;
      std::vector<Delivery*> batch;
      for (int k = 0; k < 20; ++k) {
        group.push_back(Make({kAlice}));
        batch.push_back(group.back().get());
      }
      acknowledged += store_.StoreTogether(batch).ok() ? 1 : 0;
    }
  });
  EXPECT_GT(kills, 20);
  auto count = static_cast<int>(std::stoi(Ask(*admin_, "SELECT count(*) FROM mailbox_messages")));
  EXPECT_EQ(count % 20, 0);
  groups = count / 20;
  EXPECT_GE(groups, acknowledged);
  EXPECT_GT(acknowledged, 0);
  EXPECT_EQ(Ask(*admin_, "SELECT messages FROM mailbox_accounts"), std::to_string(count));
}

TEST_F(RobustnessTest, I16_MovedMailIsInExactlyOnePlace) {
  for (int i = 0; i < 20; ++i) Store1(Make({kAlice}));
  std::atomic<bool> stop{false};
  int looks = 0;
  std::thread observer([&] {
    for (; !stop; ++looks) {
      EXPECT_EQ(Ask(*admin_,
                    "SELECT count(*) || ' ' || count(DISTINCT email_id) FROM "
                    "mailbox_messages"),
                "20 20");
    }
  });
  WhileKilled([&] {
    const std::string names[] = {"INBOX", "Archive"};
    for (int i = 0; i < 300; ++i) {
      v1::Mailbox mailbox;
      std::vector<MessageRow> rows;
      if (!store_.OpenMailbox(kAlice, names[i % 2], &mailbox, &rows).ok()) continue;
      v1::CopyMessagesRequest move;
      move.set_account_id(kAlice);
      move.set_mailbox_id(mailbox.id());
      move.set_destination(names[(i + 1) % 2]);
      move.set_move(true);
      for (const MessageRow& row : rows) move.add_uids(row.uid);
      v1::CopyMessagesResponse moved;
      absl::Status status = store_.CopyMessages(move, mail::Rights::All(), &moved);
      EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnavailable ||
                  status.code() == absl::StatusCode::kUnknown)
          << Describe(status);
    }
  });
  stop = true;
  observer.join();
  EXPECT_GT(looks, 10);
  EXPECT_EQ(Ask(*admin_, "SELECT sum(messages) FROM mailbox_mailboxes"), "20");
}

TEST_F(RobustnessTest, I18_HousekeepingMayBeKilledAnywhere) {
  for (int i = 0; i < 300; ++i) Store1(Make({kAlice, kBob}));
  v1::ExpungeRequest expunge;
  expunge.set_account_id(kAlice);
  expunge.set_mailbox_id(1);
  expunge.set_regardless_of_flag(true);
  for (uint32_t uid = 1; uid <= 300; uid += 2) expunge.add_uids(uid);
  v1::ExpungeResponse gone;
  ASSERT_TRUE(store_.Expunge(expunge, &gone).ok());
  WhileKilled([&] {
    for (int i = 0; i < 200; ++i) {
      (void)store_.ExpireDeleted(absl::ZeroDuration(), 7);
      (void)store_.CollectContents(absl::ZeroDuration(), 7);
      (void)store_.TrimVanished(absl::ZeroDuration(), 7);
    }
  });
  HousekeepingOptions now;
  now.restore = now.vanished = now.grace = absl::ZeroDuration();
  ASSERT_TRUE(
      Patiently([&] { return store_.ExpireDeleted(absl::ZeroDuration(), 1).status(); }).ok());
  Housekeeping(store_, now).RunOnce();
  EXPECT_EQ(Ask(*admin_, "SELECT count(*) FROM mailbox_vanished"), "0");
  EXPECT_EQ(Ask(*admin_, "SELECT count(*) FROM mailbox_emails WHERE account_id = 101"), "150");
  EXPECT_EQ(Ask(*admin_, "SELECT count(*) FROM mailbox_blobs"), "300") << "bob has them";
  EXPECT_EQ(Uids(kAlice, "INBOX").size(), 150u);
}

TEST_F(RobustnessTest, I7_NoUidBeyondTheLast) {
  Store1(Make({kAlice}));
  ASSERT_TRUE(admin_
                  ->Execute("UPDATE mailbox_mailboxes SET uid_next = 4294966995 WHERE "
                            "mailbox_id IN (1, 4)")
                  .ok());
  std::set<uint32_t> uids;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    auto delivery = Make({kAlice});
    store_.StoreBatch({delivery.get()});
    if (delivery->status.ok()) uids.insert(delivery->results[0].uid);
    refused += delivery->status.code() == absl::StatusCode::kResourceExhausted ? 1 : 0;
  }
  EXPECT_EQ(uids.size() + static_cast<size_t>(refused), 10u);
  EXPECT_EQ(uids.size(), 5u) << "each its own, none beyond the end";
  EXPECT_GT(*uids.begin(), 4294966000u);
  v1::CopyMessagesRequest copy;
  copy.set_account_id(kAlice);
  copy.set_mailbox_id(1);
  copy.set_destination("Archive");
  for (uint32_t uid : uids) copy.add_uids(uid);
  copy.add_uids(1);
  v1::CopyMessagesResponse copied;
  absl::Status full = store_.CopyMessages(copy, mail::Rights::All(), &copied);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << "six, where five have room";
  EXPECT_EQ(ReasonOf(full), Reason::kRateLimited) << "NO [LIMIT]: it is not the user's quota";
}

// The housekeeping gives such a mailbox new UIDs, and a new id: who has it open must not reach
// another message by an old UID.
TEST_F(RobustnessTest, I7_MailGoesOnUnderANewUidValidity) {
  Store1(Make({kAlice}));
  Store1(Make({kAlice}));
  ASSERT_TRUE(admin_
                  ->Execute("UPDATE mailbox_messages SET uid = 4294966990 WHERE uid = 2; UPDATE "
                            "mailbox_mailboxes SET uid_next = 4294967290 WHERE mailbox_id = 1; "
                            "INSERT INTO mailbox_metadata VALUES (" +
                            std::to_string(kAlice) + ", 1, '/shared/comment', 'x')")
                  .ok());
  v1::Mailbox before, after;
  ASSERT_TRUE(store_.FindMailbox(kAlice, "INBOX", &before).ok());
  auto old = store_.Fetch(kAlice, before.id(), {1, 4294966990}, {false, false, true});
  ASSERT_EQ(old->size(), 2u);
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    auto delivery = Make({kAlice});
    store_.StoreBatch({delivery.get()});
    refused += ReasonOf(delivery->status) == Reason::kRateLimited ? 1 : 0;
  }
  EXPECT_EQ(refused, 10);
  std::set<int64_t> changed;
  Housekeeping housekeeping(store_, {}, [&](int64_t account) { changed.insert(account); });
  housekeeping.RenumberOnce();
  housekeeping.RenumberOnce();
  EXPECT_EQ(changed, std::set<int64_t>{kAlice});
  ASSERT_TRUE(store_.FindMailbox(kAlice, "INBOX", &after).ok());
  EXPECT_GT(after.uid_validity(), before.uid_validity());
  EXPECT_NE(after.id(), before.id());
  EXPECT_EQ(after.uid_next(), 3u);
  EXPECT_GT(after.highest_modseq(), before.highest_modseq());
  EXPECT_TRUE(store_.Fetch(kAlice, before.id(), {1, 2}, {false, false, true})->empty());
  v1::GetChangesRequest since;
  since.set_account_id(kAlice);
  since.set_mailbox_id(before.id());
  EXPECT_EQ(store_.GetChanges(since).status().code(), absl::StatusCode::kNotFound);
  auto kept = store_.Fetch(kAlice, after.id(), {1, 2}, {false, false, true});
  ASSERT_EQ(kept->size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(kept->at(i).email_id, old->at(i).email_id);
  EXPECT_EQ(Ask(*admin_, "SELECT mailbox_id FROM mailbox_metadata"), std::to_string(after.id()));
  for (int i = 0; i < 10; ++i) Store1(Make({kAlice}));
  EXPECT_EQ(Uids(kAlice, "INBOX").back(), 12u);
}

// ROBUSTNESS K15: clients know UIDs that a restored backup has forgotten.
TEST_F(RobustnessTest, K15_EachUidValidityRisesAfterARestore) {
  for (int i = 0; i < 3; ++i) Store1(Make({kAlice, kBob}));
  ASSERT_TRUE(store_.ExpireDeleted(absl::ZeroDuration(), 100).ok());
  ASSERT_TRUE(admin_
                  ->Execute("INSERT INTO mailbox_loose_blobs SELECT blob_id, now() - interval '3 "
                            "days' FROM mailbox_blobs; UPDATE mailbox_mailboxes SET uid_validity = "
                            "uid_validity + 1000000000 WHERE name = 'Sent'")
                  .ok());
  const std::string list =
      "SELECT string_agg(uid_validity::text, ' ' ORDER BY account_id, mailbox_id) FROM "
      "mailbox_mailboxes";
  std::vector<std::string> before = absl::StrSplit(Ask(*admin_, list), ' ');
  ASSERT_TRUE(pg_->AfterRestore("").ok());
  std::vector<std::string> after = absl::StrSplit(Ask(*admin_, list), ' ');
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_GT(std::stoll(after[i]), std::stoll(before[i]));
  EXPECT_EQ(store_.CollectContents(absl::Hours(1), 100).value(), 0u) << "none goes for a while";
  EXPECT_EQ(Uids(kAlice, "INBOX"), (std::vector<uint32_t>{1, 2, 3}));
}

TEST_F(RobustnessTest, K3_AReadOnlyServerIsOneThatIsAway) {
  Store1(Make({kAlice}));
  std::string set = "ALTER DATABASE " + name_ + " SET default_transaction_read_only = ";
  ASSERT_TRUE(server_->Execute(set + "on").ok());
  KillBackends();
  absl::Time end = absl::Now() + absl::Seconds(2);
  while (absl::Now() < end) {
    auto delivery = Make({kAlice});
    store_.StoreBatch({delivery.get()});
    EXPECT_EQ(delivery->status.code(), absl::StatusCode::kUnavailable)
        << Describe(delivery->status);
  }
  ASSERT_TRUE(server_->Execute(set + "off").ok());
  auto again = Make({kAlice});
  EXPECT_TRUE(Patiently([&] {
                store_.StoreBatch({again.get()});
                return again->status;
              }).ok());
  EXPECT_EQ(Uids(kAlice, "INBOX"), (std::vector<uint32_t>{1, 2})) << "no UID was wasted or doubled";
}

TEST_F(RobustnessTest, K4_HangingUpOnAllMakesNoStorm) {
  Store1(Make({kAlice}));
  std::atomic<bool> stop{false};
  std::atomic<int> most{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 30; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        v1::Mailbox mailbox;
        absl::Status status = store_.FindMailbox(kAlice, "INBOX", &mailbox);
        EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnavailable ||
                    status.code() == absl::StatusCode::kResourceExhausted)
            << Describe(status);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    KillBackends();
    absl::SleepFor(absl::Milliseconds(50));
    std::string count = Ask(*server_, fmt::format("SELECT count(*) FROM pg_stat_activity WHERE "
                                                  "datname = '{}' AND application_name = "
                                                  "'pennypost'",
                                                  name_));
    most = std::max(most.load(), std::stoi(count));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_LE(most, 4 + 2 + 1) << "the pools, and this test's own";
  absl::Time begin = absl::Now();
  v1::Mailbox mailbox;
  EXPECT_TRUE(Patiently([&] { return store_.FindMailbox(kAlice, "INBOX", &mailbox); }).ok());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

// What may be deleted is decided by the database's clock, and ids need none.
TEST_F(RobustnessTest, K10_AStoppedClockMakesNoEqualIds) {
  absl::Time frozen = absl::UnixEpoch();
  std::set<Uuid> ids;
  for (int i = 0; i < 20'000; ++i) ids.insert(NewUuidV7(frozen));
  EXPECT_EQ(ids.size(), 20'000u);
  auto before = Make({kAlice}), after = Make({kAlice});
  before->mail_id = NewUuidV7(absl::UnixEpoch());
  after->mail_id = NewUuidV7(absl::Now() + absl::Hours(24 * 3650));
  for (Delivery* delivery : {before.get(), after.get()})
    delivery->email = PrepareEmail(kMessage, delivery->mail_id);
  Store1(std::move(before));
  Store1(std::move(after));
  v1::ExpungeRequest expunge;
  expunge.set_account_id(kAlice);
  expunge.set_mailbox_id(1);
  expunge.set_regardless_of_flag(true);
  expunge.add_uids(1);
  expunge.add_uids(2);
  v1::ExpungeResponse gone;
  ASSERT_TRUE(store_.Expunge(expunge, &gone).ok());
  EXPECT_EQ(store_.ExpireDeleted(absl::Hours(1), 100).value(), 0u) << "whatever their ids say";
  EXPECT_EQ(store_.ExpireDeleted(absl::ZeroDuration(), 100).value(), 2u);
}

}  // namespace
}  // namespace pennypost::mailbox
