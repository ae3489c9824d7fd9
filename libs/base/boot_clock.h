#pragma once
// Time that nobody sets: how long this machine has been up, sleep included (CLOCK_BOOTTIME).

#include "base/clock.h"

namespace pennypost {

// For how long something lasts in this process, leases above all: the wall clock may be set by
// years in between. Its times are counted from the start of the machine, not from 1970: good for
// differences alone. Thread-safe, lives as long as the process.
const Clock& BootClock();

}  // namespace pennypost
