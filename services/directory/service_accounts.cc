// Accounts and app passwords over gRPC.

#include "log/log.h"
#include "services/directory/directory_service.h"
#include "services/directory/paging.h"
#include "services/directory/proto_convert.h"

namespace pennypost::directory {

namespace {
constexpr int kMostDescribed = 1000;
}  // namespace

void DirectoryServiceImpl::CreateAccount(Controller* controller,
                                         const v1::CreateAccountRequest* request,
                                         v1::CreateAccountResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    AccountChange rest;
    rest.display_name = request->display_name();
    rest.quota_bytes = request->quota_bytes();
    rest.role = request->role();
    ASSIGN_OR_RETURN(AccountRow row,
                     admin_.CreateAccount(who, request->address(), request->password(), rest));
    log::Info("directory.account.created", {{"account", row.id}, {"address", row.address}});
    ToProto(row, response->mutable_account());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::GetAccount(Controller* controller, const v1::GetAccountRequest* request,
                                      v1::GetAccountResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    ASSIGN_OR_RETURN(AccountRow row, admin_.GetAccount(who, request->address()));
    ToProto(row, response->mutable_account());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DescribeAccounts(Controller* controller,
                                            const v1::DescribeAccountsRequest* request,
                                            v1::DescribeAccountsResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (request->ids_size() + request->addresses_size() > kMostDescribed)
      return SyntaxError("too many accounts at once");
    auto add = [this, response](const std::optional<AccountRow>& row) {
      if (!row) return;
      v1::Account* account = response->add_accounts();
      ToProto(*row, account);
      account->set_enabled(row->active());
      account->set_quota_bytes(recipients_.QuotaOf(*row));
    };
    for (int64_t id : request->ids()) {
      ASSIGN_OR_RETURN(auto row, store_.FindAccountById(id));
      add(row);
    }
    for (const std::string& address : request->addresses()) {
      auto canonical = CanonicalAddress(address);
      if (!canonical.ok()) continue;
      ASSIGN_OR_RETURN(auto row, store_.FindAccount(*canonical));
      add(row);
    }
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListAccounts(Controller* controller,
                                        const v1::ListAccountsRequest* request,
                                        v1::ListAccountsResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(
        auto rows, admin_.ListAccounts(who, {"", request->domain(), request->page_token(), limit}));
    for (const AccountRow& row : rows) ToProto(row, response->add_accounts());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().address);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::UpdateAccount(Controller* controller,
                                         const v1::UpdateAccountRequest* request,
                                         v1::UpdateAccountResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    AccountChange change;
    if (request->has_password()) change.password = request->password();
    if (request->has_display_name()) change.display_name = request->display_name();
    if (request->has_quota_bytes()) change.quota_bytes = request->quota_bytes();
    if (request->has_enabled()) change.enabled = request->enabled();
    if (request->has_role()) change.role = request->role();
    ASSIGN_OR_RETURN(AccountRow row, admin_.UpdateAccount(who, request->address(), change));
    ToProto(row, response->mutable_account());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteAccount(Controller* controller,
                                         const v1::DeleteAccountRequest* request,
                                         v1::DeleteAccountResponse*, Done* done) {
  Change(controller, done, request->actor(),
         [=, this](const Principal& who) { return admin_.DeleteAccount(who, request->address()); });
}

void DirectoryServiceImpl::CreateAppPassword(Controller* controller,
                                             const v1::CreateAppPasswordRequest* request,
                                             v1::CreateAppPasswordResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    AppPasswordRow row;
    row.label = request->label();
    row.protocols.assign(request->protocols().begin(), request->protocols().end());
    ASSIGN_OR_RETURN(std::string password, admin_.CreateAppPassword(who, request->address(), row));
    ToProto(row, response->mutable_app_password());
    response->set_password(password);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListAppPasswords(Controller* controller,
                                            const v1::ListAppPasswordsRequest* request,
                                            v1::ListAppPasswordsResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    ASSIGN_OR_RETURN(auto rows, admin_.ListAppPasswords(who, request->address()));
    for (const AppPasswordRow& row : rows) ToProto(row, response->add_app_passwords());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteAppPassword(Controller* controller,
                                             const v1::DeleteAppPasswordRequest* request,
                                             v1::DeleteAppPasswordResponse*, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) {
    return admin_.DeleteAppPassword(who, request->address(), request->id());
  });
}

}  // namespace pennypost::directory
