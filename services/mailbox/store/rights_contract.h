#pragma once
// What every Store does with rights that others have to a mailbox, and with copies between
// accounts.

#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class RightsContract : private StoreFixture {
 public:
  explicit RightsContract(Store& store) : StoreFixture(store) {}

  void Run() {
    GrantsAreSetAddedToAndTakenAway();
    AnyoneMeansTheTenant();
    MailboxesBelowInherit();
    SharedMailboxesAreListed();
    GrantsGoWithTheirMailboxAndTheirAccount();
    FlagsChangeAsFarAsTheRightsGo();
    CopiesIntoAnotherAccount();
    MovesIntoAnotherAccount();
  }

 private:
  static constexpr int64_t kOwner = 1201, kFriend = 1202, kOther = 1203, kGone = 1204;
  static constexpr int64_t kTenant = 7, kOtherTenant = 8;

  static v1::Actor Actor(int64_t account, int64_t tenant = kTenant) {
    v1::Actor actor;
    actor.set_account_id(account);
    actor.set_tenant_id(tenant);
    return actor;
  }
  static mail::Rights Letters(std::string_view letters) {
    return mail::Rights::Parse(letters).value();
  }
  absl::Status Grant(const std::string& mailbox, int64_t grantee, std::string_view letters,
                     v1::SetGrantRequest::Mode mode = v1::SetGrantRequest::MODE_SET) {
    v1::SetGrantRequest request;
    request.set_account_id(kOwner);
    request.set_mailbox(mailbox);
    request.set_mode(mode);
    request.mutable_grant()->set_account_id(grantee);
    request.set_tenant_id(kTenant);
    return store_.SetGrant(request, Letters(letters));
  }
  // "1202=lr anyone=l"
  std::string Grants(const std::string& mailbox) {
    v1::ListGrantsRequest request;
    request.set_account_id(kOwner);
    request.set_mailbox(mailbox);
    v1::ListGrantsResponse response;
    EXPECT_TRUE(store_.ListGrants(request, &response).ok());
    std::string out;
    for (const auto& grant : response.grants()) {
      std::string who = grant.account_id() == 0 ? "anyone" : std::to_string(grant.account_id());
      out += (out.empty() ? "" : " ") + who + "=" + grant.rights();
    }
    return out;
  }
  std::string RightsOf(const v1::Actor& actor, const std::string& mailbox) {
    auto rights = store_.FindRights(kOwner, Find(kOwner, mailbox).id(), actor);
    EXPECT_TRUE(rights.ok());
    return rights.ok() ? rights->ToString() : "?";
  }
  void Create(const std::string& name) {
    v1::CreateMailboxRequest request;
    request.set_account_id(kOwner);
    request.set_name(name);
    v1::Mailbox made;
    EXPECT_TRUE(store_.CreateMailbox(request, &made).ok()) << name;
  }

  void GrantsAreSetAddedToAndTakenAway() {
    for (int64_t account : {kOwner, kFriend, kOther, kGone})
      ASSERT_TRUE(store_.EnsureAccount(account).ok());
    Create("Plan");
    EXPECT_EQ(Grants("Plan"), "");
    ASSERT_TRUE(Grant("Plan", kFriend, "lr").ok());
    ASSERT_TRUE(Grant("Plan", kFriend, "sa", v1::SetGrantRequest::MODE_ADD).ok());
    ASSERT_TRUE(Grant("Plan", kFriend, "r", v1::SetGrantRequest::MODE_REMOVE).ok());
    ASSERT_TRUE(Grant("Plan", kOther, "l").ok());
    EXPECT_EQ(Grants("Plan"), "1202=lsa 1203=l");
    EXPECT_EQ(RightsOf(Actor(kFriend), "Plan"), "lsa");
    EXPECT_EQ(RightsOf(Actor(kGone), "Plan"), "");
    EXPECT_EQ(RightsOf(Actor(kFriend, kOtherTenant), "Plan"), "") << "it moved to another tenant";
    ASSERT_TRUE(Grant("Plan", kFriend, "lsa", v1::SetGrantRequest::MODE_REMOVE).ok());
    ASSERT_TRUE(Grant("Plan", kFriend, "l", v1::SetGrantRequest::MODE_REMOVE).ok()) << "none left";
    EXPECT_EQ(Grants("Plan"), "1203=l");
    EXPECT_EQ(Grant("Nowhere", kFriend, "l").code(), absl::StatusCode::kNotFound);
    ASSERT_TRUE(Grant("Plan", kOther, "").ok());
    EXPECT_EQ(Grants("Plan"), "");
  }

  void AnyoneMeansTheTenant() {
    ASSERT_TRUE(Grant("Plan", 0, "lr").ok());
    ASSERT_TRUE(Grant("Plan", kFriend, "ri").ok());
    EXPECT_EQ(Grants("Plan"), "anyone=lr 1202=ri");
    EXPECT_EQ(RightsOf(Actor(kFriend), "Plan"), "lri") << "both count";
    EXPECT_EQ(RightsOf(Actor(kOther), "Plan"), "lr");
    EXPECT_EQ(RightsOf(Actor(kOther, kOtherTenant), "Plan"), "");
  }

  void MailboxesBelowInherit() {
    Create("Plan/2026/May");  // with the level between them
    EXPECT_EQ(Grants("Plan/2026"), "anyone=lr 1202=ri");
    EXPECT_EQ(Grants("Plan/2026/May"), "anyone=lr 1202=ri");
    ASSERT_TRUE(Grant("Plan/2026/May", kFriend, "lrswipkxtea").ok());
    EXPECT_EQ(Grants("Plan"), "anyone=lr 1202=ri");
    // RFC 4314 4: a new name changes no rights.
    v1::RenameMailboxRequest rename;
    rename.set_account_id(kOwner);
    rename.set_from("Plan/2026/May");
    rename.set_to("May");
    ASSERT_TRUE(store_.RenameMailbox(rename).ok());
    EXPECT_EQ(Grants("May"), "anyone=lr 1202=lrswipkxtea");
  }

  void SharedMailboxesAreListed() {
    auto list = [this](const v1::Actor& actor) {
      v1::ListMailboxesResponse response;
      EXPECT_TRUE(store_.ListShared(actor, &response).ok());
      std::string out;
      for (const auto& shared : response.shared()) {
        EXPECT_EQ(shared.account_id(), kOwner);
        EXPECT_EQ(shared.mailbox().id(), Find(kOwner, shared.mailbox().name()).id());
        out += shared.mailbox().name() + "=" + shared.mailbox().rights() + " ";
      }
      return out;
    };
    EXPECT_EQ(list(Actor(kFriend)), "May=lrswipkxtea Plan=lri Plan/2026=lri ");
    EXPECT_EQ(list(Actor(kOther)), "May=lr Plan=lr Plan/2026=lr ");
    EXPECT_EQ(list(Actor(kOther, kOtherTenant)), "");
    EXPECT_EQ(list(Actor(kOwner)), "") << "its own are not shared with it";
  }

  void GrantsGoWithTheirMailboxAndTheirAccount() {
    ASSERT_TRUE(Grant("Plan", kGone, "lr").ok());
    ASSERT_TRUE(store_.DeleteAccount(kGone).ok());
    EXPECT_EQ(Grants("Plan"), "anyone=lr 1202=ri");
    v1::DeleteMailboxRequest remove;
    remove.set_account_id(kOwner);
    remove.set_name("Plan/2026");
    ASSERT_TRUE(store_.DeleteMailbox(remove).ok());
    ASSERT_TRUE(Grant("Plan", 0, "").ok());
    Create("Plan/2026");
    EXPECT_EQ(Grants("Plan/2026"), "1202=ri") << "a new one of that name has none of the old";
  }

  std::string FlagsOf(int64_t account, const std::string& mailbox, uint32_t uid) {
    v1::Mailbox found;
    std::vector<MessageRow> rows;
    EXPECT_TRUE(store_.OpenMailbox(account, mailbox, &found, &rows).ok());
    for (const MessageRow& row : rows) {
      if (row.uid == uid) return row.flags;
    }
    return "no such message";
  }

  void FlagsChangeAsFarAsTheRightsGo() {
    Store1(Make({kOwner}, "May"));
    v1::StoreFlagsRequest request;
    request.set_account_id(kOwner);
    request.set_mailbox_id(Find(kOwner, "May").id());
    request.add_uids(1);
    auto store = [&](v1::StoreFlagsRequest::Mode mode, const std::string& flags,
                     std::string_view letters) {
      request.set_mode(mode);
      std::vector<MessageRow> rows;
      std::vector<uint32_t> modified;
      EXPECT_TRUE(store_.StoreFlags(request, flags, Letters(letters), &rows, &modified).ok());
      return FlagsOf(kOwner, "May", 1);
    };
    using Request = v1::StoreFlagsRequest;
    EXPECT_EQ(store(Request::MODE_ADD, "\\Flagged \\Seen", "s"), "\\Seen");
    EXPECT_EQ(store(Request::MODE_ADD, "\\Deleted \\Flagged work", "w"), "\\Flagged \\Seen work");
    EXPECT_EQ(store(Request::MODE_SET, "\\Deleted", "t"), "\\Deleted \\Flagged \\Seen work");
    EXPECT_EQ(store(Request::MODE_SET, "", "st"), "\\Flagged work");
    EXPECT_EQ(store(Request::MODE_REMOVE, "\\Flagged work", "st"), "\\Flagged work");
    EXPECT_EQ(store(Request::MODE_SET, "\\Seen", "lrswipkxtea"), "\\Seen");
    EXPECT_EQ(Uids(kOwner, "May").size(), 1u);
  }

  v1::CopyMessagesRequest CopyToFriend(bool move) {
    v1::CopyMessagesRequest copy;
    copy.set_account_id(kOwner);
    copy.set_mailbox_id(Find(kOwner, "May").id());
    for (uint32_t uid : Uids(kOwner, "May")) copy.add_uids(uid);
    copy.set_destination("INBOX");
    copy.set_destination_account_id(kFriend);
    copy.set_move(move);
    return copy;
  }
  uint64_t Used(int64_t account) {
    v1::GetQuotaResponse used;
    EXPECT_TRUE(store_.GetQuota(account, &used).ok());
    return used.used_bytes();
  }

  void CopiesIntoAnotherAccount() {
    v1::CopyMessagesRequest copy = CopyToFriend(false);
    v1::CopyMessagesResponse copied;
    uint64_t before = Used(kOwner);
    copy.set_quota_bytes(1);
    EXPECT_EQ(ReasonOf(store_.CopyMessages(copy, mail::Rights::All(), &copied)),
              Reason::kOverQuota);
    EXPECT_TRUE(Uids(kFriend, "INBOX").empty());
    copy.set_quota_bytes(1 << 20);
    // Twice: the same email is there already, and only \Seen comes with it once.
    ASSERT_TRUE(store_.CopyMessages(copy, Letters("is"), &copied).ok());
    EXPECT_EQ(copied.source_uids_size(), 1);
    ASSERT_TRUE(store_.CopyMessages(copy, Letters("i"), &copied).ok());
    EXPECT_EQ(Uids(kFriend, "INBOX"), (std::vector<uint32_t>{1, 2}));
    EXPECT_EQ(FlagsOf(kFriend, "INBOX", 1), "\\Seen");
    EXPECT_EQ(FlagsOf(kFriend, "INBOX", 2), "");
    EXPECT_EQ(Used(kOwner), before);
    EXPECT_EQ(Used(kFriend), 2 * kMessage.size());
    auto content = store_.Fetch(kFriend, 1, {1, 2}, {true, true, true});
    ASSERT_TRUE(content.ok());
    ASSERT_EQ(content->size(), 2u);
    for (const MessageContent& one : *content) EXPECT_EQ(one.content, kMessage);
    copy.set_destination("Nowhere");
    EXPECT_EQ(store_.CopyMessages(copy, mail::Rights::All(), &copied).code(),
              absl::StatusCode::kNotFound);
  }

  void MovesIntoAnotherAccount() {
    uint64_t seen = Find(kOwner, "May").highest_modseq();
    v1::CopyMessagesRequest move = CopyToFriend(true);
    v1::CopyMessagesResponse moved;
    move.set_quota_bytes(static_cast<int64_t>(Used(kFriend)) + 1);
    EXPECT_EQ(ReasonOf(store_.CopyMessages(move, mail::Rights::All(), &moved)), Reason::kOverQuota)
        << "to another account it takes room";
    EXPECT_EQ(Uids(kOwner, "May").size(), 1u);
    move.set_quota_bytes(0);
    uint64_t before = Used(kOwner);
    ASSERT_TRUE(store_.CopyMessages(move, mail::Rights::All(), &moved).ok());
    EXPECT_TRUE(Uids(kOwner, "May").empty());
    EXPECT_EQ(Uids(kFriend, "INBOX").size(), 3u);
    EXPECT_EQ(Used(kOwner), before - kMessage.size());
    EXPECT_EQ(Used(kFriend), 3 * kMessage.size());
    EXPECT_EQ(moved.highest_modseq(), Find(kOwner, "May").highest_modseq());
    v1::GetChangesRequest since;
    since.set_account_id(kOwner);
    since.set_mailbox_id(Find(kOwner, "May").id());
    since.set_since_modseq(seen);
    auto changes = store_.GetChanges(since);
    ASSERT_TRUE(changes.ok());
    EXPECT_EQ(changes->vanished, (std::vector<uint32_t>{1}));
    // The owner can have it back.
    v1::ListDeletedRequest list;
    list.set_account_id(kOwner);
    v1::ListDeletedResponse deleted;
    ASSERT_TRUE(store_.ListDeleted(list, &deleted).ok());
    ASSERT_EQ(deleted.messages_size(), 1);
    v1::RestoreDeletedRequest restore;
    restore.set_account_id(kOwner);
    restore.add_ids(deleted.messages(0).id());
    v1::RestoreDeletedResponse restored;
    ASSERT_TRUE(store_.RestoreDeleted(restore, &restored).ok());
    EXPECT_EQ(Uids(kOwner, "May"), (std::vector<uint32_t>{2}));
    auto content = store_.Fetch(kOwner, Find(kOwner, "May").id(), {2}, {true, true, true});
    ASSERT_TRUE(content.ok());
    ASSERT_EQ(content->size(), 1u);
    EXPECT_EQ(content->front().content, kMessage);
  }
};

}  // namespace pennypost::mailbox
