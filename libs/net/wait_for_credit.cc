#include "net/wait_for_credit.h"

#include "net/stream.h"

namespace pennypost::net {

Awaitable<bool> WaitForCredit(BodyLease& lease, uint64_t bytes, absl::Duration patience) {
  constexpr absl::Duration kStep = absl::Milliseconds(100);
  for (absl::Duration waited; waited < patience; waited += kStep) {
    if (lease.ExtendAfterWait(bytes)) co_return true;
    auto pause = Sleep(kStep);
    co_await std::move(pause);
  }
  co_return false;
}

}  // namespace pennypost::net
