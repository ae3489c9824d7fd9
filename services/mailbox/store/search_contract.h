#pragma once
// What every Store does for the search index.

#include "services/mailbox/core/indexing.h"
#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class SearchContract : private StoreFixture {
 public:
  explicit SearchContract(Store& store) : StoreFixture(store) {}

  void Run() {
    WhatIsNotIndexedMayHoldAnything();
    IndexingGoesInSteps();
    OneAtATimeHasTheTurn();
    ALostTurnChangesNothing();
    CopiesAndRestoredMessagesAreIndexed();
    AFailedStepIsDoneAgain();
    AnAccountThatGoesTakesItsIndexAlong();
  }

 private:
  using UidList = std::vector<uint32_t>;
  static constexpr int64_t kIda = 901, kJan = 902, kKim = 903, kLea = 904, kMax = 905;

  uint32_t Put(int64_t account, const std::string& words, const std::string& mailbox = "INBOX") {
    content_ = "Subject: " + words + "\r\n\r\nbody\r\n";
    auto delivery = Make({account}, mailbox);
    delivery->email = PrepareEmail(content_, delivery->mail_id);
    return Store1(std::move(delivery)).uid;
  }
  // Both ways of looking: of a mailbox that is all of its account, and of one that is little of it.
  std::vector<uint32_t> MayHold(int64_t account, const std::string& words,
                                const std::string& mailbox = "INBOX") {
    auto grams = search::GramsOf(words);
    int64_t id = Find(account, mailbox).id();
    auto in_order = store_.MayHold(account, id, 1'000'000, grams);
    auto by_message = store_.MayHold(account, id, 0, grams);
    EXPECT_TRUE(in_order.ok()) << Describe(in_order.status());
    EXPECT_TRUE(by_message.ok()) << Describe(by_message.status());
    if (!in_order.ok() || !by_message.ok()) return {};
    std::sort(in_order->begin(), in_order->end());
    std::sort(by_message->begin(), by_message->end());
    EXPECT_EQ(*in_order, *by_message) << words;
    return *in_order;
  }
  size_t Index(int64_t account, size_t limit = 500) {
    size_t emails = 0;
    for (;;) {
      auto step = IndexSome(store_, account, {limit, 100, 1 << 20});
      EXPECT_TRUE(step.ok()) << Describe(step.status());
      if (!step.ok()) return emails;
      emails += step->emails;
      if (!step->more) return emails;
    }
  }
  uint64_t Waiting(int64_t account) {
    uint64_t waiting = 0;
    for (int64_t after = 0;;) {
      auto step = store_.FindUnindexed(after, 3);
      EXPECT_TRUE(step.ok()) << Describe(step.status());
      if (!step.ok()) return 0;
      for (const auto& found : step->accounts) {
        EXPECT_GT(found.account_id, after) << "each account once";
        after = found.account_id;
        if (found.account_id == account) waiting += found.messages;
      }
      after = step->last;
      if (step->at_end) return waiting;
    }
  }

  void WhatIsNotIndexedMayHoldAnything() {
    Put(kIda, "apples");
    Put(kIda, "pears");
    Put(kJan, "apples");
    EXPECT_EQ(MayHold(kIda, "quinces"), (UidList{1, 2}));
    EXPECT_EQ(Waiting(kIda), 2u);
    EXPECT_EQ(Index(kIda), 2u);
    EXPECT_EQ(Waiting(kIda), 0u);
    EXPECT_EQ(MayHold(kIda, "quinces"), (UidList{}));
    EXPECT_EQ(MayHold(kIda, "apples"), (UidList{1}));
    EXPECT_EQ(MayHold(kIda, "subject: pears"), (UidList{2}));
    EXPECT_EQ(MayHold(kJan, "quinces"), (UidList{1})) << "another account's is not indexed";
    Put(kIda, "plums");
    EXPECT_EQ(MayHold(kIda, "apples"), (UidList{1, 3}));
    EXPECT_EQ(Index(kIda), 1u) << "the new one alone";
    EXPECT_EQ(MayHold(kIda, "apples"), (UidList{1}));
  }

  void IndexingGoesInSteps() {
    for (int i = 0; i < 7; ++i) Put(kKim, "step number" + std::to_string(i));
    // Flags give all of them one MODSEQ.
    v1::StoreFlagsRequest flag;
    flag.set_account_id(kKim);
    flag.set_mailbox_id(Find(kKim, "INBOX").id());
    flag.set_mode(v1::StoreFlagsRequest::MODE_ADD);
    for (uint32_t uid = 1; uid <= 7; ++uid) flag.add_uids(uid);
    std::vector<MessageRow> rows;
    std::vector<uint32_t> modified;
    ASSERT_TRUE(store_.StoreFlags(flag, "\\Seen", mail::Rights::All(), &rows, &modified).ok());
    auto step = IndexSome(store_, kKim, {3, 1 << 20, 1 << 20});
    ASSERT_TRUE(step.ok());
    EXPECT_EQ(step->emails, 3u);
    EXPECT_TRUE(step->more);
    EXPECT_EQ(MayHold(kKim, "quinces").size(), 4u);
    EXPECT_EQ(Index(kKim, 2), 4u);
    EXPECT_EQ(MayHold(kKim, "number5"), (UidList{6}));
    // A change of flags alone leaves nothing to read.
    ASSERT_TRUE(store_.StoreFlags(flag, "\\Flagged", mail::Rights::All(), &rows, &modified).ok());
    EXPECT_EQ(MayHold(kKim, "quinces"), (UidList{}));
    EXPECT_EQ(Index(kKim), 0u);
  }

  void OneAtATimeHasTheTurn() {
    Put(kKim, "turns");
    auto turn = store_.StartIndexing(kKim, 10);
    ASSERT_TRUE(turn.ok() && turn->has_value());
    EXPECT_EQ((*turn)->emails.size(), 1u);
    auto other = store_.StartIndexing(kKim, 10);
    ASSERT_TRUE(other.ok());
    EXPECT_FALSE(other->has_value());
    ASSERT_TRUE(store_.FinishIndexing(kKim, **turn, false).ok());
    EXPECT_EQ(MayHold(kKim, "quinces").size(), 1u) << "it was not done";
    EXPECT_EQ(Index(kKim), 1u);
    auto nobody = store_.StartIndexing(999'999, 10);
    ASSERT_TRUE(nobody.ok());
    EXPECT_FALSE(nobody->has_value());
  }

  // Who was stopped for long and goes on: the index was begun anew meanwhile.
  void ALostTurnChangesNothing() {
    Put(kLea, "older");
    Index(kLea);
    Put(kLea, "newer");
    auto turn = store_.StartIndexing(kLea, 10);
    ASSERT_TRUE(turn.ok() && turn->has_value());
    ASSERT_TRUE(store_.ForgetSignatures(kLea).ok());
    EmailSignatures put{(*turn)->emails[0].email_id, {search::Anything()}};
    ASSERT_TRUE(store_.PutSignatures(kLea, {put}).ok());
    ASSERT_TRUE(store_.FinishIndexing(kLea, **turn, true).ok());
    EXPECT_EQ(MayHold(kLea, "quinces").size(), 2u);
    EXPECT_GT(Waiting(kLea), 0u);
    EXPECT_EQ(Index(kLea), 1u);
    EXPECT_EQ(MayHold(kLea, "older").size(), 2u) << "one by its text, one by what was put";
    // An email that is not there takes no signatures.
    EXPECT_TRUE(store_.PutSignatures(kLea, {{NewUuidV7(absl::Now()), {search::Anything()}}}).ok());
  }

  void CopiesAndRestoredMessagesAreIndexed() {
    Put(kMax, "walnuts");
    Index(kMax);
    v1::CopyMessagesRequest copy;
    copy.set_account_id(kMax);
    copy.set_mailbox_id(Find(kMax, "INBOX").id());
    copy.add_uids(1);
    copy.set_destination("Archive");
    v1::CopyMessagesResponse copied;
    ASSERT_TRUE(store_.CopyMessages(copy, mail::Rights::All(), &copied).ok());
    EXPECT_EQ(MayHold(kMax, "quinces", "Archive"), (UidList{}));
    EXPECT_EQ(MayHold(kMax, "walnuts", "Archive"), (UidList{1}));
    EXPECT_EQ(Index(kMax), 0u) << "a copy is the same email";
    v1::ExpungeRequest expunge;
    expunge.set_account_id(kMax);
    expunge.set_mailbox_id(copy.mailbox_id());
    expunge.add_uids(1);
    expunge.set_regardless_of_flag(true);
    v1::ExpungeResponse expunged;
    ASSERT_TRUE(store_.Expunge(expunge, &expunged).ok());
    EXPECT_EQ(MayHold(kMax, "walnuts"), (UidList{}));
    EXPECT_EQ(MayHold(kMax, "walnuts", "Archive"), (UidList{1}));
  }

  void AFailedStepIsDoneAgain() {
    Put(kMax, "hazelnuts");
    auto turn = store_.StartIndexing(kMax, 10);
    ASSERT_TRUE(turn.ok() && turn->has_value());
    auto contents = store_.LoadEmails(kMax, {(*turn)->emails[0].email_id, NewUuidV7(absl::Now())});
    ASSERT_TRUE(contents.ok()) << Describe(contents.status());
    ASSERT_EQ(contents->size(), 1u);
    EXPECT_EQ((*contents)[0].content, content_);
    EXPECT_EQ((*turn)->emails[0].size, content_.size());
    // Put, but not finished: what is put stays, the rest comes again.
    ASSERT_TRUE(
        store_.PutSignatures(kMax, {{(*turn)->emails[0].email_id, search::Signatures(content_)}})
            .ok());
    EXPECT_EQ(MayHold(kMax, "quinces"), (UidList{}));
    ASSERT_TRUE(store_.FinishIndexing(kMax, **turn, false).ok());
    EXPECT_EQ(Index(kMax), 0u);
    EXPECT_EQ(Waiting(kMax), 0u);
  }

  void AnAccountThatGoesTakesItsIndexAlong() {
    ASSERT_TRUE(store_.DeleteAccount(kMax).ok());
    EXPECT_EQ(Waiting(kMax), 0u);
    Put(kMax, "anew");
    EXPECT_EQ(MayHold(kMax, "quinces"), (UidList{1}));
    EXPECT_EQ(Index(kMax), 1u);
    EXPECT_EQ(MayHold(kMax, "quinces"), (UidList{}));
  }

  std::string content_;
};

}  // namespace pennypost::mailbox
