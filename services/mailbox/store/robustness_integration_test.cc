// Rows of the table of attacks and failures that need a database to go wrong, named after them.

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
      absl::Status status = store_.CopyMessages(move, &moved);
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
  EXPECT_EQ(store_.CopyMessages(copy, &copied).code(), absl::StatusCode::kResourceExhausted)
      << "six, where five have room";
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

// A store as the release before left it, and what its processes still write while ours run.
TEST(MailboxUpgrade, K16_WhatAnOlderReleaseStoredIsKept) {
  std::vector<pg::Migration> all = sql::Migrations();
  auto newer = std::find_if(all.begin(), all.end(),
                            [](const pg::Migration& migration) { return migration.number >= 12; });
  std::string dsn =
      NewTestDatabase("upgrade", static_cast<size_t>(std::distance(all.begin(), newer)));
  auto admin = *pg::Connection::Open(dsn);
  const std::string content = "Subject: old\r\n\r\nbody\r\n";
  const std::string insert_blob =
      "INSERT INTO mailbox_blobs (blob_id, size, sha256, content) VALUES (gen_random_uuid(), 22, "
      "sha256('Subject: old\r\n\r\nbody\r\n'), 'Subject: old\r\n\r\nbody\r\n')";
  auto escape = [](std::string text) {
    for (size_t at = 0; (at = text.find("'Subj", at)) != std::string::npos; at += 6)
      text.replace(at, 1, "E'");
    return text;
  };
  ASSERT_TRUE(
      admin
          ->Execute(escape(
              "INSERT INTO mailbox_accounts (account_id, messages, used_bytes, modseq) VALUES (7, "
              "1, 22, 9);"
              "INSERT INTO mailbox_mailboxes (account_id, mailbox_id, name, uid_validity, uid_next,"
              " messages, unseen, size_bytes, highest_modseq) VALUES (7, 1, 'INBOX', 1, 5, 1, 1, "
              "22, 9);"
              "INSERT INTO mailbox_vanished (account_id, mailbox_id, modseq, uid) VALUES (7, 1, 5, "
              "1), (7, 1, 9, 3);" +
              insert_blob +
              ";"
              "INSERT INTO mailbox_emails (account_id, email_id, blob_id, thread_id, size, "
              "header_size, received_at, structure) SELECT 7, blob_id, blob_id, blob_id, 22, 16, "
              "now(), '' FROM mailbox_blobs;"
              "INSERT INTO mailbox_messages (account_id, mailbox_id, uid, email_id, modseq, size, "
              "internal_date, save_date, flags) SELECT 7, 1, 4, email_id, 8, 22, now(), now(), '' "
              "FROM mailbox_emails"))
          .ok());
  ASSERT_TRUE(pg::Migrate(*admin, "mailbox", all).ok());
  PgStore store(dsn, 2, 2);
  EXPECT_EQ(store.Fetch(7, 1, {4}, {false, false, true})->at(0).content, content);
  v1::GetChangesRequest since;
  since.set_account_id(7);
  since.set_mailbox_id(1);
  since.set_since_modseq(6);
  EXPECT_EQ(store.GetChanges(since)->vanished, (std::vector<uint32_t>{3}));
  // What the older one expunges cannot be restored, and is trimmed like the rest.
  ASSERT_TRUE(
      admin
          ->Execute("INSERT INTO mailbox_vanished (account_id, mailbox_id, modseq, uid) "
                    "VALUES (7, 1, 10, 2); UPDATE mailbox_mailboxes SET highest_modseq = 10;" +
                    escape(insert_blob))
          .ok());
  EXPECT_EQ(store.GetChanges(since)->vanished, (std::vector<uint32_t>{2, 3}));
  v1::ListDeletedRequest list;
  list.set_account_id(7);
  v1::ListDeletedResponse deleted;
  ASSERT_TRUE(store.ListDeleted(list, &deleted).ok());
  EXPECT_EQ(deleted.messages_size(), 0);
  EXPECT_EQ(store.TrimVanished(absl::ZeroDuration(), 100).value(), 3u);
  // A content without a reference is found by the scrub.
  ASSERT_TRUE(store.Scrub({uint64_t{1} << 40, 1 << 20, absl::Hours(1)}).ok());
  EXPECT_EQ(store.CollectContents(absl::ZeroDuration(), 100).value(), 1u);
  EXPECT_EQ(store.Fetch(7, 1, {4}, {false, false, true})->at(0).content, content);
}

}  // namespace
}  // namespace pennypost::mailbox
