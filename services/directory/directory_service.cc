#include "services/directory/directory_service.h"

#include <boost/asio/steady_timer.hpp>

#include "base/text.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/address.h"
#include "services/directory/paging.h"
#include "services/directory/proto_convert.h"

namespace pennypost::directory {
namespace {

constexpr absl::Duration kResolutionLife = absl::Seconds(2);
constexpr size_t kResolutionTargets = 20000;
constexpr size_t kSqlQueue = 2000;
constexpr size_t kHashQueue = 64;
LoginAttempt ToAttempt(const std::string& user, const std::string& protocol,
                       const std::string& client_ip) {
  auto address = net::IpAddress::Parse(client_ip);
  if (!address) return {user, protocol, client_ip, client_ip + "/?"};
  return {user, protocol, address->LimitKey(), address->NetworkKey()};
}

}  // namespace

DirectoryServiceImpl::DirectoryServiceImpl(boost::asio::io_context& io, Store& store,
                                           const Clock& clock, const DirectoryOptions& options)
    : io_(io),
      store_(store),
      recipients_(store, options.recipients),
      admin_(store, recipients_, options.login.cost),
      login_(store, clock, options.login),
      senders_(store, options.recipients.delimiter),
      resolutions_(clock, kResolutionTargets),
      sql_pool_(options.sql_threads, kSqlQueue),
      hash_pool_(options.hash_threads, kHashQueue) {}

void DirectoryServiceImpl::ResolveRecipient(Controller* controller,
                                            const v1::ResolveRecipientRequest* request,
                                            v1::ResolveRecipientResponse* response, Done* done) {
  if (auto known = resolutions_.Find(request->address())) {
    ToProto(*known, response);
    done->Run();
    return;
  }
  sql_pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    Poster poster{request->poster().account_id(), request->poster().sender()};
    ASSIGN_OR_RETURN(
        Resolution resolution,
        recipients_.Resolve(request->address(), request->has_poster() ? &poster : nullptr));
    // What depends on the poster is no answer for the next one.
    if (resolution.for_all) {
      resolutions_.Put(request->address(), resolution, kResolutionLife,
                       resolution.targets.size() + 1);
    }
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
    response->mutable_account()->set_quota_bytes(recipients_.QuotaOf(*outcome.account));
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
    ASSIGN_OR_RETURN(auto refused, senders_.Foreign(request->account_id(), addresses));
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
    ASSIGN_OR_RETURN(auto keys, store_.ListKeys(domain->id));
    for (const KeyRow& key : keys) {
      v1::SigningKey* to = response->add_keys();
      to->set_selector(key.selector);
      to->set_algorithm(key.algorithm);
      to->set_private_key_pem(key.private_key_pem);
    }
    return absl::OkStatus();
  });
}

absl::Status DirectoryServiceImpl::As(Controller* controller, const std::string& actor,
                                      const Work& work) {
  const std::string& caller = static_cast<rpc::Controller*>(controller)->caller();
  auto who = admin_.FindPrincipal(actor, caller);
  absl::Status status = who.ok() ? work(*who) : who.status();
  if (absl::IsPermissionDenied(status)) {
    log::Warning("directory.denied", {{"actor", actor}, {"caller", caller}});
  }
  return status;
}

void DirectoryServiceImpl::Read(Controller* controller, Done* done, const std::string& actor,
                                Work work) {
  sql_pool_.Run(controller, done, [this, controller, &actor, work = std::move(work)] {
    return As(controller, actor, work);
  });
}

void DirectoryServiceImpl::Change(Controller* controller, Done* done, const std::string& actor,
                                  Work work) {
  hash_pool_.Run(controller, done, [this, controller, &actor, work = std::move(work)] {
    absl::Status status = As(controller, actor, work);
    resolutions_.Clear();
    return status;
  });
}

void DirectoryServiceImpl::Authorize(Controller* controller, const v1::AuthorizeRequest* request,
                                     v1::AuthorizeResponse*, Done* done) {
  Read(controller, done, request->actor(), [request](const Principal& who) -> absl::Status {
    if (request->action() == "queue.read") return directory::Authorize(who, Action::kReadQueue, {});
    if (request->action() == "queue.change")
      return directory::Authorize(who, Action::kChangeQueue, {});
    return PolicyError(fmt::format("'{}' is no action that may be allowed", request->action()));
  });
}

void DirectoryServiceImpl::ListAudit(Controller* controller, const v1::ListAuditRequest* request,
                                     v1::ListAuditResponse* response, Done* done) {
  Read(controller, done, request->actor(),
       [this, request, response](const Principal& who) -> absl::Status {
         int limit = PageSize(request->page_size());
         auto before = ParseUint(request->page_token().empty() ? "0" : request->page_token());
         if (!before) return SyntaxError("a page_token is one that a page before gave");
         Admin::AuditWanted wanted{request->by(), request->object(), request->tenant(),
                                   static_cast<int64_t>(*before), limit};
         ASSIGN_OR_RETURN(auto rows, admin_.ListAudit(who, wanted));
         for (const AuditRow& row : rows) ToProto(row, response->add_entries());
         if (static_cast<int>(rows.size()) == limit)
           response->set_next_page_token(std::to_string(rows.back().id));
         return absl::OkStatus();
       });
}

}  // namespace pennypost::directory
