#include <cstdio>
#include <cstdlib>

#include "services/cli/commands/sieve.h"
#include "services/cli/context.h"

int main(int argc, char** argv) {
  using namespace pennypost::cli;  // NOLINT: a parts list
  Context context;
  CLI::App app("pennypost: the command line of the Pennypost mail platform");
  app.add_option(
      "--config", context.config_files,
      "configuration of the platform (default: $PENNYPOST_CONFIG); may be given several times");
  app.add_option("-o,--output", context.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.require_subcommand(1);
  app.fallthrough();
  AddDomainCommands(app, context);
  AddAccountCommands(app, context);
  AddAliasCommands(app, context);
  AddAppPasswordCommands(app, context);
  AddQueueCommands(app, context);
  AddMessageCommands(app, context);
  AddDnsCommands(app, context);
  AddAuthCheckCommand(app, context);
  AddOperationsCommands(app, context);
  AddSieveCommands(app, context);
  AddCompletionCommand(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  // A thread of gRPC may still be on its way out of the last answer: static destructors would take
  // the ground from under it.
  fflush(nullptr);
  std::_Exit(context.exit_code);
}
