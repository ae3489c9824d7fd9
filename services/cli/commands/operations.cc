// pennypost config check, migrate, status, version.

#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/config.h"
#include "directory_sql.h"
#include "mailbox_sql.h"
#include "pennypost/health/v1/health.pb.h"
#include "pg/pool.h"
#include "relay_sql.h"
#include "rpc/channel.h"
#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

// The services check their own sections: the whole platform is asked, the program beside this one.
int CheckByStandalone(const std::vector<std::string>& files) {
  char self[4096] = "";
  ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  std::string program = std::string(self, size > 0 ? static_cast<size_t>(size) : 0) + "-standalone";
  std::vector<std::string> words = {program, "--check-config"};
  for (const std::string& file : files) {
    words.emplace_back("--config");
    words.push_back(file);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = fork();
  if (child == 0) {
    execv(program.c_str(), arguments.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void CheckConfig(Context& context) {
  if (!context.LoadConfig()) {
    context.exit_code = kCheckFailed;
    return;
  }
  if (CheckByStandalone(context.config_files) != 0) context.exit_code = kCheckFailed;
}

void Migrate(Context& context) {
  if (!context.LoadConfig()) return;
  auto connection = pg::Connection::Open(context.config.common().postgres().dsn());
  if (!connection.ok()) return context.Fail(connection.status());
  struct Owner {
    const char* name;
    std::vector<pg::Migration> steps;
  };
  std::vector<Row> rows;
  for (const Owner& owner :
       {Owner{"directory", directory::sql::Migrations()},
        Owner{"mailbox", mailbox::sql::Migrations()}, Owner{"relay", relay::sql::Migrations()}}) {
    auto applied = pg::Migrate(**connection, owner.name, owner.steps);
    if (!applied.ok()) return context.Fail(applied.status());
    rows.push_back({owner.name, std::to_string(owner.steps.size()), std::to_string(*applied)});
  }
  PrintTable({"SCHEMA", "VERSION", "APPLIED NOW"}, rows);
}

std::string HealthOf(Context& context, const std::string& service, const std::string& endpoint,
                     const rpc::TlsFiles& tls) {
  using namespace grpc::health::v1;  // NOLINT: one call
  auto channel = rpc::Connect(service, endpoint, tls, context.loop);
  if (!channel.ok()) return MessageOf(channel.status());
  context.channels.push_back(*std::move(channel));
  Health::Stub stub(context.channels.back().get());
  auto answer = Ask<Health, HealthCheckRequest, HealthCheckResponse>(
      &stub, &Health::Check, HealthCheckRequest(), absl::Seconds(3));
  if (!answer.ok()) return "unreachable";
  return answer->status() == HealthCheckResponse::SERVING ? "ready" : "not ready";
}

void Status(Context& context) {
  if (!context.Connect()) return;
  const auto& rpc = context.config.common().rpc();
  rpc::TlsFiles tls{rpc.ca_file(), rpc.certificate_file(), rpc.key_file()};
  const auto* reflection = rpc.endpoints().GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(rpc.endpoints(), &fields);
  std::vector<Row> rows;
  nlohmann::json json = nlohmann::json::object();
  for (const auto* field : fields) {
    std::string endpoint = reflection->GetString(rpc.endpoints(), field);
    std::string health = HealthOf(context, field->name(), endpoint, tls);
    if (health != "ready") context.exit_code = kCheckFailed;
    rows.push_back({field->name(), health, endpoint});
    json["services"][field->name()] = health;
  }
  auto queue = Ask(context.clients.relay, &relay::v1::RelayService::GetQueueStats,
                   relay::v1::GetQueueStatsRequest());
  if (queue.ok())
    json["queue"] = {
        {"queued", queue->queued()}, {"leased", queue->leased()}, {"held", queue->held()}};
  if (context.json()) {
    printf("%s\n", json.dump(2).c_str());
    return;
  }
  PrintTable({"SERVICE", "HEALTH", "ENDPOINT"}, rows);
  if (queue.ok()) {
    printf("\nqueue: %llu waiting, %llu under way, %llu held\n",
           static_cast<unsigned long long>(queue->queued()),
           static_cast<unsigned long long>(queue->leased()),
           static_cast<unsigned long long>(queue->held()));
  }
}

}  // namespace

void AddOperationsCommands(CLI::App& app, Context& context) {
  auto* config = app.add_subcommand("config", "the configuration file");
  config->require_subcommand(1);
  config
      ->add_subcommand("check",
                       "say what is wrong with it, one line a problem; exit code 4 if something is")
      ->callback([&context] { CheckConfig(context); });
  config->add_subcommand("show", "what is in force, without secrets")->callback([&context] {
    if (context.LoadConfig()) printf("%s", config::PrintRedacted(context.config).c_str());
  });
  app.add_subcommand("migrate", "bring the schemas of all services up to date")
      ->callback([&context] { Migrate(context); });
  app.add_subcommand("status",
                     "health of the services and the queue; exit code 4 if one is not ready")
      ->callback([&context] { Status(context); });
  app.add_subcommand("version", "version of this program")->callback([&context] {
    if (context.json()) {
      printf("{\"version\": \"%s\"}\n", PENNYPOST_VERSION);
    } else {
      printf("pennypost %s\n", PENNYPOST_VERSION);
    }
  });
}

}  // namespace pennypost::cli
