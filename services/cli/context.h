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

struct Context {
  std::vector<std::string> config_files;
  std::string output = "table";  // or json
  config::v1::PlatformConfig config;
  clients::Clients clients;
  // Others that a command opened; they stay open to the end (main.cc says why).
  std::vector<std::unique_ptr<google::protobuf::RpcChannel>> channels;
  int exit_code = kDone;

  bool json() const { return output == "json"; }
  // Reads the configuration; says what is wrong with it and sets the exit code.
  bool LoadConfig();
  // The same and connects to the services.
  bool Connect();
  // Prints "pennypost: ..." on stderr and sets the exit code that fits the status.
  void Fail(const absl::Status& status);
  void Fail(const std::string& message, ExitCode code = kFailed);
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

// Columns as wide as their longest value; nothing but the head for no rows.
void PrintTable(const Row& head, const std::vector<Row>& rows);
// The protobuf JSON mapping, on several lines.
void PrintJson(const google::protobuf::Message& message);
// "2026-01-31 12:00:00" in UTC; "-" for none.
std::string FormatTime(const google::protobuf::Timestamp& time);

// A password from a file ("-": standard input), or from a prompt, which asks twice on a terminal.
// Never from the arguments, where every user of the machine could read it.
absl::StatusOr<std::string> ReadPassword(const std::string& file);

// Each adds its commands under `app`; the callbacks set context.exit_code.
void AddDomainCommands(CLI::App& app, Context& context);
void AddAccountCommands(CLI::App& app, Context& context);
void AddAliasCommands(CLI::App& app, Context& context);
void AddAppPasswordCommands(CLI::App& app, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);
void AddMessageCommands(CLI::App& app, Context& context);
void AddDnsCommands(CLI::App& app, Context& context);
void AddAuthCheckCommand(CLI::App& app, Context& context);
void AddOperationsCommands(CLI::App& app, Context& context);
void AddCompletionCommand(CLI::App& app, Context& context);

}  // namespace pennypost::cli
