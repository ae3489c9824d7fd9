#include "services/relay/core/result_writer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "log/log.h"
#include "services/relay/core/blocking.h"

namespace pennypost::relay {

net::Awaitable<absl::Status> ResultWriter::Write(std::vector<Outcome> outcomes) {
  if (!next_) next_ = std::make_shared<Batch>(strand_);
  std::shared_ptr<Batch> batch = next_;
  std::move(outcomes.begin(), outcomes.end(), std::back_inserter(batch->outcomes));
  batch->done.expires_at(boost::asio::steady_timer::time_point::max());
  if (!flushing_) {
    flushing_ = true;
    boost::asio::co_spawn(strand_, Flush(), boost::asio::detached);
  }
  while (!batch->finished) {
    auto wait = batch->done.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await std::move(wait);
  }
  co_return batch->status;
}

net::Awaitable<void> ResultWriter::Flush() {
  while (next_) {
    std::shared_ptr<Batch> batch = std::move(next_);
    next_.reset();
    std::function<absl::StatusOr<std::vector<Lease>>()> work = [this, batch] {
      return store_.Finish(batch->outcomes);
    };
    auto run = RunBlocking(pool_, std::move(work));
    absl::StatusOr<std::vector<Lease>> written = co_await std::move(run);
    batch->status = written.status();
    if (written.ok() && written->size() < batch->outcomes.size()) {
      log::Warning("relay.lease.lost", {{"count", batch->outcomes.size() - written->size()}});
    }
    batch->finished = true;
    batch->done.cancel();
  }
  flushing_ = false;
}

}  // namespace pennypost::relay
