#include "services/directory/directory_service.h"

#include <gtest/gtest.h>

#include <future>
#include <set>

#include "rpc/controller.h"
#include "services/directory/store/memory_store.h"
#include "testing/fake_clock.h"

namespace pennypost::directory {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// What the services themselves ask; all else is administration.
const std::set<std::string> kForServices = {"ResolveRecipient", "Authenticate", "GetScramKeys",
                                            "FinishScram",      "CheckSender",  "GetSigningKeys",
                                            "DescribeAccounts"};

class DirectoryServiceTest : public ::testing::Test {
 protected:
  static DirectoryOptions Options() {
    DirectoryOptions options;
    options.login.cost = {64, 1};
    return options;
  }

  absl::Status Call(const MethodDescriptor* method, const Message& request, Message& response) {
    struct Done : google::protobuf::Closure {
      void Run() override { done.set_value(); }
      std::promise<void> done;
    } done;
    rpc::Controller controller;
    service_.CallMethod(method, &controller, &request, &response, &done);
    done.done.get_future().wait();
    return controller.status();
  }

  boost::asio::io_context io_;
  MemoryStore store_;
  testing::FakeClock clock_;
  DirectoryServiceImpl service_{io_, store_, clock_, Options()};
};

// No administrative method forgets in whose name it is asked, one added later included.
TEST_F(DirectoryServiceTest, EachAdministrativeMethodAsksForRights) {
  Principal root = Principal::Platform("test");
  DomainRow domain;
  domain.name = "example.test";
  ASSERT_TRUE(store_.InsertDomain(domain, AuditRow()).ok());
  ASSERT_TRUE(service_.admin().CreateAccount(root, "bob@example.test", "secret", {}).ok());
  const auto* descriptor = v1::DirectoryService::descriptor();
  int checked = 0;
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const MethodDescriptor* method = descriptor->method(i);
    const auto* actor = method->input_type()->FindFieldByName("actor");
    if (kForServices.contains(method->name())) {
      EXPECT_EQ(actor, nullptr) << method->name();
      continue;
    }
    ASSERT_NE(actor, nullptr) << method->name();
    ++checked;
    std::unique_ptr<Message> request(service_.GetRequestPrototype(method).New());
    std::unique_ptr<Message> response(service_.GetResponsePrototype(method).New());
    // Somebody who is nobody, and about something that there is.
    for (const char* name : {"address", "name", "domain"}) {
      const auto* field = request->GetDescriptor()->FindFieldByName(name);
      if (field == nullptr) continue;
      std::string value = name == std::string("address") ? "bob@example.test" : "example.test";
      request->GetReflection()->SetString(request.get(), field, value);
    }
    request->GetReflection()->SetString(request.get(), actor, "ghost@example.test");
    EXPECT_EQ(Call(method, *request, *response).code(), absl::StatusCode::kPermissionDenied)
        << method->name();
    EXPECT_EQ(response->ByteSizeLong(), 0u) << method->name();
  }
  EXPECT_GE(checked, 26);
  EXPECT_EQ(store_.ListAudit({}, 0, 100)->size(), 2u) << "nothing was changed";
}

TEST_F(DirectoryServiceTest, AuthorizeKnowsItsActionsOnly) {
  v1::AuthorizeRequest request;
  v1::AuthorizeResponse response;
  const auto* method = v1::DirectoryService::descriptor()->FindMethodByName("Authorize");
  for (const char* action : {"queue.read", "queue.change"}) {
    request.set_action(action);
    EXPECT_TRUE(Call(method, request, response).ok()) << action;
  }
  request.set_action("everything");
  EXPECT_EQ(Call(method, request, response).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(DirectoryServiceTest, PostersAreToldApart) {
  Principal root = Principal::Platform("test");
  DomainRow domain;
  domain.name = "example.test";
  ASSERT_TRUE(store_.InsertDomain(domain, AuditRow()).ok());
  auto bob = service_.admin().CreateAccount(root, "bob@example.test", "secret", {});
  GroupRow group;
  group.address = "team@example.test";
  group.posting = "members";
  group.members = {"bob@example.test"};
  ASSERT_TRUE(service_.admin().CreateGroup(root, group).ok());
  const auto* method = v1::DirectoryService::descriptor()->FindMethodByName("ResolveRecipient");
  auto kind = [&](int64_t account_id) {
    v1::ResolveRecipientRequest request;
    v1::ResolveRecipientResponse response;
    request.set_address("team@example.test");
    request.mutable_poster()->set_account_id(account_id);
    EXPECT_TRUE(Call(method, request, response).ok());
    return response.kind();
  };
  // In turn, and more than once: no answer is kept for somebody else.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(kind(bob->id), v1::ResolveRecipientResponse::KIND_DELIVERABLE);
    EXPECT_EQ(kind(0), v1::ResolveRecipientResponse::KIND_NOT_ALLOWED);
  }
}

}  // namespace
}  // namespace pennypost::directory
