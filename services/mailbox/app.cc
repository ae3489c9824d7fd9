#include "services/mailbox/app.h"

#include "log/log.h"
#include "mailbox_sql.h"
#include "rpc/blocking_call.h"
#include "services/mailbox/change_news.h"
#include "services/mailbox/housekeeping.h"
#include "services/mailbox/mailbox_service.h"
#include "services/mailbox/search_indexer.h"
#include "services/mailbox/store/pg_store.h"
#include "services/mailbox/store/s3_blob_store.h"

namespace pennypost::mailbox {
namespace {

constexpr absl::Duration kDirectoryTimeout = absl::Seconds(5);
constexpr absl::Duration kRelayTimeout = absl::Seconds(30);
constexpr uint64_t kLeastBodyBudget = 128 << 20;  // any message fits, and another one beside it

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

HousekeepingOptions HousekeepingOf(const config::v1::MailboxConfig& config) {
  HousekeepingOptions options;
  options.restore = absl::Hours(24) * config.restore_days();
  auto days = [](uint32_t n) { return absl::Hours(24) * n; };
  if (config.retention().trash_days() > 0)
    options.retention["\\Trash"] = days(config.retention().trash_days());
  if (config.retention().junk_days() > 0)
    options.retention["\\Junk"] = days(config.retention().junk_days());
  options.grace = absl::Hours(config.content_grace_hours());
  options.scrub.bytes_per_second = uint64_t{1024} * config.scrub_kib_per_second();
  options.scrub.most_bytes = 5 * options.scrub.bytes_per_second;
  if (config.testing_housekeeping_ms() > 0)
    options.pause = options.pass_pause = absl::Milliseconds(config.testing_housekeeping_ms());
  return options;
}

SearchIndexerOptions IndexerOf(const config::v1::MailboxConfig& config) {
  SearchIndexerOptions options;
  if (config.testing_search_index_ms() > 0) {
    options.settle = options.breath = options.look_pause =
        absl::Milliseconds(config.testing_search_index_ms());
  }
  return options;
}

std::unique_ptr<BlobStore> OutsideOf(const config::v1::MailboxConfig& config) {
  if (config.blobs() != "s3") return nullptr;
  s3::Options options;
  options.endpoint = config.s3().endpoint();
  options.bucket = config.s3().bucket();
  options.region = config.s3().region();
  options.credentials = {config.s3().access_key(), config.s3().secret_key()};
  options.ca_file = config.s3().ca_file();
  options.timeout = absl::Milliseconds(config.s3().timeout_ms());
  return std::make_unique<S3BlobStore>(std::move(options), config.s3().prefix());
}

absl::Status CheckBlobs(const config::v1::MailboxConfig& config) {
  if (config.blobs() != "postgres" && config.blobs() != "s3")
    return SyntaxError("mailbox.blobs must be postgres or s3");
  if (config.content_grace_hours() == 0)
    return SyntaxError("mailbox.content_grace_hours must be at least 1");
  if (config.blobs() == "postgres") return absl::OkStatus();
  const config::v1::S3Config& s3 = config.s3();
  if (!s3.endpoint().starts_with("https://") && !s3.endpoint().starts_with("http://"))
    return SyntaxError("mailbox.s3.endpoint must begin with https:// (or http://)");
  if (s3.endpoint().find('/', s3.endpoint().find("://") + 3) != std::string::npos)
    return SyntaxError("mailbox.s3.endpoint must end with the host or the port");
  if (s3.bucket().empty() || s3.access_key().empty() || s3.secret_key().empty())
    return SyntaxError("mailbox.s3 needs bucket, access_key and secret_key");
  if (s3.timeout_ms() < 1000) return SyntaxError("mailbox.s3.timeout_ms must be at least 1000");
  return absl::OkStatus();
}

class App : public runtime::Component {
 public:
  App(runtime::Environment& environment, const QueueOptions& queue)
      : environment_(environment),
        store_(environment.config.common().postgres().dsn(),
               environment.config.common().postgres().pool_size(), queue.writers,
               OutsideOf(environment.config.mailbox()),
               environment.config.mailbox().blobs_s3_min_bytes()),
        news_(environment.io, environment.config.common().redis().address(),
              environment.config.common().redis().password(),
              [this](int64_t account) { service_.ChangedElsewhere(account); }),
        indexer_(store_, IndexerOf(environment.config.mailbox())),
        service_(store_, queue, environment.config.common().postgres().pool_size(),
                 ScriptingOf(environment)),
        housekeeping_(store_, HousekeepingOf(environment.config.mailbox()),
                      [this](int64_t account) { service_.ChangedHere(account); }) {
    environment.clients.mailbox = &service_;
    environment.rpc_server.Add(&service_);
  }

  std::string_view name() const override { return "mailbox"; }
  absl::Status Ready() override { return store_.Health(); }

  absl::Status AfterRestore() override {
    RETURN_IF_ERROR(Migrate());
    relay::v1::EnqueueRequest hold;
    hold.set_hold_reason("from a restored backup: it may have been sent before");
    return store_.AfterRestore(hold.SerializeAsString());
  }
  absl::Status Start() override {
    RETURN_IF_ERROR(Migrate());
    store_.KeepReserve();
    bool indexes = environment_.config.mailbox().search_index();
    service_.Start([this, indexes](int64_t account) {
      news_.Tell(account);
      if (indexes) indexer_.Changed(account);
    });
    news_.Start();
    housekeeping_.Start();
    if (indexes) indexer_.Start();
    return absl::OkStatus();
  }
  void BeginDrain() override {
    indexer_.Stop();
    housekeeping_.Stop();
    news_.Stop();
  }

 private:
  absl::Status Migrate() {
    ASSIGN_OR_RETURN(auto connection,
                     pg::Connection::Open(environment_.config.common().postgres().dsn()));
    ASSIGN_OR_RETURN(int applied, pg::Migrate(*connection, "mailbox", sql::Migrations()));
    if (applied > 0) log::Info("mailbox.migrated", {{"steps", applied}});
    return absl::OkStatus();
  }

  runtime::Environment& environment_;
  PgStore store_;
  // Before the service, which tells them until it has stored what waits.
  ChangeNews news_;
  SearchIndexer indexer_;
  MailboxServiceImpl service_;
  Housekeeping housekeeping_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<runtime::Component>> Create(runtime::Environment& environment) {
  const auto& config = environment.config.mailbox();
  if (environment.config.common().postgres().dsn().empty())
    return SyntaxError("common.postgres.dsn is needed by mailbox");
  if (config.writers() == 0 || config.writers() > 64)
    return SyntaxError("mailbox.writers must be from 1 to 64");
  if (config.restore_days() > 3650) return SyntaxError("mailbox.restore_days must be at most 3650");
  if (config.batch_messages() == 0 || config.batch_messages() > 1000) {
    return SyntaxError("mailbox.batch_messages must be from 1 to 1000");
  }
  if (config.body_budget_bytes() < kLeastBodyBudget)
    return SyntaxError(
        fmt::format("mailbox.body_budget_bytes must be at least {}", kLeastBodyBudget));
  RETURN_IF_ERROR(CheckBlobs(config));
  QueueOptions queue{config.writers(), config.batch_messages(), config.batch_bytes(),
                     config.queue_limit(), config.body_budget_bytes()};
  std::unique_ptr<runtime::Component> app = std::make_unique<App>(environment, queue);
  return app;
}

}  // namespace pennypost::mailbox
