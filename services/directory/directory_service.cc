#include "services/directory/directory_service.h"

#include <boost/asio/steady_timer.hpp>

#include "log/log.h"
#include "metrics/metrics.h"
#include "net/address.h"
#include "services/directory/proto_convert.h"

namespace pennypost::directory {
namespace {

constexpr absl::Duration kResolutionLife = absl::Seconds(2);
constexpr size_t kResolutionEntries = 20000;
constexpr size_t kSqlQueue = 2000;
constexpr size_t kHashQueue = 64;
constexpr int kMaxPage = 1000;

int PageSize(int asked) {
  return asked <= 0 || asked > kMaxPage ? kMaxPage : asked;
}

LoginAttempt ToAttempt(const std::string& user, const std::string& protocol,
                       const std::string& client_ip) {
  auto address = net::IpAddress::Parse(client_ip);
  return {user, protocol, address ? address->LimitKey() : client_ip};
}

}  // namespace

DirectoryServiceImpl::DirectoryServiceImpl(boost::asio::io_context& io, Store& store,
                                           const Clock& clock, const DirectoryOptions& options)
    : io_(io),
      store_(store),
      admin_(store, options.login.cost),
      login_(store, clock, options.login),
      recipients_(store, options.recipients),
      cache_(clock, kResolutionLife, kResolutionEntries),
      sql_pool_(options.sql_threads, kSqlQueue),
      hash_pool_(options.hash_threads, kHashQueue) {}

void DirectoryServiceImpl::ResolveRecipient(Controller* controller,
                                            const v1::ResolveRecipientRequest* request,
                                            v1::ResolveRecipientResponse* response, Done* done) {
  if (auto known = cache_.Find(request->address())) {
    ToProto(*known, response);
    done->Run();
    return;
  }
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(Resolution resolution, recipients_.Resolve(request->address()));
    cache_.Put(request->address(), resolution);
    ToProto(resolution, response);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::FinishLogin(Controller* controller, LoginOutcome outcome,
                                       v1::AuthenticateResponse* response, Done* done,
                                       const std::string& protocol) {
  const char* result = outcome.account.ok() ? "ok" : "refused";
  if (!outcome.account.ok() &&
      outcome.account.status().code() != absl::StatusCode::kUnauthenticated)
    result = "error";
  metrics::Counter("pennypost_directory_auth_total", "Logins by protocol and result",
                   {{"protocol", protocol}, {"result", result}})
      .Increment();
  if (outcome.account.ok()) {
    ToProto(*outcome.account, response->mutable_account());
    if (outcome.account->quota_bytes == 0) {
      response->mutable_account()->set_quota_bytes(recipients_.options().default_quota_bytes);
    }
    done->Run();
    return;
  }
  static_cast<rpc::Controller*>(controller)->SetStatus(outcome.account.status());
  if (outcome.delay == absl::ZeroDuration()) {
    done->Run();
    return;
  }
  auto timer =
      std::make_shared<boost::asio::steady_timer>(io_, absl::ToChronoNanoseconds(outcome.delay));
  timer->async_wait([timer, done](const boost::system::error_code&) { done->Run(); });
}

void DirectoryServiceImpl::Authenticate(Controller* controller,
                                        const v1::AuthenticateRequest* request,
                                        v1::AuthenticateResponse* response, Done* done) {
  bool queued = hash_pool_.Submit([=, this] {
    LoginAttempt attempt = ToAttempt(request->user(), request->protocol(), request->client_ip());
    FinishLogin(controller, login_.CheckPassword(attempt, request->password()), response, done,
                request->protocol());
  });
  if (!queued) {
    rpc::Finish(controller, done,
                MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                          "too many logins at once"));
  }
}

void DirectoryServiceImpl::GetScramKeys(Controller* controller,
                                        const v1::GetScramKeysRequest* request,
                                        v1::GetScramKeysResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(ScramChallenge keys, login_.GetScramChallenge(request->user()));
    response->set_salt(keys.salt);
    response->set_iterations(static_cast<uint32_t>(keys.iterations));
    response->set_stored_key(keys.stored_key);
    response->set_server_key(keys.server_key);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::FinishScram(Controller* controller,
                                       const v1::FinishScramRequest* request,
                                       v1::AuthenticateResponse* response, Done* done) {
  bool queued = sql_pool_.Submit([=, this] {
    LoginAttempt attempt = ToAttempt(request->user(), request->protocol(), request->client_ip());
    FinishLogin(controller, login_.FinishScram(attempt, request->success()), response, done,
                request->protocol());
  });
  if (!queued) {
    rpc::Finish(controller, done,
                MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                          "too many logins at once"));
  }
}

void DirectoryServiceImpl::CheckSender(Controller* controller,
                                       const v1::CheckSenderRequest* request,
                                       v1::CheckSenderResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    std::vector<std::string> addresses(request->addresses().begin(), request->addresses().end());
    ASSIGN_OR_RETURN(auto refused, admin_.ForeignSenders(request->account_id(), addresses));
    for (std::string& address : refused) response->add_refused(std::move(address));
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::GetSigningKeys(Controller* controller,
                                          const v1::GetSigningKeysRequest* request,
                                          v1::GetSigningKeysResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(auto domain, store_.FindDomain(request->domain()));
    if (!domain || !domain->enabled) return absl::OkStatus();
    for (const KeyRow& key : domain->keys) {
      v1::SigningKey* to = response->add_keys();
      to->set_selector(key.selector);
      to->set_algorithm(key.algorithm);
      to->set_private_key_pem(key.private_key_pem);
    }
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::Change(Controller* controller, Done* done,
                                  std::function<absl::Status()> work) {
  hash_pool_.Run(controller, done, [this, work = std::move(work)] {
    absl::Status status = work();
    cache_.Clear();
    return status;
  });
}

void DirectoryServiceImpl::CreateDomain(Controller* controller,
                                        const v1::CreateDomainRequest* request,
                                        v1::CreateDomainResponse* response, Done* done) {
  Change(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(DomainRow row, admin_.CreateDomain(request->name(), request->alias_of(),
                                                        request->catch_all()));
    log::Info("directory.domain.created", {{"domain", row.name}});
    ToProto(row, response->mutable_domain());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListDomains(Controller* controller,
                                       const v1::ListDomainsRequest* request,
                                       v1::ListDomainsResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    if (!request->name().empty()) {
      ASSIGN_OR_RETURN(DomainRow row, admin_.GetDomain(request->name()));
      ToProto(row, response->add_domains());
      return absl::OkStatus();
    }
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(auto rows, store_.ListDomains(request->page_token(), limit));
    for (const DomainRow& row : rows) ToProto(row, response->add_domains());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().name);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::UpdateDomain(Controller* controller,
                                        const v1::UpdateDomainRequest* request,
                                        v1::UpdateDomainResponse* response, Done* done) {
  Change(controller, done, [this, request, response]() -> absl::Status {
    std::optional<std::string> catch_all;
    std::optional<bool> enabled;
    if (request->has_catch_all()) catch_all = request->catch_all();
    if (request->has_enabled()) enabled = request->enabled();
    ASSIGN_OR_RETURN(DomainRow row, admin_.UpdateDomain(request->name(), catch_all, enabled));
    ToProto(row, response->mutable_domain());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteDomain(Controller* controller,
                                        const v1::DeleteDomainRequest* request,
                                        v1::DeleteDomainResponse*, Done* done) {
  Change(controller, done, [this, request] { return admin_.DeleteDomain(request->name()); });
}

void DirectoryServiceImpl::CreateAccount(Controller* controller,
                                         const v1::CreateAccountRequest* request,
                                         v1::CreateAccountResponse* response, Done* done) {
  Change(controller, done, [this, request, response]() -> absl::Status {
    AccountChange rest;
    rest.display_name = request->display_name();
    rest.quota_bytes = request->quota_bytes();
    rest.role = request->role();
    ASSIGN_OR_RETURN(AccountRow row,
                     admin_.CreateAccount(request->address(), request->password(), rest));
    log::Info("directory.account.created", {{"account", row.id}, {"address", row.address}});
    ToProto(row, response->mutable_account());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::GetAccount(Controller* controller, const v1::GetAccountRequest* request,
                                      v1::GetAccountResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(AccountRow row, admin_.GetAccount(request->address()));
    ToProto(row, response->mutable_account());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListAccounts(Controller* controller,
                                        const v1::ListAccountsRequest* request,
                                        v1::ListAccountsResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(auto rows,
                     store_.ListAccounts(request->domain(), request->page_token(), limit));
    for (const AccountRow& row : rows) ToProto(row, response->add_accounts());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().address);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::UpdateAccount(Controller* controller,
                                         const v1::UpdateAccountRequest* request,
                                         v1::UpdateAccountResponse* response, Done* done) {
  Change(controller, done, [this, request, response]() -> absl::Status {
    AccountChange change;
    if (request->has_password()) change.password = request->password();
    if (request->has_display_name()) change.display_name = request->display_name();
    if (request->has_quota_bytes()) change.quota_bytes = request->quota_bytes();
    if (request->has_enabled()) change.enabled = request->enabled();
    if (request->has_role()) change.role = request->role();
    ASSIGN_OR_RETURN(AccountRow row, admin_.UpdateAccount(request->address(), change));
    ToProto(row, response->mutable_account());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteAccount(Controller* controller,
                                         const v1::DeleteAccountRequest* request,
                                         v1::DeleteAccountResponse*, Done* done) {
  Change(controller, done, [this, request] { return admin_.DeleteAccount(request->address()); });
}

void DirectoryServiceImpl::CreateAlias(Controller* controller,
                                       const v1::CreateAliasRequest* request,
                                       v1::CreateAliasResponse* response, Done* done) {
  Change(controller, done, [this, request, response]() -> absl::Status {
    const v1::Alias& alias = request->alias();
    std::vector<std::string> targets(alias.targets().begin(), alias.targets().end());
    ASSIGN_OR_RETURN(AliasRow row, admin_.CreateAlias(alias.address(), targets, alias.send_as()));
    ToProto(row, response->mutable_alias());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListAliases(Controller* controller,
                                       const v1::ListAliasesRequest* request,
                                       v1::ListAliasesResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(auto rows,
                     store_.ListAliases(request->domain(), request->page_token(), limit));
    for (const AliasRow& row : rows) ToProto(row, response->add_aliases());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().address);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteAlias(Controller* controller,
                                       const v1::DeleteAliasRequest* request,
                                       v1::DeleteAliasResponse*, Done* done) {
  Change(controller, done, [this, request] { return admin_.DeleteAlias(request->address()); });
}

void DirectoryServiceImpl::CreateAppPassword(Controller* controller,
                                             const v1::CreateAppPasswordRequest* request,
                                             v1::CreateAppPasswordResponse* response, Done* done) {
  Change(controller, done, [this, request, response]() -> absl::Status {
    AppPasswordRow row;
    row.label = request->label();
    row.protocols.assign(request->protocols().begin(), request->protocols().end());
    ASSIGN_OR_RETURN(std::string password, admin_.CreateAppPassword(request->address(), row));
    ToProto(row, response->mutable_app_password());
    response->set_password(password);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListAppPasswords(Controller* controller,
                                            const v1::ListAppPasswordsRequest* request,
                                            v1::ListAppPasswordsResponse* response, Done* done) {
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(AccountRow account, admin_.GetAccount(request->address()));
    ASSIGN_OR_RETURN(auto rows, store_.ListAppPasswords(account.id));
    for (const AppPasswordRow& row : rows) ToProto(row, response->add_app_passwords());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteAppPassword(Controller* controller,
                                             const v1::DeleteAppPasswordRequest* request,
                                             v1::DeleteAppPasswordResponse*, Done* done) {
  Change(controller, done, [this, request]() -> absl::Status {
    ASSIGN_OR_RETURN(AccountRow account, admin_.GetAccount(request->address()));
    return store_.DeleteAppPassword(account.id, request->id());
  });
}

}  // namespace pennypost::directory
