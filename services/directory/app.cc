#include "services/directory/app.h"

#include "directory_sql.h"
#include "log/log.h"
#include "services/directory/directory_service.h"
#include "services/directory/store/pg_store.h"

namespace pennypost::directory {
namespace {

constexpr uint32_t kLeastArgonMemory = 19456;  // OWASP's floor (RFC 9106 4 asks for more)

class App : public runtime::Component {
 public:
  App(runtime::Environment& environment, const DirectoryOptions& options)
      : environment_(environment),
        store_(environment.config.common().postgres().dsn(),
               environment.config.common().postgres().pool_size()),
        service_(environment.io, store_, SystemClock(), options) {
    environment.clients.directory = &service_;
    environment.rpc_server.Add(&service_);
  }

  std::string_view name() const override { return "directory"; }
  absl::Status Ready() override { return store_.Health(); }

  absl::Status Start() override {
    ASSIGN_OR_RETURN(auto connection,
                     pg::Connection::Open(environment_.config.common().postgres().dsn()));
    ASSIGN_OR_RETURN(int applied, pg::Migrate(*connection, "directory", sql::Migrations()));
    if (applied > 0) log::Info("directory.migrated", {{"steps", applied}});
    return MakeConfigured();
  }

 private:
  // Domains and users of the configuration that do not exist yet.
  absl::Status MakeConfigured() {
    Admin& admin = service_.admin();
    Principal who = Principal::Platform("configuration");
    for (const std::string& domain : environment_.config.directory().domains()) {
      absl::Status status = admin.CreateDomain(who, {domain, "", "", ""}).status();
      if (!status.ok() && status.code() != absl::StatusCode::kAlreadyExists) return status;
    }
    for (const auto& user : environment_.config.directory().users()) {
      AccountChange rest;
      rest.role = user.role();
      absl::Status status =
          admin.CreateAccount(who, user.address(), user.password(), rest).status();
      if (!status.ok() && status.code() != absl::StatusCode::kAlreadyExists) return status;
    }
    return absl::OkStatus();
  }

  runtime::Environment& environment_;
  PgStore store_;
  DirectoryServiceImpl service_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  const auto& config = environment.config.directory();
  if (environment.config.common().postgres().dsn().empty()) {
    return SyntaxError("common.postgres.dsn is needed by directory");
  }
  if (config.argon2_memory_kib() < kLeastArgonMemory || config.argon2_passes() == 0) {
    return SyntaxError(fmt::format(
        "directory.argon2_memory_kib must be {} at least, argon2_passes 1", kLeastArgonMemory));
  }
  DirectoryOptions options;
  options.login.cost = {config.argon2_memory_kib(), config.argon2_passes()};
  options.login.delays = config.login_delays();
  options.recipients.delimiter = config.recipient_delimiter();
  options.recipients.default_quota_bytes = static_cast<int64_t>(config.default_quota_bytes());
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, options);
  return app;
}

}  // namespace pennypost::directory
