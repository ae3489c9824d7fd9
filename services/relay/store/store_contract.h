#pragma once
// What every Store does, as a test suite: instantiate it with a function that makes an empty one.

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "services/relay/store/store.h"

namespace pennypost::relay {

class StoreContract : public ::testing::TestWithParam<std::function<std::unique_ptr<Store>()>> {
 protected:
  StoreContract()
      : store_(GetParam()()), now_(absl::FromUnixMicros(absl::ToUnixMicros(absl::Now()))) {}

  NewMessage Make(std::vector<std::string> recipients, std::string sender = "joe@a.test") {
    NewMessage message;
    message.message.mail_id = NewUuidV7(now_);
    message.message.sender = std::move(sender);
    message.message.queued_at = now_;
    message.message.content = std::string("Subject: x\r\n\r\nb\0dy\r\n", 20);
    for (std::string& address : recipients) {
      Recipient recipient;
      recipient.address = std::move(address);
      message.recipients.push_back(std::move(recipient));
    }
    message.events.push_back(
        {message.message.mail_id, now_, "ingress", "queued", message.message.sender, "", "x"});
    return message;
  }
  std::vector<Delivery> Claim(int limit = 100, absl::Duration lease = absl::Seconds(60),
                              std::vector<std::string> busy = {}) {
    absl::StatusOr<std::vector<Delivery>> claimed =
        store_->Claim({"worker", limit, lease, std::move(busy), now_ + absl::Seconds(1)});
    EXPECT_TRUE(claimed.ok()) << Describe(claimed.status());
    return claimed.ok() ? *claimed : std::vector<Delivery>();
  }
  Outcome To(const Delivery& delivery, State state) {
    Outcome outcome;
    outcome.lease = delivery.lease;
    outcome.state = state;
    outcome.next_at = now_ + absl::Hours(1);
    outcome.reply = "words";
    outcome.events.push_back({delivery.lease.mail_id, now_, "relay", std::string(StateName(state)),
                              "joe@a.test", delivery.recipient.address, "words"});
    return outcome;
  }
  std::vector<DeliveryRow> List(const DeliveryFilter& filter) {
    return *store_->List(filter, {}, 100);
  }
  std::string States() {
    std::string states;
    for (const DeliveryRow& row : List({})) states += std::string(StateName(row.state)) + " ";
    return states;
  }

  std::unique_ptr<Store> store_;
  absl::Time now_;
};

TEST_P(StoreContract, EnqueueTwiceIsOnce) {
  NewMessage message = Make({"b@b.test", "c@c.test"});
  message.recipients[1].account_id = 7;
  message.recipients[1].notify = {false, true, false, true};
  message.recipients[1].original = "rfc822;c@c.test";
  EXPECT_TRUE(*store_->Enqueue(message));
  message.message.sender = "other";
  EXPECT_FALSE(*store_->Enqueue(message));
  std::vector<Delivery> claimed = Claim();
  ASSERT_EQ(claimed.size(), 2u);
  std::sort(claimed.begin(), claimed.end(),
            [](const auto& a, const auto& b) { return a.lease < b.lease; });
  EXPECT_EQ(claimed[0].route, "b.test");
  EXPECT_EQ(claimed[1].route, "local");
  EXPECT_EQ(claimed[1].recipient.account_id, 7);
  EXPECT_EQ(claimed[1].recipient.notify, message.recipients[1].notify);
  EXPECT_EQ(claimed[1].recipient.original, "rfc822;c@c.test");
  EXPECT_EQ(claimed[1].attempts, 1);
  Message loaded = *store_->LoadMessage(message.message.mail_id);
  EXPECT_EQ(loaded.sender, "joe@a.test");
  EXPECT_EQ(loaded.content, message.message.content);
  EXPECT_EQ(loaded.queued_at, now_);
  EXPECT_FALSE(loaded.is_signed);
  EXPECT_EQ(store_->History(message.message.mail_id)->size(), 1u);
}

TEST_P(StoreContract, AClaimIsExclusive) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store_->Enqueue(Make({"b@b.test"})).ok());
  EXPECT_EQ(Claim(3).size(), 3u);
  EXPECT_EQ(Claim().size(), 2u);
  EXPECT_EQ(Claim().size(), 0u);
}

TEST_P(StoreContract, BusyRoutesAreLeftAlone) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test", "c@c.test"})).ok());
  std::vector<Delivery> claimed = Claim(100, absl::Seconds(60), {"b.test"});
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].route, "c.test");
}

TEST_P(StoreContract, ALostLeaseChangesNothing) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test"})).ok());
  Delivery zombie = Claim(1, -absl::Seconds(1))[0];
  EXPECT_EQ(*store_->RequeueExpired(absl::Hours(1)), 1);
  EXPECT_EQ(*store_->RequeueExpired(absl::Hours(1)), 0);
  EXPECT_TRUE(store_->Renew({zombie.lease}, absl::Seconds(60))->empty());
  // By the clock of the workers it was due before, and is: the store's own may be ahead of it.
  std::vector<Delivery> again = Claim();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_GT(again[0].lease.epoch, zombie.lease.epoch);
  Outcome outcome = To(zombie, State::kBounced);
  outcome.report = Make({"joe@a.test"}, "");
  EXPECT_TRUE(store_->Finish({outcome})->empty());
  EXPECT_EQ(States(), "leased ");
  EXPECT_EQ(store_->Finish({To(again[0], State::kDelivered)})->size(), 1u);
  EXPECT_EQ(States(), "delivered ");
}

TEST_P(StoreContract, ARenewedLeaseLasts) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test"})).ok());
  Delivery delivery = Claim(1, -absl::Seconds(1))[0];
  EXPECT_EQ(store_->Renew({delivery.lease}, absl::Seconds(60))->size(), 1u);
  EXPECT_EQ(*store_->RequeueExpired(absl::Hours(1)), 0);
}

TEST_P(StoreContract, ALeaseLongerThanAnyIsNone) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test"})).ok());
  Delivery delivery = Claim(1, absl::Hours(3))[0];
  EXPECT_EQ(*store_->RequeueExpired(absl::Hours(4)), 0);
  EXPECT_EQ(*store_->RequeueExpired(absl::Hours(1)), 1);
  EXPECT_EQ(Claim().size(), 1u);
}

TEST_P(StoreContract, ARetryComesWhenItIsDue) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test"})).ok());
  Outcome outcome = To(Claim()[0], State::kQueued);
  outcome.delay_reported = true;
  ASSERT_EQ(store_->Finish({outcome})->size(), 1u);
  EXPECT_EQ(Claim().size(), 0u);
  EXPECT_EQ(List({})[0].last_reply, "words");
  now_ += absl::Hours(2);
  std::vector<Delivery> again = Claim();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, 2);
  EXPECT_TRUE(again[0].delay_reported);
}

TEST_P(StoreContract, ContentGoesWithTheLastRecipient) {
  NewMessage message = Make({"b@b.test", "c@c.test"});
  ASSERT_TRUE(store_->Enqueue(message).ok());
  std::vector<Delivery> claimed = Claim();
  ASSERT_EQ(store_->Finish({To(claimed[0], State::kDelivered)})->size(), 1u);
  EXPECT_TRUE(store_->LoadMessage(message.message.mail_id).ok());
  ASSERT_EQ(store_->Finish({To(claimed[1], State::kBounced)})->size(), 1u);
  EXPECT_EQ(store_->LoadMessage(message.message.mail_id).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(*store_->Enqueue(message));  // still known
  EXPECT_EQ(store_->History(message.message.mail_id)->size(), 3u);
  // By the clocks of both, the caller's and the store's: one that was set ends nothing early.
  EXPECT_EQ(*store_->Prune(absl::Now() + absl::Hours(24 * 3650), absl::Hours(1)), 0);
  EXPECT_EQ(*store_->Prune(absl::Now() - absl::Hours(24), absl::ZeroDuration()), 0);
  EXPECT_FALSE(*store_->Enqueue(message));
  EXPECT_GT(*store_->Prune(absl::Now() + absl::Hours(1), -absl::Hours(1)), 0);
  EXPECT_TRUE(List({}).empty());
}

TEST_P(StoreContract, AReportIsWrittenWithItsOutcomeAndOnce) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test"})).ok());
  Outcome outcome = To(Claim()[0], State::kBounced);
  outcome.report = Make({"joe@a.test"}, "");
  ASSERT_EQ(store_->Finish({outcome})->size(), 1u);
  EXPECT_TRUE(store_->Finish({outcome})->empty());
  DeliveryFilter reports;
  reports.recipient = "joe@a.test";
  EXPECT_EQ(List(reports).size(), 1u);
  EXPECT_TRUE(store_->LoadMessage(outcome.report->message.mail_id).ok());
}

TEST_P(StoreContract, TheFirstSignatureStays) {
  NewMessage message = Make({"b@b.test"});
  ASSERT_TRUE(store_->Enqueue(message).ok());
  EXPECT_EQ(*store_->SettleSignature(message.message.mail_id, "one"), "one");
  EXPECT_EQ(*store_->SettleSignature(message.message.mail_id, "two"), "one");
  Message loaded = *store_->LoadMessage(message.message.mail_id);
  EXPECT_TRUE(loaded.is_signed);
  EXPECT_EQ(loaded.signature, "one");
}

TEST_P(StoreContract, HoldReleaseRetryCancel) {
  NewMessage held = Make({"b@b.test", "c@c.test"});
  held.hold_reason = "quarantine";
  ASSERT_TRUE(store_->Enqueue(held).ok());
  EXPECT_TRUE(Claim().empty());
  EXPECT_EQ(List({})[0].last_reply, "quarantine");
  DeliveryFilter filter;
  filter.recipient_domain = "b.test";
  EXPECT_EQ(*store_->CountChangeable(Change::kRelease, filter), 1);
  EXPECT_EQ(*store_->ChangeDeliveries(Change::kRelease, filter, {"", ""}, now_), 1);
  EXPECT_EQ(*store_->ChangeDeliveries(Change::kRelease, filter, {"", ""}, now_), 0);
  Delivery mine = Claim()[0];
  EXPECT_EQ(*store_->ChangeDeliveries(Change::kHold, filter, {"stop", ""}, now_), 1);
  EXPECT_TRUE(store_->Finish({To(mine, State::kDelivered)})->empty());
  EXPECT_EQ(States(), "held held ");
  EXPECT_EQ(*store_->ChangeDeliveries(Change::kRetry, filter, {"", ""}, now_), 1);
  DeliveryFilter all;
  all.sender = "joe@a.test";
  EXPECT_EQ(*store_->ChangeDeliveries(Change::kCancel, all, {"gone", "root@a.test"}, now_), 2);
  EXPECT_EQ(States(), "cancelled cancelled ");
  EXPECT_EQ(store_->History(held.message.mail_id)->back().detail, "gone (by root@a.test)");
  EXPECT_FALSE(store_->LoadMessage(held.message.mail_id).ok());
}

TEST_P(StoreContract, ListsInPages) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->Enqueue(Make({"b@b.test", "c@c.test"})).ok());
  std::vector<DeliveryRow> first = *store_->List({}, {}, 4);
  ASSERT_EQ(first.size(), 4u);
  std::vector<DeliveryRow> second = *store_->List({}, {first[3].mail_id, first[3].rcpt_no}, 4);
  EXPECT_EQ(second.size(), 2u);
  EXPECT_EQ(first[0].size, 20);
  DeliveryFilter filter;
  filter.state = State::kHeld;
  EXPECT_TRUE(List(filter).empty());
}

TEST_P(StoreContract, StatsAndEvents) {
  ASSERT_TRUE(store_->Enqueue(Make({"b@b.test", "c@c.test"})).ok());
  Claim(1);
  QueueStats stats = *store_->Stats();
  EXPECT_EQ(stats.queued, 1u);
  EXPECT_EQ(stats.leased, 1u);
  EXPECT_EQ(stats.oldest_queued_at, now_);
  Uuid mail_id = NewUuidV7(now_);
  ASSERT_TRUE(
      store_->RecordEvents({{mail_id, now_, "ingress", "refused", "s@s.test", "r@r.test", "no"}})
          .ok());
  EXPECT_EQ((*store_->HistoryOf("r@r.test", 10))[0].detail, "no");
  EXPECT_EQ(store_->HistoryOf("joe@a.test", 10)->size(), 1u);
}

}  // namespace pennypost::relay
