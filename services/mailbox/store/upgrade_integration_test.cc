// What another release left, and what one does beside ours: ROBUSTNESS K16.

#include <absl/time/clock.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "mailbox_sql.h"
#include "pg/pool.h"
#include "services/mailbox/store/pg_store.h"
#include "services/mailbox/store/pg_test_database.h"

namespace pennypost::mailbox {
namespace {

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

// A delivery as the older release makes it, in a transaction of its own.
std::string OldDelivery(int uid) {
  return fmt::format(
      "BEGIN; UPDATE mailbox_accounts SET messages = messages + 1, used_bytes = used_bytes + 22, "
      "modseq = modseq + 1 WHERE account_id = 7;"
      "UPDATE mailbox_mailboxes SET uid_next = uid_next + 1, messages = messages + 1, unseen = "
      "unseen + 1, size_bytes = size_bytes + 22, highest_modseq = {0} WHERE account_id = 7;"
      "WITH blob AS (INSERT INTO mailbox_blobs (blob_id, size, sha256, content) VALUES "
      "(gen_random_uuid(), 22, sha256(E'Subject: old\r\n\r\nbody\r\n'), E'Subject: "
      "old\r\n\r\nbody\r\n') RETURNING blob_id),"
      "email AS (INSERT INTO mailbox_emails (account_id, email_id, blob_id, thread_id, size, "
      "header_size, received_at, structure) SELECT 7, blob_id, blob_id, blob_id, 22, 16, now(), '' "
      "FROM blob)"
      "INSERT INTO mailbox_messages (account_id, mailbox_id, uid, email_id, modseq, size, "
      "internal_date, save_date, flags) SELECT 7, 1, {0}, blob_id, {0}, 22, now(), now(), '' FROM "
      "blob; COMMIT",
      uid);
}

// Deliveries of the older release go on while the newer one changes the tables, and after it.
TEST(MailboxUpgrade, K16_TheOlderReleaseDeliversMeanwhile) {
  std::vector<pg::Migration> all = sql::Migrations();
  auto newer = std::find_if(all.begin(), all.end(),
                            [](const pg::Migration& migration) { return migration.number >= 12; });
  std::string dsn =
      NewTestDatabase("mixed", static_cast<size_t>(std::distance(all.begin(), newer)));
  auto older = *pg::Connection::Open(dsn);
  ASSERT_TRUE(older
                  ->Execute("INSERT INTO mailbox_accounts (account_id) VALUES (7); INSERT INTO "
                            "mailbox_mailboxes (account_id, mailbox_id, name, uid_validity) VALUES "
                            "(7, 1, 'INBOX', 1)")
                  .ok());
  std::atomic<bool> stop{false};
  std::atomic<int> delivered{0}, conflicts{0};
  std::thread traffic([&] {
    while (!stop) {
      absl::Status status = older->Execute(OldDelivery(delivered + 1));
      if (status.ok()) {
        ++delivered;
        continue;
      }
      // Deadlocks: the release before ours tries again as well.
      older->Rollback();
      EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << Describe(status);
      if (++conflicts > 50) break;
    }
  });
  auto until = [&](int more) {
    for (int goal = delivered + more; delivered < goal && conflicts <= 50;)
      absl::SleepFor(absl::Milliseconds(1));
  };
  until(20);
  auto migrator = *pg::Connection::Open(dsn);
  auto applied = pg::Migrate(*migrator, "mailbox", all);
  ASSERT_TRUE(applied.ok()) << Describe(applied.status());
  EXPECT_GT(*applied, 0);
  until(20);
  PgStore store(dsn, 2, 2);
  v1::Mailbox mailbox;
  std::vector<MessageRow> rows;
  // Both at once.
  for (int i = 0; i < 20; ++i) {
    rows.clear();
    ASSERT_TRUE(store.OpenMailbox(7, "INBOX", &mailbox, &rows).ok());
    EXPECT_EQ(rows.size(), mailbox.messages());
    until(1);
  }
  stop = true;
  traffic.join();
  EXPECT_LE(conflicts, 50);
  rows.clear();
  ASSERT_TRUE(store.OpenMailbox(7, "INBOX", &mailbox, &rows).ok());
  EXPECT_EQ(rows.size(), static_cast<size_t>(delivered));
  std::vector<uint32_t> uids;
  for (const MessageRow& row : rows) uids.push_back(row.uid);
  auto contents = store.Fetch(7, 1, uids, {false, false, true});
  ASSERT_TRUE(contents.ok()) << Describe(contents.status());
  for (const MessageContent& content : *contents)
    EXPECT_EQ(content.content, "Subject: old\r\n\r\nbody\r\n");
  EXPECT_EQ(contents->size(), rows.size());
}

}  // namespace
}  // namespace pennypost::mailbox
