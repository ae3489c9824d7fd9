#pragma once
// What every Store does with old messages and with contents that went bad.

#include <functional>

#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class KeepingContract : private StoreFixture {
 public:
  // `corrupt` flips a bit of a stored content, and flips it back the second time.
  using Corrupt = std::function<void(const Uuid& email_id)>;
  KeepingContract(Store& store, Corrupt corrupt)
      : StoreFixture(store), corrupt_(std::move(corrupt)) {}

  void Run() {
    OldMessagesOfAUseAreDeleted();
    K14_ABadByteIsFoundWhereverItIsRead();
    TheScrubGoesOverEverything();
  }

 private:
  static constexpr int64_t kGina = 501, kHugo = 502;

  RetainStep Retain(const std::string& use, absl::Duration age, size_t limit = 100) {
    RetainStep all;
    do {
      auto step = store_.Retain(use, age, all.last, limit);
      EXPECT_TRUE(step.ok()) << Describe(step.status());
      if (!step.ok()) return all;
      step->messages += all.messages;
      step->accounts.insert(step->accounts.end(), all.accounts.begin(), all.accounts.end());
      all = *step;
    } while (!all.at_end);
    return all;
  }
  ScrubStep Scrub() {
    EXPECT_TRUE(store_.StartScrub().ok());
    ScrubStep all;
    for (;;) {
      // So fast that there is no pause between steps, a few contents each.
      auto step = store_.Scrub({uint64_t{1} << 40, 8 * kMessage.size(), absl::Hours(1)});
      EXPECT_TRUE(step.ok()) << Describe(step.status());
      if (!step.ok() || step->contents == 0) return all;
      all.contents += step->contents;
      all.corrupt.insert(all.corrupt.end(), step->corrupt.begin(), step->corrupt.end());
    }
  }
  v1::GetScrubResponse State() {
    v1::GetScrubResponse state;
    EXPECT_TRUE(store_.GetScrub(&state).ok());
    return state;
  }

  void OldMessagesOfAUseAreDeleted() {
    for (int i = 0; i < 3; ++i) {
      Store1(Make({kGina}, "Trash"));
      Store1(Make({kHugo}, "Trash"));
    }
    Store1(Make({kGina}, "Junk"));
    Store1(Make({kGina}));
    EXPECT_EQ(Retain("\\Trash", absl::Hours(1)).messages, 0u) << "they are young";
    RetainStep step = Retain("\\Trash", absl::ZeroDuration(), 2);
    EXPECT_GE(step.messages, 6u);
    EXPECT_NE(std::find(step.accounts.begin(), step.accounts.end(), kHugo), step.accounts.end());
    EXPECT_TRUE(Uids(kGina, "Trash").empty());
    EXPECT_TRUE(Uids(kHugo, "Trash").empty());
    EXPECT_EQ(Uids(kGina, "Junk").size(), 1u);
    EXPECT_EQ(Uids(kGina, "INBOX").size(), 1u);
    EXPECT_EQ(Retain("\\Trash", absl::ZeroDuration()).messages, 0u) << "once is enough";
    v1::ListDeletedRequest deleted;
    deleted.set_account_id(kHugo);
    v1::ListDeletedResponse list;
    ASSERT_TRUE(store_.ListDeleted(deleted, &list).ok());
    EXPECT_EQ(list.messages_size(), 3) << "as any deleted message they can be restored";
  }

  void K14_ABadByteIsFoundWhereverItIsRead() {
    auto mail = Make({kHugo});
    Uuid id = mail->mail_id;
    uint32_t uid = Store1(std::move(mail)).uid;
    corrupt_(id);
    EXPECT_EQ(ReasonOf(store_.Fetch(kHugo, 1, {uid}, {false, false, true}).status()),
              Reason::kCorrupt);
    v1::ReadContentRequest range;
    range.set_account_id(kHugo);
    range.set_mailbox_id(1);
    range.set_uid(uid);
    range.set_length(3);
    v1::ReadContentResponse part;
    EXPECT_EQ(ReasonOf(store_.ReadContent(range, &part)), Reason::kCorrupt)
        << "though it is not in this part";
    EXPECT_TRUE(store_.Fetch(kHugo, 1, {uid}, {true, false, false}).ok()) << "no content asked for";
    ScrubStep found = Scrub();
    EXPECT_EQ(found.corrupt, std::vector<Uuid>{id});
    v1::GetScrubResponse state = State();
    ASSERT_EQ(state.corrupt_size(), 1);
    EXPECT_EQ(state.corrupt(0).email_id(), id.ToString());
    EXPECT_FALSE(state.running());
    EXPECT_EQ(state.contents(), found.contents);
    corrupt_(id);
    EXPECT_TRUE(Scrub().corrupt.empty());
    EXPECT_EQ(State().corrupt_size(), 0) << "it is well again";
    EXPECT_TRUE(store_.ReadContent(range, &part).ok());
  }

  void TheScrubGoesOverEverything() {
    size_t before = Scrub().contents;
    for (int i = 0; i < 30; ++i) Store1(Make({kGina, kHugo}));
    size_t after = Scrub().contents;
    EXPECT_GE(after, before + 30);
    auto idle = store_.Scrub({uint64_t{1} << 40, 1 << 20, absl::Hours(1)});
    ASSERT_TRUE(idle.ok());
    EXPECT_EQ(idle->contents, 0u) << "between rounds";
  }

  const Corrupt corrupt_;
};

}  // namespace pennypost::mailbox
