#pragma once
// What every Store does with deleted messages and with the record of what vanished.

#include <thread>

#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class DeletedContract : private StoreFixture {
 public:
  explicit DeletedContract(Store& store) : StoreFixture(store) {}

  void Run() {
    ComeBackAsTheyWere();
    ComeBackWithTheirMailbox();
    MovesAreNoDeletions();
    BySinceAndMailbox();
    ExpireForGood();
    TrimmedRecordSaysTooMuchRatherThanTooLittle();
    NothingReferredToIsCollected();
  }

 private:
  static constexpr int64_t kCarol = 301, kDave = 302, kErin = 303, kFrank = 304;

  void Mark(int64_t account, int64_t mailbox, const std::vector<uint32_t>& uids,
            const std::string& flags) {
    v1::StoreFlagsRequest request;
    request.set_account_id(account);
    request.set_mailbox_id(mailbox);
    for (uint32_t uid : uids) request.add_uids(uid);
    request.set_mode(v1::StoreFlagsRequest::MODE_ADD);
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    EXPECT_TRUE(store_.StoreFlags(request, flags, mail::Rights::All(), &rows, &modified).ok());
  }
  void Expunge(int64_t account, int64_t mailbox, const std::vector<uint32_t>& uids) {
    v1::ExpungeRequest request;
    request.set_account_id(account);
    request.set_mailbox_id(mailbox);
    for (uint32_t uid : uids) request.add_uids(uid);
    request.set_regardless_of_flag(true);
    v1::ExpungeResponse response;
    EXPECT_TRUE(store_.Expunge(request, &response).ok());
    EXPECT_EQ(response.uids_size(), static_cast<int>(uids.size()));
  }
  v1::ListDeletedResponse Deleted(int64_t account, const std::string& mailbox = "") {
    v1::ListDeletedRequest request;
    request.set_account_id(account);
    request.set_mailbox(mailbox);
    v1::ListDeletedResponse response;
    absl::Status status = store_.ListDeleted(request, &response);
    EXPECT_TRUE(status.ok()) << Describe(status);
    return response;
  }
  v1::RestoreDeletedResponse Restore(const v1::RestoreDeletedRequest& request) {
    v1::RestoreDeletedResponse response;
    absl::Status status = store_.RestoreDeleted(request, &response);
    EXPECT_TRUE(status.ok()) << Describe(status);
    return response;
  }
  uint64_t Used(int64_t account) {
    v1::GetQuotaResponse used;
    EXPECT_TRUE(store_.GetQuota(account, &used).ok());
    return used.used_bytes();
  }
  std::string Content(int64_t account, int64_t mailbox, uint32_t uid) {
    auto found = store_.Fetch(account, mailbox, {uid}, {false, false, true});
    if (!found.ok()) return "failed: " + Describe(found.status());
    return found->empty() ? "missing" : (*found)[0].content;
  }
  MailboxChanges Changes(int64_t account, int64_t mailbox, uint64_t since) {
    v1::GetChangesRequest request;
    request.set_account_id(account);
    request.set_mailbox_id(mailbox);
    request.set_since_modseq(since);
    auto changes = store_.GetChanges(request);
    EXPECT_TRUE(changes.ok()) << Describe(changes.status());
    return changes.ok() ? *changes : MailboxChanges{};
  }

  void ComeBackAsTheyWere() {
    Delivery::Result first = Store1(Make({kCarol}));
    Store1(Make({kCarol}));
    Mark(kCarol, 1, {first.uid}, "\\Seen work \\Deleted");
    uint64_t before = Find(kCarol, "INBOX").highest_modseq();
    EXPECT_EQ(Used(kCarol), 2 * kMessage.size());
    Expunge(kCarol, 1, {first.uid});
    EXPECT_EQ(Used(kCarol), kMessage.size()) << "no quota counts what was deleted";
    v1::ListDeletedResponse deleted = Deleted(kCarol);
    ASSERT_EQ(deleted.messages_size(), 1);
    const v1::DeletedMessage& gone = deleted.messages(0);
    EXPECT_EQ(gone.mailbox(), "INBOX");
    EXPECT_EQ(gone.uid(), first.uid);
    EXPECT_EQ(gone.subject(), "x");
    EXPECT_EQ(gone.size_bytes(), kMessage.size());
    EXPECT_EQ(gone.internal_date().seconds(), 1'700'000'000);
    EXPECT_EQ(gone.flags_size(), 3);
    EXPECT_EQ(Deleted(kDave).messages_size(), 0) << "another account";
    v1::RestoreDeletedRequest request;
    request.set_account_id(kCarol);
    request.add_ids(gone.id());
    request.add_ids(gone.id());
    request.set_actor("admin@b.test");
    v1::RestoreDeletedResponse restored = Restore(request);
    ASSERT_EQ(restored.restored_size(), 1);
    EXPECT_EQ(restored.restored(0).mailbox(), "INBOX");
    EXPECT_EQ(restored.restored(0).uid(), 3u) << "a UID is never used again";
    EXPECT_EQ(restored.missing_size(), 0);
    EXPECT_EQ(Uids(kCarol, "INBOX"), (std::vector<uint32_t>{2, 3}));
    EXPECT_EQ(Used(kCarol), 2 * kMessage.size());
    EXPECT_EQ(Content(kCarol, 1, 3), kMessage);
    MailboxChanges changes = Changes(kCarol, 1, before);
    ASSERT_EQ(changes.changed.size(), 1u);
    EXPECT_EQ(changes.changed[0].flags, "\\Seen work");
    EXPECT_EQ(changes.changed[0].internal_date, absl::FromUnixSeconds(1'700'000'000));
    EXPECT_EQ(changes.vanished, (std::vector<uint32_t>{first.uid})) << "the old UID stays gone";
    // Once more changes nothing.
    restored = Restore(request);
    EXPECT_EQ(restored.restored_size(), 0);
    EXPECT_EQ(restored.missing_size(), 2);
    EXPECT_EQ(Uids(kCarol, "INBOX").size(), 2u);
    EXPECT_EQ(Deleted(kCarol).messages_size(), 0);
    v1::GetHistoryRequest history;
    history.set_mail_id(gone.email_id());
    v1::GetHistoryResponse events;
    ASSERT_TRUE(store_.GetHistory(history, &events).ok());
    bool told = false;
    for (const auto& event : events.events())
      told = told || event.detail() == "into INBOX as UID 3, by admin@b.test";
    EXPECT_TRUE(told);
    v1::RestoreDeletedResponse response;
    request.add_ids("1-2");
    EXPECT_EQ(store_.RestoreDeleted(request, &response).code(), absl::StatusCode::kInvalidArgument);
  }

  void ComeBackWithTheirMailbox() {
    v1::CreateMailboxRequest create;
    create.set_account_id(kDave);
    create.set_name("Work/Old");
    v1::Mailbox made;
    ASSERT_TRUE(store_.EnsureAccount(kDave).ok());
    ASSERT_TRUE(store_.CreateMailbox(create, &made).ok());
    Store1(Make({kDave}, "Work/Old"));
    Store1(Make({kDave}, "Work/Old"));
    Expunge(kDave, made.id(), {1});
    v1::DeleteMailboxRequest remove;
    remove.set_account_id(kDave);
    remove.set_name("Work/Old");
    ASSERT_TRUE(store_.DeleteMailbox(remove).ok());
    remove.set_name("Work");
    ASSERT_TRUE(store_.DeleteMailbox(remove).ok());
    EXPECT_EQ(Used(kDave), 0u);
    v1::ListDeletedResponse deleted = Deleted(kDave, "Work/Old");
    ASSERT_EQ(deleted.messages_size(), 2);
    EXPECT_EQ(deleted.messages(0).uid(), 2u) << "the newest first";
    v1::RestoreDeletedRequest request;
    request.set_account_id(kDave);
    request.add_ids(deleted.messages(0).id());
    ASSERT_EQ(Restore(request).restored_size(), 1);
    EXPECT_EQ(Uids(kDave, "Work/Old"), (std::vector<uint32_t>{1}));
    EXPECT_GT(Find(kDave, "Work/Old").uid_validity(), made.uid_validity());
    request.clear_ids();
    request.add_ids(deleted.messages(1).id());
    request.set_into("Rescued/Here");
    ASSERT_EQ(Restore(request).restored_size(), 1);
    EXPECT_EQ(Uids(kDave, "Rescued/Here").size(), 1u);
    EXPECT_EQ(Used(kDave), 2 * kMessage.size());
  }

  void MovesAreNoDeletions() {
    Store1(Make({kErin}));
    v1::CopyMessagesRequest move;
    move.set_account_id(kErin);
    move.set_mailbox_id(1);
    move.add_uids(1);
    move.set_destination("Trash");
    move.set_move(true);
    v1::CopyMessagesResponse moved;
    ASSERT_TRUE(store_.CopyMessages(move, mail::Rights::All(), &moved).ok());
    EXPECT_EQ(Deleted(kErin).messages_size(), 0);
    EXPECT_EQ(Changes(kErin, 1, 1).vanished, (std::vector<uint32_t>{1}));
    Expunge(kErin, Find(kErin, "Trash").id(), {1});
    EXPECT_EQ(Deleted(kErin).messages(0).mailbox(), "Trash");
  }

  void BySinceAndMailbox() {
    Store1(Make({kErin}));
    Expunge(kErin, 1, {2});
    v1::RestoreDeletedRequest request;
    request.set_account_id(kErin);
    request.mutable_since()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
    EXPECT_EQ(Restore(request).restored_size(), 0) << "nothing went since then";
    request.mutable_since()->set_seconds(absl::ToUnixSeconds(absl::Now()) - 3600);
    request.set_mailbox("Trash");
    ASSERT_EQ(Restore(request).restored_size(), 1);
    EXPECT_EQ(Deleted(kErin).messages_size(), 1);
    request.clear_mailbox();
    v1::RestoreDeletedResponse rest = Restore(request);
    ASSERT_EQ(rest.restored_size(), 1);
    EXPECT_EQ(rest.restored(0).mailbox(), "INBOX");
    EXPECT_FALSE(rest.more());
  }

  void ExpireForGood() {
    Delivery::Result kept = Store1(Make({kFrank}));
    v1::CopyMessagesRequest copy;
    copy.set_account_id(kFrank);
    copy.set_mailbox_id(1);
    copy.add_uids(kept.uid);
    copy.set_destination("Archive");
    v1::CopyMessagesResponse copied;
    ASSERT_TRUE(store_.CopyMessages(copy, mail::Rights::All(), &copied).ok());
    Store1(Make({kFrank, kErin}));
    Expunge(kFrank, 1, {1, 2});
    EXPECT_EQ(store_.ExpireDeleted(absl::Hours(1), 100).value(), 0u);
    v1::RestoreDeletedRequest request;
    request.set_account_id(kFrank);
    v1::ListDeletedResponse deleted = Deleted(kFrank);
    for (const auto& message : deleted.messages()) request.add_ids(message.id());
    EXPECT_EQ(deleted.messages_size(), 2);
    EXPECT_EQ(store_.ExpireDeleted(absl::ZeroDuration(), 1).value(), 1u) << "no more than asked";
    EXPECT_GE(store_.ExpireDeleted(absl::ZeroDuration(), 100).value(), 1u);
    EXPECT_EQ(Deleted(kFrank).messages_size(), 0);
    EXPECT_EQ(Restore(request).missing_size(), 2);
    while (store_.CollectContents(absl::ZeroDuration(), 100).value() > 0) {
    }
    // What others refer to is there: the copy, and another account's mail.
    EXPECT_EQ(Content(kFrank, Find(kFrank, "Archive").id(), 1), kMessage);
    uint32_t erins = Uids(kErin, "INBOX").back();
    EXPECT_EQ(Content(kErin, 1, erins), kMessage);
  }

  void TrimmedRecordSaysTooMuchRatherThanTooLittle() {
    for (int i = 0; i < 5; ++i) Store1(Make({kFrank}));  // UIDs 3 to 7
    uint64_t before = Find(kFrank, "INBOX").highest_modseq();
    Expunge(kFrank, 1, {4, 6});
    uint64_t after = Find(kFrank, "INBOX").highest_modseq();
    EXPECT_EQ(store_.TrimVanished(absl::ZeroDuration(), 100).ok(), true);
    EXPECT_EQ(Changes(kFrank, 1, before).vanished, (std::vector<uint32_t>{4, 6}))
        << "a message that can be restored is the record";
    EXPECT_TRUE(store_.ExpireDeleted(absl::ZeroDuration(), 100).ok());
    EXPECT_GE(store_.TrimVanished(absl::ZeroDuration(), 100).value(), 2u);
    MailboxChanges changes = Changes(kFrank, 1, before);
    EXPECT_TRUE(changes.vanished.empty());
    EXPECT_EQ(changes.not_there, (std::vector<UidSpan>{{1, 2}, {4, 4}, {6, 6}}));
    // Who knows what was trimmed is told exactly.
    Expunge(kFrank, 1, {7});
    changes = Changes(kFrank, 1, after);
    EXPECT_EQ(changes.vanished, (std::vector<uint32_t>{7}));
    EXPECT_TRUE(changes.not_there.empty());
  }

  // Deliveries, copies, deletions and restores beside a housekeeping that spares nothing: whatever
  // is visible has its content.
  void NothingReferredToIsCollected() {
    std::atomic<bool> stop{false};
    std::thread keeper([&] {
      while (!stop) {
        EXPECT_TRUE(store_.ExpireDeleted(absl::ZeroDuration(), 3).ok());
        EXPECT_TRUE(store_.CollectContents(absl::ZeroDuration(), 3).ok());
        EXPECT_TRUE(store_.TrimVanished(absl::ZeroDuration(), 3).ok());
      }
    });
    std::vector<std::thread> workers;
    for (int64_t t = 0; t < 3; ++t) {
      workers.emplace_back([&, t] {
        for (int i = 0; i < 40; ++i) {
          // One content for two accounts, and once more, late, for a third.
          Uuid id = NewUuidV7(absl::Now());
          Delivery::Result mine = Store1(Make({400 + t, 410}, "INBOX", 0, id));
          Expunge(400 + t, 1, {mine.uid});
          v1::RestoreDeletedRequest restore;
          restore.set_account_id(400 + t);
          restore.mutable_since()->set_seconds(1);
          v1::RestoreDeletedResponse restored;
          EXPECT_TRUE(store_.RestoreDeleted(restore, &restored).ok());
          for (const auto& message : restored.restored())
            EXPECT_EQ(Content(400 + t, 1, message.uid()), kMessage);
          Store1(Make({420 + t}, "INBOX", 0, id));
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    stop = true;
    keeper.join();
    EXPECT_EQ(Uids(410, "INBOX").size(), 120u);
    for (int64_t account : {400, 401, 402, 410, 420, 421, 422}) {
      for (uint32_t uid : Uids(account, "INBOX")) ASSERT_EQ(Content(account, 1, uid), kMessage);
    }
  }
};

}  // namespace pennypost::mailbox
