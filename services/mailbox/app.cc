#include "services/mailbox/app.h"

#include "log/log.h"
#include "mailbox_sql.h"
#include "rpc/blocking_call.h"
#include "services/mailbox/change_news.h"
#include "services/mailbox/mailbox_service.h"
#include "services/mailbox/store/pg_store.h"

namespace pennypost::mailbox {
namespace {

constexpr absl::Duration kDirectoryTimeout = absl::Seconds(5);
constexpr absl::Duration kRelayTimeout = absl::Seconds(30);

// The other services as scripts need them. The clients are complete when the first message comes.
MailboxServiceImpl::Scripting ScriptingOf(const runtime::Environment& environment) {
  const clients::Clients* clients = &environment.clients;
  auto resolve = [clients](const directory::v1::ResolveRecipientRequest& request)
      -> absl::StatusOr<directory::v1::ResolveRecipientResponse> {
    if (clients->directory == nullptr) return UnavailableError("no directory service");
    return rpc::CallAndWait(*clients->directory, &directory::v1::DirectoryService::ResolveRecipient,
                            request, kDirectoryTimeout);
  };
  auto enqueue = [clients](const relay::v1::EnqueueRequest& request) -> absl::Status {
    if (clients->relay == nullptr) return UnavailableError("no relay service");
    return rpc::CallAndWait(*clients->relay, &relay::v1::RelayService::Enqueue, request,
                            kRelayTimeout)
        .status();
  };
  return {environment.config.common().hostname(), resolve, enqueue};
}

class App : public runtime::Component {
 public:
  App(runtime::Environment& environment, const QueueOptions& queue)
      : environment_(environment),
        store_(environment.config.common().postgres().dsn(),
               environment.config.common().postgres().pool_size(), queue.writers),
        news_(environment.io, environment.config.common().redis().address(),
              environment.config.common().redis().password(),
              [this](int64_t account) { service_.ChangedElsewhere(account); }),
        service_(store_, queue, environment.config.common().postgres().pool_size(),
                 ScriptingOf(environment)) {
    environment.clients.mailbox = &service_;
    environment.rpc_server.Add(&service_);
  }

  std::string_view name() const override { return "mailbox"; }
  absl::Status Ready() override { return store_.Health(); }

  absl::Status Start() override {
    ASSIGN_OR_RETURN(auto connection,
                     pg::Connection::Open(environment_.config.common().postgres().dsn()));
    ASSIGN_OR_RETURN(int applied, pg::Migrate(*connection, "mailbox", sql::Migrations()));
    if (applied > 0) log::Info("mailbox.migrated", {{"steps", applied}});
    store_.KeepReserve();
    service_.Start([this](int64_t account) { news_.Tell(account); });
    news_.Start();
    return absl::OkStatus();
  }
  void BeginDrain() override { news_.Stop(); }

 private:
  runtime::Environment& environment_;
  PgStore store_;
  ChangeNews news_;  // before the service, which tells until it has stored what waits
  MailboxServiceImpl service_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  const auto& config = environment.config.mailbox();
  if (environment.config.common().postgres().dsn().empty())
    return SyntaxError("common.postgres.dsn is needed by mailbox");
  if (config.writers() == 0 || config.writers() > 64)
    return SyntaxError("mailbox.writers must be from 1 to 64");
  if (config.batch_messages() == 0 || config.batch_messages() > 1000) {
    return SyntaxError("mailbox.batch_messages must be from 1 to 1000");
  }
  QueueOptions queue{config.writers(), config.batch_messages(), config.batch_bytes(),
                     config.queue_limit()};
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, queue);
  return app;
}

}  // namespace pennypost::mailbox
