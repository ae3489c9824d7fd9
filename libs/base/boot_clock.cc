#include "base/boot_clock.h"

#include <ctime>

namespace pennypost {
namespace {
class UpTime : public Clock {
 public:
  absl::Time Now() const override {
    timespec up{};
    clock_gettime(CLOCK_BOOTTIME, &up);
    return absl::TimeFromTimespec(up);
  }
};
}  // namespace

const Clock& BootClock() {
  static const UpTime clock;
  return clock;
}

}  // namespace pennypost
