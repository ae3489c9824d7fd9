#pragma once
// Places where a process ends, or a step fails, when a test wants it: the moments on either side of
// a COMMIT, an answer or a final dot, which chance seldom meets (tests/chaos/failpoints.py walks
// them all). Nothing is left of them but with PP_FAILPOINTS, which no Release build takes
// (cmake/flags.cmake).
//
// Use in a .cc file alone: `RETURN_IF_ERROR(Failpoint("relay.enqueued"));`

#include <absl/status/status.h>

#include <string_view>

#ifdef PP_FAILPOINTS
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/status.h"
#endif

namespace pennypost {

#ifdef PP_FAILPOINTS
// The environment's PP_FAILPOINT is NAME=crash or NAME=error; it happens once in a process.
inline absl::Status Failpoint(std::string_view name) {
  static std::atomic<bool> spent{false};
  const char* wanted = std::getenv("PP_FAILPOINT");
  if (wanted == nullptr) return absl::OkStatus();
  std::string_view place(wanted);
  size_t equals = place.find('=');
  if (place.substr(0, equals) != name || spent.exchange(true)) return absl::OkStatus();
  std::fprintf(stderr, "failpoint %s\n", wanted);
  if (place.substr(equals + 1) == "crash") std::raise(SIGKILL);
  return MakeError(absl::StatusCode::kUnknown, Reason::kWriteUncertain, "a failpoint");
}
#else
inline absl::Status Failpoint(std::string_view) {
  return absl::OkStatus();
}
#endif

}  // namespace pennypost
