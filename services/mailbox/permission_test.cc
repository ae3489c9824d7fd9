#include "services/mailbox/permission.h"

#include <gtest/gtest.h>

#include <future>

#include "rpc/controller.h"
#include "services/mailbox/mailbox_service.h"
#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr int64_t kOwner = 1, kFriend = 2, kTenant = 7;

class PermissionTest : public ::testing::Test {
 protected:
  PermissionTest() {
    EXPECT_TRUE(store_.EnsureAccount(kOwner).ok());
    EXPECT_TRUE(store_.EnsureAccount(kFriend).ok());
    v1::CreateMailboxRequest create;
    create.set_account_id(kOwner);
    create.set_name("Work");
    EXPECT_TRUE(store_.CreateMailbox(create, &work_).ok());
    auto delivery = std::make_unique<Delivery>();
    delivery->mail_id = NewUuidV7(absl::Now());
    delivery->recipients.push_back({kOwner, "a@b.test", "Work", "\\Deleted", 0, std::nullopt});
    delivery->email = PrepareEmail(kMail, delivery->mail_id);
    store_.StoreBatch({delivery.get()});
    EXPECT_TRUE(delivery->status.ok());
  }

  absl::Status Call(const MethodDescriptor* method, const Message& request, Message& response) {
    struct Done : google::protobuf::Closure {
      void Run() override { done.set_value(); }
      std::promise<void> done;
    } done;
    rpc::Controller controller(absl::Now() + absl::Seconds(10));
    service_.CallMethod(method, &controller, &request, &response, &done);
    done.done.get_future().wait();
    return controller.status();
  }
  const MethodDescriptor* Find(const char* name) {
    return v1::MailboxService::descriptor()->FindMethodByName(name);
  }
  void Grant(std::string_view letters) {
    v1::SetGrantRequest grant;
    grant.set_account_id(kOwner);
    grant.set_mailbox("Work");
    grant.set_mode(v1::SetGrantRequest::MODE_SET);
    grant.mutable_grant()->set_account_id(kFriend);
    grant.set_tenant_id(kTenant);
    EXPECT_TRUE(store_.SetGrant(grant, *mail::Rights::Parse(letters)).ok());
  }
  // All that may be seen of the mailbox from outside.
  std::string State() {
    v1::Mailbox mailbox;
    std::vector<MessageRow> rows;
    std::string state = Describe(store_.OpenMailbox(kOwner, "Work", &mailbox, &rows));
    state += mailbox.ShortDebugString();
    for (const MessageRow& row : rows) state += fmt::format(" {} {}", row.uid, row.flags);
    v1::ListMailboxesRequest list;
    list.set_account_id(kOwner);
    v1::ListMailboxesResponse all;
    EXPECT_TRUE(store_.ListMailboxes(list, &all).ok());
    for (const auto& one : all.mailboxes()) state += " " + one.name();
    v1::ListGrantsRequest grants;
    grants.set_account_id(kOwner);
    grants.set_mailbox("Work");
    v1::ListGrantsResponse granted;
    EXPECT_TRUE(store_.ListGrants(grants, &granted).ok());
    v1::GetMetadataRequest notes;
    notes.set_account_id(kOwner);
    notes.set_mailbox("Work");
    v1::GetMetadataResponse noted;
    EXPECT_TRUE(store_.GetMetadata(notes, &noted).ok());
    return state + granted.ShortDebugString() + noted.ShortDebugString();
  }

  // A request that the owner would be obeyed in.
  void Fill(Message& request) {
    const auto* reflection = request.GetReflection();
    for (int i = 0; i < request.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = request.GetDescriptor()->field(i);
      const std::string& name = field->name();
      if (field->is_repeated()) continue;
      if (name == "account_id") reflection->SetInt64(&request, field, kOwner);
      if (name == "mailbox_id") reflection->SetInt64(&request, field, work_.id());
      if (name == "uid") reflection->SetUInt32(&request, field, 1);
      if (name == "name" || name == "mailbox" || name == "destination" || name == "from")
        reflection->SetString(&request, field, "Work");
      if (name == "to") reflection->SetString(&request, field, "Work/renamed");
      if (name == "content") reflection->SetString(&request, field, kMail);
      if (name == "request_id") reflection->SetString(&request, field, kId);
      if (name == "mode" || name == "algorithm") reflection->SetEnumValue(&request, field, 2);
    }
    if (auto* create = dynamic_cast<v1::CreateMailboxRequest*>(&request))
      create->set_name("Work/below");
    if (auto* flags = dynamic_cast<v1::StoreFlagsRequest*>(&request)) {
      flags->add_uids(1);
      flags->add_flags("\\Flagged");
    }
    if (auto* copy = dynamic_cast<v1::CopyMessagesRequest*>(&request)) copy->add_uids(1);
    if (auto* fetch = dynamic_cast<v1::FetchMessagesRequest*>(&request)) fetch->add_uids(1);
    if (auto* many = dynamic_cast<v1::MultiAppendRequest*>(&request)) {
      many->add_messages()->set_content(kMail);
      many->mutable_messages(0)->set_request_id(kId);
    }
    if (auto* grant = dynamic_cast<v1::SetGrantRequest*>(&request)) {
      grant->mutable_grant()->set_account_id(3);
      grant->mutable_grant()->set_rights("l");
    }
    if (auto* note = dynamic_cast<v1::SetMetadataRequest*>(&request)) {
      note->add_entries()->set_name("/shared/comment");
      note->mutable_entries(0)->set_value("x");
    }
    if (auto* search = dynamic_cast<v1::SearchRequest*>(&request))
      search->mutable_key()->set_op(v1::SearchKey::OP_ALL);
    if (auto* sort = dynamic_cast<v1::SortRequest*>(&request)) {
      sort->mutable_key()->set_op(v1::SearchKey::OP_ALL);
      sort->add_order()->set_field(v1::SortKey::FIELD_SIZE);
    }
    if (auto* thread = dynamic_cast<v1::ThreadRequest*>(&request))
      thread->mutable_key()->set_op(v1::SearchKey::OP_ALL);
  }
  void ActAs(Message& request, int64_t account, int64_t tenant) {
    auto* actor = static_cast<v1::Actor*>(request.GetReflection()->MutableMessage(
        &request, request.GetDescriptor()->FindFieldByName("actor")));
    actor->set_account_id(account);
    actor->set_tenant_id(tenant);
  }

  static constexpr char kMail[] = "Subject: x\r\n\r\nbody\r\n";
  static constexpr char kId[] = "01890000-0000-7000-8000-000000000001";
  MemoryStore store_;
  v1::Mailbox work_;
  MailboxServiceImpl service_{store_,
                              QueueOptions{},
                              2,
                              {"mail.test",
                               [](const auto&) {
                                 return absl::StatusOr<directory::v1::ResolveRecipientResponse>(
                                     UnavailableError("no directory"));
                               },
                               [](const auto&) { return UnavailableError("no relay"); }}};
};

// No method that has an actor forgets to ask, one added later included.
TEST_F(PermissionTest, EachMethodAsksForRights) {
  const auto* service = v1::MailboxService::descriptor();
  int checked = 0;
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    const auto* actor = method->input_type()->FindFieldByName("actor");
    if (actor == nullptr || actor->message_type() != v1::Actor::descriptor()) continue;
    ++checked;
    std::unique_ptr<Message> request(service_.GetRequestPrototype(method).New());
    std::unique_ptr<Message> response(service_.GetResponsePrototype(method).New());
    Fill(*request);
    std::string before = State();
    // Nothing granted; then all, but to somebody of another tenant.
    for (bool granted : {false, true}) {
      Grant(granted ? "lrswipkxtea" : "");
      before = State();
      ActAs(*request, kFriend, granted ? kTenant + 1 : kTenant);
      EXPECT_EQ(Call(method, *request, *response).code(), absl::StatusCode::kNotFound)
          << method->name();
      EXPECT_EQ(State(), before) << method->name();
    }
    // May know of it, and no more.
    Grant("l");
    before = State();
    ActAs(*request, kFriend, kTenant);
    absl::Status known = Call(method, *request, *response);
    bool only_lists = method->name() == "ListMailboxes";
    EXPECT_EQ(known.code(),
              only_lists ? absl::StatusCode::kOk : absl::StatusCode::kPermissionDenied)
        << method->name();
    EXPECT_EQ(State(), before) << method->name();
  }
  EXPECT_GE(checked, 20);
}

TEST_F(PermissionTest, EachRightAllowsWhatItShould) {
  struct Row {
    const char* method;
    const char* rights;   // enough
    const char* missing;  // too few without any of these
  } rows[] = {{"OpenMailbox", "r", "r"},   {"GetChanges", "r", "r"},   {"FetchMessages", "r", "r"},
              {"ReadContent", "r", "r"},   {"Search", "r", "r"},       {"Thread", "r", "r"},
              {"Sort", "r", "r"},          {"GetMetadata", "lr", "r"}, {"SetMetadata", "lw", "w"},
              {"StoreFlags", "rw", "stw"}, {"Append", "i", "i"},       {"MultiAppend", "i", "i"},
              {"CopyMessages", "ri", "i"}, {"ListGrants", "a", "a"},   {"SetGrant", "a", "a"},
              {"CreateMailbox", "k", "k"}, {"Expunge", "re", "e"}};
  for (const Row& row : rows) {
    const MethodDescriptor* method = Find(row.method);
    std::unique_ptr<Message> request(service_.GetRequestPrototype(method).New());
    std::unique_ptr<Message> response(service_.GetResponsePrototype(method).New());
    Fill(*request);
    ActAs(*request, kFriend, kTenant);
    // Not with all the others; with these alone.
    Grant(mail::Rights::All().Without(*mail::Rights::Parse(row.missing)).ToString());
    EXPECT_FALSE(Call(method, *request, *response).ok()) << row.method;
    Grant(row.rights);
    absl::Status done = Call(method, *request, *response);
    EXPECT_TRUE(done.ok()) << row.method << ": " << Describe(done);
  }
}

TEST_F(PermissionTest, TheOwnerAndThePlatformNeedNone) {
  v1::OpenMailboxRequest open;
  v1::OpenMailboxResponse opened;
  open.set_account_id(kOwner);
  open.set_name("Work");
  EXPECT_TRUE(Call(Find("OpenMailbox"), open, opened).ok());
  EXPECT_EQ(opened.mailbox().rights(), "");
  ActAs(open, kOwner, kTenant);
  EXPECT_TRUE(Call(Find("OpenMailbox"), open, opened).ok());
  Grant("lrs");
  ActAs(open, kFriend, kTenant);
  EXPECT_TRUE(Call(Find("OpenMailbox"), open, opened).ok());
  EXPECT_EQ(opened.mailbox().rights(), "lrs");
}

}  // namespace
}  // namespace pennypost::mailbox
