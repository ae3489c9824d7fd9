#include "services/relay/core/result_writer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "log/log.h"
#include "services/relay/core/blocking.h"

namespace pennypost::relay {

bool IsRefused(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:
      return true;
    default:
      return false;
  }
}

net::Awaitable<absl::Status> ResultWriter::Write(std::vector<Outcome> outcomes) {
  if (!next_) next_ = std::make_shared<Batch>(strand_);
  std::shared_ptr<Batch> batch = next_;
  auto part = std::make_shared<Part>();
  part->outcomes = std::move(outcomes);
  batch->parts.push_back(part);
  batch->done.expires_at(boost::asio::steady_timer::time_point::max());
  if (!flushing_) {
    flushing_ = true;
    boost::asio::co_spawn(strand_, Flush(), boost::asio::detached);
  }
  while (!batch->finished) {
    auto wait = batch->done.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await std::move(wait);
  }
  co_return part->status;
}

net::Awaitable<absl::Status> ResultWriter::Store(std::vector<std::shared_ptr<Part>> parts) {
  auto outcomes = std::make_shared<std::vector<Outcome>>();
  for (const auto& part : parts)
    outcomes->insert(outcomes->end(), part->outcomes.begin(), part->outcomes.end());
  std::function<absl::StatusOr<std::vector<Lease>>()> work = [this, outcomes] {
    return store_.Finish(*outcomes);
  };
  auto run = RunBlocking(pool_, std::move(work));
  absl::StatusOr<std::vector<Lease>> written = co_await std::move(run);
  if (written.ok() && written->size() < outcomes->size()) {
    log::Warning("relay.lease.lost", {{"count", outcomes->size() - written->size()}});
  }
  co_return written.status();
}

net::Awaitable<void> ResultWriter::Flush() {
  while (next_) {
    std::shared_ptr<Batch> batch = std::move(next_);
    next_.reset();
    auto store = Store(batch->parts);
    absl::Status status = co_await std::move(store);
    bool alone = batch->parts.size() == 1 || !IsRefused(status);
    for (const auto& part : batch->parts) {
      part->status = status;
      if (alone) continue;
      std::vector<std::shared_ptr<Part>> one(1, part);
      auto store_one = Store(std::move(one));
      part->status = co_await std::move(store_one);
    }
    batch->finished = true;
    batch->done.cancel();
  }
  flushing_ = false;
}

}  // namespace pennypost::relay
