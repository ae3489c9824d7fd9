#pragma once
// The gRPC face: proto to core and back. SQL runs on one pool, password hashing on another,
// held-back answers on a timer; no thread waits.

#include <boost/asio/io_context.hpp>

#include "base/expiring_cache.h"
#include "pennypost/directory/v1/directory_service.pb.h"
#include "rpc/worker_pool.h"
#include "services/directory/core/admin.h"
#include "services/directory/core/login.h"
#include "services/directory/core/recipients.h"
#include "services/directory/core/senders.h"

namespace pennypost::directory {

struct DirectoryOptions {
  LoginOptions login;
  RecipientOptions recipients;
  size_t sql_threads = 4;
  size_t hash_threads = 2;
};

class DirectoryServiceImpl : public v1::DirectoryService {
 public:
  using Controller = google::protobuf::RpcController;
  using Done = google::protobuf::Closure;

  DirectoryServiceImpl(boost::asio::io_context& io, Store& store, const Clock& clock,
                       const DirectoryOptions& options);

  Admin& admin() { return admin_; }

#define PP_METHOD(Name) \
  void Name(Controller*, const v1::Name##Request*, v1::Name##Response*, Done*) override
  // directory_service.cc
  PP_METHOD(ResolveRecipient);
  void Authenticate(Controller*, const v1::AuthenticateRequest*, v1::AuthenticateResponse*,
                    Done*) override;
  PP_METHOD(GetScramKeys);
  void FinishScram(Controller*, const v1::FinishScramRequest*, v1::AuthenticateResponse*,
                   Done*) override;
  PP_METHOD(CheckSender);
  PP_METHOD(GetSigningKeys);
  PP_METHOD(Authorize);
  PP_METHOD(ListAudit);
  // service_domains.cc
  PP_METHOD(CreateTenant);
  PP_METHOD(ListTenants);
  PP_METHOD(UpdateTenant);
  PP_METHOD(DeleteTenant);
  PP_METHOD(CreateDomain);
  PP_METHOD(ListDomains);
  PP_METHOD(UpdateDomain);
  PP_METHOD(DeleteDomain);
  // service_accounts.cc
  PP_METHOD(CreateAccount);
  PP_METHOD(GetAccount);
  PP_METHOD(DescribeAccounts);
  PP_METHOD(ListAccounts);
  PP_METHOD(UpdateAccount);
  PP_METHOD(DeleteAccount);
  PP_METHOD(CreateAppPassword);
  PP_METHOD(ListAppPasswords);
  PP_METHOD(DeleteAppPassword);
  // service_addresses.cc
  PP_METHOD(CreateAlias);
  PP_METHOD(ListAliases);
  PP_METHOD(DeleteAlias);
  PP_METHOD(CreateGroup);
  PP_METHOD(ListGroups);
  PP_METHOD(UpdateGroup);
  PP_METHOD(ChangeMembers);
  PP_METHOD(DeleteGroup);
#undef PP_METHOD

 private:
  using Work = std::function<absl::Status(const Principal& who)>;

  // Ends a login, after its delay.
  void FinishLogin(Controller* controller, LoginOutcome outcome, v1::AuthenticateResponse* response,
                   Done* done, const std::string& protocol);
  // `work` in the name of the actor, on the SQL pool.
  void Read(Controller* controller, Done* done, const std::string& actor, Work work);
  // The same for a change: what was resolved before may be wrong now. On the pool for hashing,
  // since passwords and keys are made.
  void Change(Controller* controller, Done* done, const std::string& actor, Work work);
  absl::Status As(Controller* controller, const std::string& actor, const Work& work);

  boost::asio::io_context& io_;
  Store& store_;
  RecipientResolver recipients_;
  Admin admin_;
  Login login_;
  Senders senders_;
  // Short-lived, because an administrator's change in another pod must show soon.
  ExpiringCache<Resolution> resolutions_;
  rpc::WorkerPool sql_pool_;
  rpc::WorkerPool hash_pool_;
};

}  // namespace pennypost::directory
