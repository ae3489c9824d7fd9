#pragma once
// What every command has: the configuration, the services, and how to print.
//
// Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 not found, 4 a check failed.

#include <CLI/CLI.hpp>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "clients/clients.h"
#include "pennypost/config/v1/platform.pb.h"
#include "rpc/call.h"

namespace pennypost::cli {

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kNotFound = 3, kCheckFailed = 4 };

// Whether a command can be done in somebody's name (--as).
enum class Acting { kPlatformOnly, kAnyone };

struct Context {
  std::vector<std::string> config_files;
  std::string output = "table";  // or json
  std::string actor;             // --as: whose rights count; empty: the platform's own
  config::v1::PlatformConfig config;
  rpc::Loop loop;
  clients::Clients clients;
  // Others that a command opened.
  std::vector<std::unique_ptr<google::protobuf::RpcChannel>> channels;
  int exit_code = kDone;

  bool json() const { return output == "json"; }
  // Reads the configuration; says what is wrong with it and sets the exit code. So where --as is
  // given and has no meaning: nobody shall think that his rights were checked.
  bool LoadConfig(Acting acting = Acting::kPlatformOnly);
  // The same and connects to the services.
  bool Connect(Acting acting = Acting::kPlatformOnly);
  // Prints "pennypost: ..." on stderr and sets the exit code that fits the status.
  void Fail(const absl::Status& status);
  void Fail(const std::string& message, ExitCode code = kFailed);
  // "deleted NAME", or the same as JSON.
  void PrintDeleted(const std::string& name) const;
};

// A call that waits. Commands are short: no event loop.
template <class Service, class Request, class Response>
absl::StatusOr<Response> Ask(Service* service, rpc::Method<Service, Request, Response> method,
                             Request request, absl::Duration timeout = absl::Seconds(30)) {
  if (service == nullptr) {
    return UnavailableError(
        "the configuration names no endpoint for this service (common.rpc.endpoints)");
  }
  // Shared: the waiting thread goes on while the answering one is still inside set_value.
  auto answer = std::make_shared<std::promise<absl::StatusOr<Response>>>();
  std::future<absl::StatusOr<Response>> answered = answer->get_future();
  rpc::CallAsync<Service, Request, Response>(
      *service, method, std::move(request), timeout,
      [answer](absl::StatusOr<Response> r) { answer->set_value(std::move(r)); });
  return answered.get();
}

using Row = std::vector<std::string>;

// Columns as wide as their longest value; nothing but the head for no rows. Control characters, of
// other servers' words for instance, do not reach the terminal.
void PrintTable(const Row& head, const std::vector<Row>& rows);
// The protobuf JSON mapping, on several lines.
void PrintJson(const google::protobuf::Message& message);
// "2026-01-31 12:00:00" in UTC; "-" for none.
std::string FormatTime(const google::protobuf::Timestamp& time);

// A password from a file ("-": standard input), or from a prompt, which asks twice on a terminal.
// Never from the arguments, where every user of the machine could read it.
absl::StatusOr<std::string> ReadPassword(const std::string& file);
// The same for one that exists: a prompt asks once.
absl::StatusOr<std::string> ReadKnownPassword(const std::string& file);

// "pennypost: --label is required; see: pennypost app-password create --help".
std::string UsageError(const CLI::App* app, const CLI::Error& error);

// An option that takes true or false.
CLI::Option* AddSwitch(CLI::App* command, const std::string& name, std::function<void(bool)> set,
                       const std::string& help);

// Each adds its commands under `app`; the callbacks set context.exit_code.
void AddDomainCommands(CLI::App& app, Context& context);
void AddTenantCommands(CLI::App& app, Context& context);
void AddAccountCommands(CLI::App& app, Context& context);
void AddAccountImportCommand(CLI::App& account, Context& context);
void AddGroupCommands(CLI::App& app, Context& context);
void AddAuditCommands(CLI::App& app, Context& context);
void AddAliasCommands(CLI::App& app, Context& context);
void AddAppPasswordCommands(CLI::App& app, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);
void AddMessageCommands(CLI::App& app, Context& context);
void AddDeletedCommands(CLI::App& message, Context& context);
void AddMailboxCommands(CLI::App& app, Context& context);
void AddRightsCommands(CLI::App& mailbox, Context& context);
void AddDnsCommands(CLI::App& app, Context& context);
void AddAuthCheckCommand(CLI::App& app, Context& context);
void AddOperationsCommands(CLI::App& app, Context& context);
void AddMimeCommands(CLI::App& app);
void AddImportCommands(CLI::App& app, Context& context);
void AddExportCommands(CLI::App& app, Context& context);
void AddCompletionCommand(CLI::App& app, Context& context);

}  // namespace pennypost::cli
