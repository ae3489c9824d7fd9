#include "services/cli/commands/sieve.h"
#include "services/cli/context.h"

int main(int argc, char** argv) {
  using namespace pennypost::cli;  // NOLINT: a parts list
  Context context;
  CLI::App app("The command line of the Pennypost mail platform", "pennypost");
  app.failure_message(UsageError);
  app.add_option(
         "--config", context.config_files,
         "configuration of the platform (default: $PENNYPOST_CONFIG); may be given several times")
      ->allow_extra_args(false);
  app.add_option("-o,--output", context.output, "table (default) or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_option("--as", context.actor,
                 "address of the person in whose name to act: that person's role decides what is "
                 "allowed (default: the platform itself, with all rights)");
  app.require_subcommand(1);
  app.fallthrough();
  AddTenantCommands(app, context);
  AddDomainCommands(app, context);
  AddAccountCommands(app, context);
  AddAliasCommands(app, context);
  AddGroupCommands(app, context);
  AddAppPasswordCommands(app, context);
  AddQueueCommands(app, context);
  AddMessageCommands(app, context);
  AddMailboxCommands(app, context);
  AddDnsCommands(app, context);
  AddAuthCheckCommand(app, context);
  AddAuditCommands(app, context);
  AddOperationsCommands(app, context);
  AddSieveCommands(app, context);
  AddMimeCommands(app);
  AddImportCommands(app, context);
  AddExportCommands(app, context);
  AddCompletionCommand(app, context);
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 a check failed.\n"
      "pennypost COMMAND --help says more.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return context.exit_code;
}
