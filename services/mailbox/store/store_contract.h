#pragma once
// What every Store does, run on an empty one. Scripts: script_contract.h.

#include <thread>

#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class StoreContract : private StoreFixture {
 public:
  explicit StoreContract(Store& store) : StoreFixture(store) {}

  void Run() {
    DeliverOnceEach();
    Quota();
    Together();
    MaildropLock();
    FlagsAndChanges();
    CopyMoveExpunge();
    Metadata();
    Mailboxes();
    ConcurrentDeliveriesKeepTheUidRules();
    DeleteAccount();
  }

 private:
  void DeliverOnceEach() {
    auto both = Make({kAlice, kBob});
    auto other = Make({kAlice});
    Uuid id = both->mail_id;
    store_.StoreBatch({both.get(), other.get()});
    ASSERT_TRUE(both->status.ok()) << Describe(both->status);
    ASSERT_TRUE(other->status.ok());
    EXPECT_EQ(both->results[0].uid, 1u);
    EXPECT_EQ(other->results[0].uid, 2u);
    EXPECT_EQ(both->results[1].uid, 1u);
    // The same mail_id again, with a new recipient: the old ones get their old answer, the new one
    // a copy.
    auto again = Make({kAlice, kBob, 103}, "INBOX", 0, id);
    store_.StoreBatch({again.get()});
    ASSERT_TRUE(again->status.ok()) << Describe(again->status);
    EXPECT_TRUE(again->results[0].duplicate);
    EXPECT_EQ(again->results[0].uid, 1u);
    EXPECT_FALSE(again->results[2].duplicate);
    EXPECT_EQ(Uids(kAlice, "INBOX"), (std::vector<uint32_t>{1, 2}));
    auto stored = store_.FindStored(kAlice, {other->mail_id, NewUuidV7(absl::Now()), id, id});
    ASSERT_TRUE(stored.ok()) << Describe(stored.status());
    EXPECT_EQ(*stored, (std::vector<bool>{true, false, true, true}));
    EXPECT_EQ(*store_.FindStored(104, {id}), std::vector<bool>{false});
    auto contents = store_.Fetch(kAlice, 1, {1, 7}, {true, true, true});
    ASSERT_TRUE(contents.ok());
    ASSERT_EQ(contents->size(), 1u);
    EXPECT_EQ((*contents)[0].content, kMessage);
    EXPECT_EQ((*contents)[0].header, "Subject: x\r\nMessage-ID: <1@x>\r\n\r\n");
    v1::ReadContentRequest range;
    range.set_account_id(kAlice);
    range.set_mailbox_id(1);
    range.set_uid(1);
    range.set_offset(9);
    range.set_length(3);
    v1::ReadContentResponse part;
    ASSERT_TRUE(store_.ReadContent(range, &part).ok());
    EXPECT_EQ(part.data(), "x\r\n");
    EXPECT_EQ(part.total_size(), kMessage.size());
    v1::GetHistoryRequest history;
    history.set_mail_id(id.ToString());
    v1::GetHistoryResponse events;
    ASSERT_TRUE(store_.GetHistory(history, &events).ok());
    EXPECT_EQ(events.events_size(), 3);
    auto missing = Make({kAlice}, "Nowhere");
    missing->mailbox_must_exist = true;
    store_.StoreBatch({missing.get()});
    EXPECT_EQ(missing->status.code(), absl::StatusCode::kNotFound);
    // A folder that a delivery asks for and that does not exist is INBOX.
    EXPECT_EQ(Store1(Make({kBob}, "Nowhere")).mailbox_id, 1);
    // An account that nothing was ever stored for has its first folders all the same.
    EXPECT_NE(Store1(Make({205}, "Junk")).mailbox_id, 1);
    EXPECT_EQ(Uids(205, "Junk").size(), 1u);
    auto appended = Make({206}, "Archive");
    appended->mailbox_must_exist = true;
    store_.StoreBatch({appended.get()});
    EXPECT_TRUE(appended->status.ok()) << Describe(appended->status);
  }

  void Quota() {
    auto size = static_cast<int64_t>(kMessage.size());
    auto fits = Make({104}, "INBOX", size);
    auto full = Make({104}, "INBOX", size);
    auto other = Make({105});
    store_.StoreBatch({fits.get(), full.get(), other.get()});
    EXPECT_TRUE(fits->status.ok()) << Describe(fits->status);
    EXPECT_TRUE(other->status.ok()) << Describe(other->status);
    EXPECT_EQ(ReasonOf(full->status), Reason::kOverQuota);
    v1::CheckQuotaRequest check;
    check.set_account_id(104);
    check.set_quota_bytes(size);
    EXPECT_EQ(ReasonOf(store_.CheckQuota(check)), Reason::kOverQuota);
    check.set_quota_bytes(size + 1);
    EXPECT_TRUE(store_.CheckQuota(check).ok());
    v1::GetQuotaResponse used;
    ASSERT_TRUE(store_.GetQuota(104, &used).ok());
    EXPECT_EQ(used.used_bytes(), kMessage.size());
  }

  void Together() {
    auto size = static_cast<int64_t>(kMessage.size());
    auto first = Make({106}, "Archive", 3 * size);
    auto second = Make({106}, "Archive", 3 * size);
    first->mailbox_must_exist = second->mailbox_must_exist = true;
    ASSERT_TRUE(store_.EnsureAccount(106).ok());
    absl::Status stored = store_.StoreTogether({first.get(), second.get()});
    ASSERT_TRUE(stored.ok()) << Describe(stored);
    EXPECT_EQ(first->results[0].uid, 1u);
    EXPECT_EQ(second->results[0].uid, 2u);
    EXPECT_NE(first->results[0].uid_validity, 0u);
    // A repeat changes nothing.
    EXPECT_TRUE(store_.StoreTogether({first.get(), second.get()}).ok());
    EXPECT_EQ(second->results[0].uid, 2u);
    EXPECT_EQ(Uids(106, "Archive").size(), 2u);
    // Room for one of them: none is stored.
    auto third = Make({106}, "Archive", 3 * size);
    auto fourth = Make({106}, "Archive", 3 * size);
    EXPECT_EQ(ReasonOf(store_.StoreTogether({third.get(), fourth.get()})), Reason::kOverQuota);
    EXPECT_EQ(Uids(106, "Archive").size(), 2u);
    auto lost = Make({106}, "Nowhere");
    lost->mailbox_must_exist = true;
    EXPECT_EQ(store_.StoreTogether({third.get(), lost.get()}).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(Uids(106, "Archive").size(), 2u);
  }

  void MaildropLock() {
    Uuid first = NewUuidV7(absl::Now()), second = NewUuidV7(absl::Now());
    ASSERT_TRUE(store_.LockMaildrop(kAlice, first, absl::Seconds(60)).ok());
    EXPECT_EQ(ReasonOf(store_.LockMaildrop(kAlice, second, absl::Seconds(60))), Reason::kConflict);
    EXPECT_TRUE(store_.LockMaildrop(kBob, second, absl::Seconds(60)).ok()) << "another account";
    EXPECT_TRUE(store_.LockMaildrop(kAlice, first, absl::Seconds(60)).ok()) << "longer";
    EXPECT_TRUE(store_.UnlockMaildrop(kAlice, second).ok()) << "somebody else's: nothing";
    EXPECT_FALSE(store_.LockMaildrop(kAlice, second, absl::Seconds(60)).ok());
    EXPECT_TRUE(store_.UnlockMaildrop(kAlice, first).ok());
    EXPECT_TRUE(store_.LockMaildrop(kAlice, second, absl::ZeroDuration()).ok());
    absl::SleepFor(absl::Milliseconds(20));
    EXPECT_TRUE(store_.LockMaildrop(kAlice, first, absl::Seconds(60)).ok()) << "it is over";
    EXPECT_TRUE(store_.UnlockMaildrop(kAlice, first).ok());
    EXPECT_TRUE(store_.UnlockMaildrop(kBob, second).ok());
  }

  void FlagsAndChanges() {
    uint64_t before = Find(kAlice, "INBOX").highest_modseq();
    v1::StoreFlagsRequest request;
    request.set_account_id(kAlice);
    request.set_mailbox_id(1);
    request.add_uids(1);
    request.add_uids(99);
    request.set_mode(v1::StoreFlagsRequest::MODE_ADD);
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    ASSERT_TRUE(
        store_.StoreFlags(request, "\\Seen work", mail::Rights::All(), &rows, &modified).ok());
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].flags, "\\Seen work");
    EXPECT_GT(rows[0].modseq, before);
    request.set_unchanged_since(before);
    ASSERT_TRUE(
        store_.StoreFlags(request, "\\Flagged", mail::Rights::All(), &rows, &modified).ok());
    EXPECT_EQ(modified, (std::vector<uint32_t>{1}));
    request.clear_unchanged_since();
    request.set_mode(v1::StoreFlagsRequest::MODE_REMOVE);
    ASSERT_TRUE(store_.StoreFlags(request, "WORK", mail::Rights::All(), &rows, &modified).ok());
    EXPECT_EQ(rows[0].flags, "\\Seen");
    uint64_t same = rows[0].modseq;
    ASSERT_TRUE(store_.StoreFlags(request, "work", mail::Rights::All(), &rows, &modified).ok());
    EXPECT_EQ(rows[0].modseq, same) << "nothing changed";
    v1::GetChangesRequest since;
    since.set_account_id(kAlice);
    since.set_mailbox_id(1);
    since.set_since_modseq(before);
    auto changes = store_.GetChanges(since);
    ASSERT_TRUE(changes.ok());
    ASSERT_EQ(changes->changed.size(), 1u);
    EXPECT_TRUE(changes->vanished.empty());
    EXPECT_EQ(Uids(kAlice, "INBOX").size(), 2u);
  }

  void CopyMoveExpunge() {
    uint64_t before = Find(kAlice, "INBOX").highest_modseq();
    v1::CopyMessagesRequest copy;
    copy.set_account_id(kAlice);
    copy.set_mailbox_id(1);
    copy.add_uids(1);
    copy.add_uids(2);
    copy.add_uids(50);
    copy.set_destination("Archive");
    v1::CopyMessagesResponse copied;
    v1::GetQuotaResponse used;
    ASSERT_TRUE(store_.GetQuota(kAlice, &used).ok());
    copy.set_quota_bytes(static_cast<int64_t>(used.used_bytes()) + 1);
    EXPECT_EQ(ReasonOf(store_.CopyMessages(copy, mail::Rights::All(), &copied)),
              Reason::kOverQuota);
    EXPECT_TRUE(Uids(kAlice, "Archive").empty());
    copy.set_quota_bytes(static_cast<int64_t>(used.used_bytes()) * 2);
    ASSERT_TRUE(store_.CopyMessages(copy, mail::Rights::All(), &copied).ok());
    EXPECT_EQ(copied.source_uids_size(), 2);
    EXPECT_EQ(Uids(kAlice, "Archive").size(), 2u);
    EXPECT_EQ(Uids(kAlice, "INBOX").size(), 2u);
    copy.set_destination("Nowhere");
    EXPECT_EQ(store_.CopyMessages(copy, mail::Rights::All(), &copied).code(),
              absl::StatusCode::kNotFound);
    copy.clear_uids();
    copy.add_uids(2);
    copy.set_destination("Trash");
    copy.set_move(true);
    copy.set_quota_bytes(1);  // a move takes nothing more
    ASSERT_TRUE(store_.CopyMessages(copy, mail::Rights::All(), &copied).ok());
    EXPECT_EQ(Uids(kAlice, "INBOX"), (std::vector<uint32_t>{1}));
    EXPECT_EQ(Uids(kAlice, "Trash").size(), 1u);
    v1::StoreFlagsRequest mark;
    mark.set_account_id(kAlice);
    mark.set_mailbox_id(1);
    mark.add_uids(1);
    mark.set_mode(v1::StoreFlagsRequest::MODE_ADD);
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    ASSERT_TRUE(store_.StoreFlags(mark, "\\Deleted", mail::Rights::All(), &rows, &modified).ok());
    EXPECT_EQ(Find(kAlice, "INBOX").deleted(), 1u);
    v1::ExpungeRequest expunge;
    expunge.set_account_id(kAlice);
    expunge.set_mailbox_id(1);
    v1::ExpungeResponse gone;
    ASSERT_TRUE(store_.Expunge(expunge, &gone).ok());
    EXPECT_EQ(gone.uids_size(), 1);
    EXPECT_TRUE(Uids(kAlice, "INBOX").empty());
    EXPECT_EQ(Find(kAlice, "INBOX").deleted(), 0u);
    v1::GetChangesRequest since;
    since.set_account_id(kAlice);
    since.set_mailbox_id(1);
    since.set_since_modseq(before);
    auto changes = store_.GetChanges(since);
    ASSERT_TRUE(changes.ok());
    EXPECT_EQ(changes->vanished, (std::vector<uint32_t>{1, 2}));
    // The copies still have their content, bob's shared one too.
    EXPECT_EQ(store_.Fetch(kAlice, Find(kAlice, "Archive").id(), {1}, {false, false, true})
                  ->at(0)
                  .content,
              kMessage);
    EXPECT_EQ(store_.Fetch(kBob, 1, {1}, {false, false, true})->at(0).content, kMessage);
    EXPECT_EQ(Store1(Make({kAlice})).uid, 3u) << "a UID is never used again";
  }

  void Metadata() {
    auto get = [this](const std::string& mailbox) {
      v1::GetMetadataRequest request;
      request.set_account_id(kAlice);
      request.set_mailbox(mailbox);
      v1::GetMetadataResponse response;
      EXPECT_TRUE(store_.GetMetadata(request, &response).ok()) << mailbox;
      std::string out;
      for (const auto& entry : response.entries()) out += entry.name() + "=" + entry.value() + " ";
      return out;
    };
    v1::SetMetadataRequest set;
    set.set_account_id(kAlice);
    set.set_mailbox("Archive");
    auto* comment = set.add_entries();
    comment->set_name("/private/comment");
    comment->set_value("one");
    auto* other = set.add_entries();
    other->set_name("/private/a");
    other->set_value("");
    ASSERT_TRUE(store_.SetMetadata(set).ok());
    EXPECT_EQ(get("Archive"), "/private/a= /private/comment=one ");
    EXPECT_EQ(get("INBOX"), "");
    EXPECT_EQ(get(""), "");
    comment->set_value("two");
    other->clear_value();
    ASSERT_TRUE(store_.SetMetadata(set).ok());
    EXPECT_EQ(get("Archive"), "/private/comment=two ");
    set.set_mailbox("");
    ASSERT_TRUE(store_.SetMetadata(set).ok());
    EXPECT_EQ(get(""), "/private/comment=two ");
    // One too many: none is set.
    set.clear_entries();
    for (int i = 0; i < Store::kMostMetadata; ++i) {
      auto* entry = set.add_entries();
      entry->set_name("/private/n" + std::to_string(i));
      entry->set_value("x");
    }
    EXPECT_EQ(store_.SetMetadata(set).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(get(""), "/private/comment=two ");
    set.set_mailbox("Nowhere");
    EXPECT_EQ(store_.SetMetadata(set).code(), absl::StatusCode::kNotFound);
    // It goes with its mailbox, and does not come back with the name.
    v1::CreateMailboxRequest create;
    create.set_account_id(kAlice);
    create.set_name("Noted");
    v1::Mailbox made;
    ASSERT_TRUE(store_.CreateMailbox(create, &made).ok());
    set.set_mailbox("Noted");
    ASSERT_TRUE(store_.SetMetadata(set).ok());
    v1::DeleteMailboxRequest remove;
    remove.set_account_id(kAlice);
    remove.set_name("Noted");
    ASSERT_TRUE(store_.DeleteMailbox(remove).ok());
    ASSERT_TRUE(store_.CreateMailbox(create, &made).ok());
    EXPECT_EQ(get("Noted"), "");
    ASSERT_TRUE(store_.DeleteMailbox(remove).ok());
  }

  void Mailboxes() {
    v1::CreateMailboxRequest create;
    create.set_account_id(kAlice);
    create.set_name("Work/Reports/2026");
    v1::Mailbox made;
    ASSERT_TRUE(store_.CreateMailbox(create, &made).ok());
    EXPECT_EQ(store_.CreateMailbox(create, &made).code(), absl::StatusCode::kAlreadyExists);
    Find(kAlice, "Work/Reports");
    Store1(Make({kAlice}, "Work/Reports/2026"));
    v1::DeleteMailboxRequest remove;
    remove.set_account_id(kAlice);
    remove.set_name("Work");
    EXPECT_EQ(ReasonOf(store_.DeleteMailbox(remove)), Reason::kHasChildren);
    v1::SubscribeRequest subscribe;
    subscribe.set_account_id(kAlice);
    subscribe.set_name("Work/Reports/2026");
    subscribe.set_subscribed(true);
    ASSERT_TRUE(store_.Subscribe(subscribe).ok());
    v1::RenameMailboxRequest rename;
    rename.set_account_id(kAlice);
    rename.set_from("Work");
    rename.set_to("Old/Work");
    ASSERT_TRUE(store_.RenameMailbox(rename).ok());
    v1::Mailbox moved = Find(kAlice, "Old/Work/Reports/2026");
    EXPECT_EQ(moved.messages(), 1u);
    EXPECT_TRUE(moved.subscribed());
    EXPECT_EQ(store_.RenameMailbox(rename).code(), absl::StatusCode::kNotFound);
    rename.set_from("Old");
    rename.set_to("Old/x");
    EXPECT_EQ(store_.RenameMailbox(rename).code(), absl::StatusCode::kInvalidArgument);
    remove.set_name("Old/Work/Reports/2026");
    ASSERT_TRUE(store_.DeleteMailbox(remove).ok());
    v1::ListMailboxesRequest list;
    list.set_account_id(kAlice);
    v1::ListMailboxesResponse all;
    ASSERT_TRUE(store_.ListMailboxes(list, &all).ok());
    EXPECT_EQ(all.mailboxes_size(), 9);
    ASSERT_EQ(all.stale_subscriptions_size(), 1);
    // Made again, it is another mailbox.
    create.set_name("Old/Work/Reports/2026");
    ASSERT_TRUE(store_.CreateMailbox(create, &made).ok());
    EXPECT_GT(made.uid_validity(), moved.uid_validity());
  }

  void ConcurrentDeliveriesKeepTheUidRules() {
    constexpr int kThreads = 4, kEach = 25;
    std::vector<std::thread> threads;
    std::atomic<bool> stop{false};
    // UIDs become visible in their order: whoever sees UID n has seen all below it.
    std::thread observer([&] {
      size_t seen = 0;
      while (!stop) {
        v1::Mailbox mailbox;
        std::vector<MessageRow> rows;
        if (!store_.OpenMailbox(200, "INBOX", &mailbox, &rows).ok()) continue;
        EXPECT_GE(rows.size(), seen);
        seen = rows.size();
        for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].uid, i + 1);
      }
    });
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          auto a = Make({200, 201}), b = Make({201, 200});
          store_.StoreBatch({a.get(), b.get()});
          EXPECT_TRUE(a->status.ok()) << Describe(a->status);
          EXPECT_TRUE(b->status.ok()) << Describe(b->status);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    stop = true;
    observer.join();
    EXPECT_EQ(Uids(200, "INBOX").size(), 2u * kThreads * kEach);
    EXPECT_EQ(Uids(201, "INBOX").size(), 2u * kThreads * kEach);
  }

  void DeleteAccount() {
    ASSERT_TRUE(store_.DeleteAccount(kAlice).ok());
    v1::Mailbox mailbox;
    EXPECT_EQ(store_.FindMailbox(kAlice, "INBOX", &mailbox).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(store_.Fetch(kBob, 1, {1}, {false, false, true})->size(), 1u);
  }
};

}  // namespace pennypost::mailbox
