#pragma once
// The configuration file: YAML into the messages of pennypost.config.v1.
//
// Precedence: default < files in their order < environment (PENNYPOST_INGRESS_MAX_ERRORS, `__`
// between levels: PENNYPOST_COMMON_RPC__CA_FILE) < --set ingress.max_errors=5. Unknown keys, wrong
// types and unreadable files are one problem each, with file and line.

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "pennypost/config/v1/platform.pb.h"

namespace pennypost::config {

struct Sources {
  std::vector<std::string> files;
  std::vector<std::pair<std::string, std::string>>
      environment;                    // all of the process; others than PENNYPOST_ are skipped
  std::vector<std::string> settings;  // "a.b=c"
};

// All problems at once, one a line, in the message of an InvalidArgument.
absl::StatusOr<v1::PlatformConfig> Load(const Sources& sources);

// What a service program was asked to do. Without --config the files of $PENNYPOST_CONFIG are read
// (FILE or FILE:FILE..., a later one wins).
struct CommandLine {
  Sources sources;
  bool health_check = false;
  bool after_restore = false;
  bool check_only = false;
  bool print_help = false;
  bool print_version = false;
};
absl::StatusOr<CommandLine> ParseCommandLine(int argc, char** argv);

// The configuration as YAML, secrets as "***".
std::string PrintRedacted(const v1::PlatformConfig& config);

// True for "" and "off".
bool IsOff(const std::string& address);

}  // namespace pennypost::config
