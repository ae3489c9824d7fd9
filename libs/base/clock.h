#pragma once
// Time as a dependency: code that needs "now" takes a Clock, so that tests decide.

#include <absl/time/time.h>

namespace pennypost {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock. Thread-safe, lives as long as the process.
const Clock& SystemClock();

}  // namespace pennypost
