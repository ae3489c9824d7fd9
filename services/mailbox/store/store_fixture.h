#pragma once
// What the contracts of the store share: deliveries to make, and looks at what is stored.

#include <gtest/gtest.h>

#include <absl/time/clock.h>

#include "services/mailbox/store/store.h"

namespace pennypost::mailbox {

class StoreFixture {
 protected:
  explicit StoreFixture(Store& store) : store_(store) {}

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
    absl::Status outside = store_.PutOutside(delivery.get());
    EXPECT_TRUE(outside.ok()) << Describe(outside);
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

  static constexpr std::string_view kMessage = "Subject: x\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n";
  Store& store_;
};

}  // namespace pennypost::mailbox
