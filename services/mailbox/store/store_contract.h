#pragma once
// What every Store does, run on an empty one.

#include <gtest/gtest.h>

#include <absl/time/clock.h>

#include <thread>

#include "services/mailbox/core/scripts.h"
#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

class StoreContract {
 public:
  explicit StoreContract(Store& store) : store_(store) {}

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
    Scripts();
    ScriptOutcomes();
    OutcomesThatNoLongerHold();
    DomainScriptsChange();
    DeleteAccount();
  }

 private:
  static constexpr int64_t kAlice = 101, kBob = 102;

  std::unique_ptr<Delivery> Make(std::vector<int64_t> accounts,
                                 const std::string& mailbox = "INBOX", int64_t quota = 0,
                                 std::optional<Uuid> id = std::nullopt) {
    auto delivery = std::make_unique<Delivery>();
    delivery->mail_id = id.value_or(NewUuidV7(absl::Now()));
    delivery->sender = "s@x.test";
    delivery->internal_date = absl::FromUnixSeconds(1'700'000'000);
    for (int64_t account : accounts)
      delivery->recipients.push_back({account, "a@b.test", mailbox, "", quota, std::nullopt});
    delivery->email = PrepareEmail(kMessage, delivery->mail_id);
    return delivery;
  }
  Delivery::Result Store1(std::unique_ptr<Delivery> delivery) {
    store_.StoreBatch({delivery.get()});
    EXPECT_TRUE(delivery->status.ok()) << Describe(delivery->status);
    return delivery->status.ok() ? delivery->results[0] : Delivery::Result{};
  }
  v1::Mailbox Find(int64_t account, const std::string& name) {
    v1::Mailbox mailbox;
    EXPECT_TRUE(store_.FindMailbox(account, name, &mailbox).ok()) << name;
    return mailbox;
  }
  std::vector<uint32_t> Uids(int64_t account, const std::string& name) {
    v1::Mailbox mailbox;
    std::vector<MessageRow> rows;
    EXPECT_TRUE(store_.OpenMailbox(account, name, &mailbox, &rows).ok());
    std::vector<uint32_t> uids;
    uint32_t unseen = 0;
    for (const MessageRow& row : rows) {
      uids.push_back(row.uid);
      unseen += row.flags.find("\\Seen") == std::string::npos ? 1 : 0;
      EXPECT_LT(row.uid, mailbox.uid_next());
      EXPECT_LE(row.modseq, mailbox.highest_modseq());
    }
    EXPECT_EQ(mailbox.messages(), rows.size()) << name;
    EXPECT_EQ(mailbox.unseen(), unseen) << name;
    return uids;
  }

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
    ASSERT_TRUE(store_.StoreFlags(request, "\\Seen work", &rows, &modified).ok());
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].flags, "\\Seen work");
    EXPECT_GT(rows[0].modseq, before);
    request.set_unchanged_since(before);
    ASSERT_TRUE(store_.StoreFlags(request, "\\Flagged", &rows, &modified).ok());
    EXPECT_EQ(modified, (std::vector<uint32_t>{1}));
    request.clear_unchanged_since();
    request.set_mode(v1::StoreFlagsRequest::MODE_REMOVE);
    ASSERT_TRUE(store_.StoreFlags(request, "WORK", &rows, &modified).ok());
    EXPECT_EQ(rows[0].flags, "\\Seen");
    uint64_t same = rows[0].modseq;
    ASSERT_TRUE(store_.StoreFlags(request, "work", &rows, &modified).ok());
    EXPECT_EQ(rows[0].modseq, same) << "nothing changed";
    v1::GetChangesRequest since;
    since.set_account_id(kAlice);
    since.set_mailbox_id(1);
    since.set_since_modseq(before);
    v1::Mailbox mailbox;
    std::vector<MessageRow> changed;
    std::vector<uint32_t> vanished;
    ASSERT_TRUE(store_.GetChanges(since, &mailbox, &changed, &vanished).ok());
    ASSERT_EQ(changed.size(), 1u);
    EXPECT_TRUE(vanished.empty());
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
    EXPECT_EQ(ReasonOf(store_.CopyMessages(copy, &copied)), Reason::kOverQuota);
    EXPECT_TRUE(Uids(kAlice, "Archive").empty());
    copy.set_quota_bytes(static_cast<int64_t>(used.used_bytes()) * 2);
    ASSERT_TRUE(store_.CopyMessages(copy, &copied).ok());
    EXPECT_EQ(copied.source_uids_size(), 2);
    EXPECT_EQ(Uids(kAlice, "Archive").size(), 2u);
    EXPECT_EQ(Uids(kAlice, "INBOX").size(), 2u);
    copy.set_destination("Nowhere");
    EXPECT_EQ(store_.CopyMessages(copy, &copied).code(), absl::StatusCode::kNotFound);
    copy.clear_uids();
    copy.add_uids(2);
    copy.set_destination("Trash");
    copy.set_move(true);
    copy.set_quota_bytes(1);  // a move takes nothing more
    ASSERT_TRUE(store_.CopyMessages(copy, &copied).ok());
    EXPECT_EQ(Uids(kAlice, "INBOX"), (std::vector<uint32_t>{1}));
    EXPECT_EQ(Uids(kAlice, "Trash").size(), 1u);
    v1::StoreFlagsRequest mark;
    mark.set_account_id(kAlice);
    mark.set_mailbox_id(1);
    mark.add_uids(1);
    mark.set_mode(v1::StoreFlagsRequest::MODE_ADD);
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    ASSERT_TRUE(store_.StoreFlags(mark, "\\Deleted", &rows, &modified).ok());
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
    v1::Mailbox mailbox;
    std::vector<MessageRow> changed;
    std::vector<uint32_t> vanished;
    ASSERT_TRUE(store_.GetChanges(since, &mailbox, &changed, &vanished).ok());
    EXPECT_EQ(vanished, (std::vector<uint32_t>{1, 2}));
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

  absl::Status Put(const std::string& name, const std::string& content) {
    v1::PutScriptRequest request;
    request.set_account_id(kBob);
    request.set_name(name);
    request.set_content(content);
    return store_.PutScript(request);
  }
  absl::Status Activate(const std::string& name) {
    v1::SetActiveScriptRequest request;
    request.set_account_id(kBob);
    request.set_name(name);
    return store_.SetActiveScript(request);
  }
  ActiveScript Active(int64_t account = kBob) {
    auto active = store_.GetActiveScript(account);
    EXPECT_TRUE(active.ok()) << Describe(active.status());
    return active.value_or(ActiveScript{});
  }
  // "name*" for the active one.
  std::vector<std::string> ScriptNames() {
    v1::ListScriptsResponse list;
    EXPECT_TRUE(store_.ListScripts(kBob, &list).ok());
    std::vector<std::string> names;
    for (const v1::Script& script : list.scripts()) {
      EXPECT_GT(script.modseq(), 0u);
      names.push_back(script.name() + (script.active() ? "*" : ""));
    }
    return names;
  }

  void Scripts() {
    using Names = std::vector<std::string>;
    EXPECT_EQ(Active().generation, 0u);
    EXPECT_EQ(Active(999).generation, 0u);
    ASSERT_TRUE(Put("one", "keep;").ok());
    ASSERT_TRUE(Put("two", "stop;").ok());
    EXPECT_EQ(Active().generation, 0u);
    EXPECT_EQ(Activate("none").code(), absl::StatusCode::kNotFound);
    ASSERT_TRUE(Activate("one").ok());
    EXPECT_EQ(ScriptNames(), (Names{"one*", "two"}));
    ActiveScript first = Active();
    EXPECT_EQ(first.name, "one");
    EXPECT_EQ(first.content, "keep;");
    EXPECT_GT(first.generation, 0u);
    // Any change counts: an active script may include others.
    ASSERT_TRUE(Put("two", "discard;").ok());
    EXPECT_GT(Active().generation, first.generation);
    ASSERT_TRUE(Activate("two").ok());
    EXPECT_EQ(ScriptNames(), (Names{"one", "two*"}));
    EXPECT_EQ(Active().content, "discard;");
    uint64_t before = Active().generation;
    EXPECT_EQ(Activate("none").code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ScriptNames(), (Names{"one", "two*"})) << "a refused change changes nothing";
    EXPECT_EQ(Active().generation, before);
    v1::DeleteScriptRequest remove;
    remove.set_account_id(kBob);
    remove.set_name("two");
    EXPECT_EQ(store_.DeleteScript(remove).code(), absl::StatusCode::kFailedPrecondition);
    v1::RenameScriptRequest rename;
    rename.set_account_id(kBob);
    rename.set_from("two");
    rename.set_to("one");
    EXPECT_EQ(store_.RenameScript(rename).code(), absl::StatusCode::kAlreadyExists);
    rename.set_to("drei \xC3\xA4");
    ASSERT_TRUE(store_.RenameScript(rename).ok());
    EXPECT_EQ(store_.RenameScript(rename).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ScriptNames(), (Names{"drei \xC3\xA4*", "one"}));
    ASSERT_TRUE(Activate("").ok());
    EXPECT_EQ(Active().generation, 0u);
    remove.set_name("drei \xC3\xA4");
    ASSERT_TRUE(store_.DeleteScript(remove).ok());
    EXPECT_EQ(store_.DeleteScript(remove).code(), absl::StatusCode::kNotFound);
    v1::GetScriptRequest get;
    get.set_account_id(kBob);
    get.set_name("one");
    v1::GetScriptResponse got;
    ASSERT_TRUE(store_.GetScript(get, &got).ok());
    EXPECT_EQ(got.content(), "keep;");
    EXPECT_EQ(got.script().size_bytes(), 5u);
    get.set_name("two");
    EXPECT_EQ(store_.GetScript(get, &got).code(), absl::StatusCode::kNotFound);
    ScriptLimits();
  }

  static constexpr int64_t kDora = 106;

  static std::string HashOf(const std::string& text) { return Sha256(text); }
  std::vector<std::string> Kinds(const Uuid& mail_id) {
    v1::GetHistoryRequest request;
    request.set_mail_id(mail_id.ToString());
    v1::GetHistoryResponse history;
    EXPECT_TRUE(store_.GetHistory(request, &history).ok());
    std::vector<std::string> kinds;
    for (const auto& event : history.events()) kinds.push_back(event.kind());
    return kinds;
  }
  std::unique_ptr<Delivery> MakeRun(uint64_t generation, std::vector<ScriptOutcome::Copy> copies,
                                    std::optional<Uuid> id = std::nullopt) {
    auto delivery = Make({kDora}, "INBOX", 0, id);
    ScriptOutcome outcome;
    outcome.generation = generation;
    outcome.copies = std::move(copies);
    delivery->recipients[0].script = std::move(outcome);
    return delivery;
  }
  uint64_t ActivateForDora(const std::string& content) {
    v1::PutScriptRequest put;
    put.set_account_id(kDora);
    put.set_name("main");
    put.set_content(content);
    EXPECT_TRUE(store_.PutScript(put).ok());
    v1::SetActiveScriptRequest activate;
    activate.set_account_id(kDora);
    activate.set_name("main");
    EXPECT_TRUE(store_.SetActiveScript(activate).ok());
    return Active(kDora).generation;
  }

  void ScriptOutcomes() {
    ASSERT_TRUE(store_.EnsureAccount(kDora).ok());
    uint64_t generation = ActivateForDora("keep;");
    auto both = MakeRun(generation, {{"Junk", "\\Seen"}, {"INBOX", ""}});
    auto& outcome = *both->recipients[0].script;
    outcome.outgoing.push_back({UuidV5(both->mail_id, "1"), "request"});
    outcome.remembered.push_back({HashOf("a"), absl::Now() + absl::Hours(1), true});
    v1::DeliverRequest events;
    events.add_events()->set_kind("script");
    outcome.events = events.SerializeAsString();
    Uuid id = both->mail_id;
    Delivery::Result stored = Store1(std::move(both));
    EXPECT_EQ(stored.mailbox_id, Find(kDora, "Junk").id());
    EXPECT_EQ(Uids(kDora, "Junk").size(), 1u);
    EXPECT_EQ(Uids(kDora, "INBOX").size(), 1u);
    EXPECT_EQ(Kinds(id), (std::vector<std::string>{"script", "stored"}));
    EXPECT_TRUE(*store_.IsRemembered(kDora, HashOf("a")));
    EXPECT_FALSE(*store_.IsRemembered(kDora, HashOf("b")));
    auto due = store_.ClaimOutbox(10);
    ASSERT_TRUE(due.ok());
    ASSERT_EQ(due->size(), 1u);
    EXPECT_EQ((*due)[0].request, "request");
    EXPECT_EQ((*due)[0].id, UuidV5(id, "1"));
    EXPECT_EQ((*due)[0].attempts, 1);
    EXPECT_TRUE(store_.ClaimOutbox(10)->empty()) << "who claimed it has some seconds";
    ASSERT_TRUE(store_.FinishOutbox((*due)[0]).ok());
    // A repeat, whatever the script says by then, changes nothing.
    auto again = MakeRun(generation, {}, id);
    again->recipients[0].script->outgoing.push_back({UuidV5(id, "1"), "request"});
    Delivery::Result repeated = Store1(std::move(again));
    EXPECT_TRUE(repeated.duplicate);
    EXPECT_EQ(repeated.uid, stored.uid);
    EXPECT_TRUE(store_.ClaimOutbox(10)->empty());
    // Nothing stored is an outcome too, and is known as done.
    auto none = MakeRun(generation, {});
    Uuid none_id = none->mail_id;
    EXPECT_EQ(Store1(std::move(none)).uid, 0u);
    EXPECT_TRUE(Store1(MakeRun(generation, {{"INBOX", ""}}, none_id)).duplicate);
    EXPECT_EQ(Kinds(none_id), (std::vector<std::string>{"handled"}));
    EXPECT_EQ(Uids(kDora, "INBOX").size(), 1u);
    ChangedContent(generation);
  }

  // A script may change what its own account gets, and nobody else's.
  void ChangedContent(uint64_t generation) {
    auto delivery = MakeRun(generation, {{"Archive", ""}, {"Trash", ""}});
    delivery->recipients.push_back({107, "g@b.test", "INBOX", "", 0, std::nullopt});
    auto changed = std::make_shared<ScriptOutcome::Changed>();
    changed->content = "X: y\r\n" + std::string(kMessage);
    changed->email = PrepareEmail(changed->content, delivery->mail_id);
    changed->blob_id = UuidV5(delivery->mail_id, "106");
    delivery->recipients[0].script->changed = changed;
    Delivery::Result stored = Store1(std::move(delivery));
    auto mine = store_.Fetch(kDora, stored.mailbox_id, {stored.uid}, {false, false, true});
    ASSERT_EQ(mine->size(), 1u);
    EXPECT_EQ((*mine)[0].content, changed->content);
    EXPECT_EQ(store_.Fetch(107, 1, {1}, {false, false, true})->at(0).content, kMessage);
  }

  void OutcomesThatNoLongerHold() {
    uint64_t old = Active(kDora).generation;
    uint64_t generation = ActivateForDora("stop;");
    EXPECT_GT(generation, old);
    size_t before = Uids(kDora, "INBOX").size();
    auto good = MakeRun(generation, {{"INBOX", ""}});
    auto stale = MakeRun(old, {{"INBOX", ""}});
    auto never_ran = Make({kDora});
    auto other = Make({kAlice});
    store_.StoreBatch({good.get(), stale.get(), never_ran.get(), other.get()});
    EXPECT_TRUE(good->status.ok()) << Describe(good->status);
    EXPECT_TRUE(other->status.ok()) << Describe(other->status);
    EXPECT_TRUE(stale->stale);
    EXPECT_FALSE(stale->status.ok());
    EXPECT_TRUE(never_ran->stale);
    EXPECT_EQ(Uids(kDora, "INBOX").size(), before + 1);
    // What a client appends is not for scripts.
    auto append = Make({kDora});
    append->runs_scripts = false;
    Store1(std::move(append));
    // Two mails at once that both want to be the first: one is.
    std::string id = HashOf("once");
    auto first = MakeRun(generation, {}), second = MakeRun(generation, {});
    for (Delivery* delivery : {first.get(), second.get()}) {
      delivery->recipients[0].script->remembered.push_back(
          {id, absl::Now() + absl::Hours(1), true});
    }
    store_.StoreBatch({first.get(), second.get()});
    EXPECT_TRUE(first->status.ok()) << Describe(first->status);
    EXPECT_TRUE(second->stale);
    auto renewed = MakeRun(generation, {});
    renewed->recipients[0].script->remembered.push_back({id, absl::Now(), false});
    Store1(std::move(renewed));
    EXPECT_FALSE(*store_.IsRemembered(kDora, id)) << "it was set to end now";
    EXPECT_TRUE(store_.PruneRemembered().ok());
    // A script that is switched off runs no more.
    v1::SetActiveScriptRequest off;
    off.set_account_id(kDora);
    ASSERT_TRUE(store_.SetActiveScript(off).ok());
    auto late = MakeRun(generation, {});
    store_.StoreBatch({late.get()});
    EXPECT_TRUE(late->stale);
  }

  void DomainScriptsChange() {
    EXPECT_EQ(store_.LoadDomainScripts(99)->generation, 0u);
    v1::PutScriptRequest put;
    put.set_domain("b.test");
    put.set_name("before");
    put.set_content("keep;");
    ASSERT_TRUE(store_.PutDomainScript(put).ok());
    put.set_domain("other.test");
    ASSERT_TRUE(store_.PutDomainScript(put).ok());
    auto all = store_.LoadDomainScripts(0);
    ASSERT_TRUE(all.ok());
    ASSERT_EQ(all->scripts.size(), 2u);
    EXPECT_EQ(all->scripts[0].domain + all->scripts[0].name + all->scripts[0].content,
              "b.testbeforekeep;");
    EXPECT_TRUE(store_.LoadDomainScripts(all->generation)->scripts.empty());
    v1::ListScriptsResponse list;
    ASSERT_TRUE(store_.ListDomainScripts("b.test", &list).ok());
    EXPECT_EQ(list.scripts_size(), 1);
    v1::GetScriptRequest get;
    get.set_domain("b.test");
    get.set_name("before");
    v1::GetScriptResponse got;
    ASSERT_TRUE(store_.GetDomainScript(get, &got).ok());
    EXPECT_EQ(got.content(), "keep;");
    get.set_name("after");
    EXPECT_EQ(store_.GetDomainScript(get, &got).code(), absl::StatusCode::kNotFound);
    // Who has not run these is told so; APPEND is not concerned.
    auto stale = Make({kAlice});
    store_.StoreBatch({stale.get()});
    EXPECT_TRUE(stale->stale);
    auto append = Make({kAlice});
    append->runs_scripts = false;
    Store1(std::move(append));
    auto good = Make({kAlice});
    good->domain_generation = all->generation;
    Store1(std::move(good));
    v1::DeleteScriptRequest remove;
    remove.set_domain("b.test");
    remove.set_name("before");
    ASSERT_TRUE(store_.DeleteDomainScript(remove).ok());
    EXPECT_EQ(store_.DeleteDomainScript(remove).code(), absl::StatusCode::kNotFound);
    EXPECT_GT(store_.LoadDomainScripts(0)->generation, all->generation);
  }

  void ScriptLimits() {
    std::string big(1 << 20, ' ');
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Put("big" + std::to_string(i), big).ok());
    EXPECT_EQ(ReasonOf(Put("big3", big)), Reason::kTooBig) << "\"one\" takes some of the 4 MiB";
    EXPECT_TRUE(Put("big2", big).ok()) << "it takes its own place";
    EXPECT_EQ(ReasonOf(Put("huge", big + " ")), Reason::kTooBig);
    uint64_t count = ScriptNames().size();
    for (; count < kMaxScripts; ++count) ASSERT_TRUE(Put("s" + std::to_string(count), "").ok());
    EXPECT_EQ(ReasonOf(Put("over", "")), Reason::kOverQuota);
    v1::CheckScriptRoomRequest room;
    room.set_account_id(kBob);
    room.set_name("over");
    EXPECT_EQ(ReasonOf(store_.CheckScriptRoom(room)), Reason::kOverQuota);
    room.set_name("one");
    EXPECT_TRUE(store_.CheckScriptRoom(room).ok());
    room.set_size_bytes((1 << 20) + 1);
    EXPECT_EQ(ReasonOf(store_.CheckScriptRoom(room)), Reason::kTooBig);
  }

  void DeleteAccount() {
    ASSERT_TRUE(store_.DeleteAccount(kAlice).ok());
    v1::Mailbox mailbox;
    EXPECT_EQ(store_.FindMailbox(kAlice, "INBOX", &mailbox).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(store_.Fetch(kBob, 1, {1}, {false, false, true})->size(), 1u);
  }

  static constexpr std::string_view kMessage = "Subject: x\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n";
  Store& store_;
};

}  // namespace pennypost::mailbox
