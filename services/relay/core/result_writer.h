#pragma once
// Group commit of outcomes: what arrives while a transaction is under way goes into the next one,
// together. A lone outcome never waits.

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <vector>

#include "net/awaitable.h"
#include "rpc/worker_pool.h"
#include "services/relay/store/store.h"

namespace pennypost::relay {

// Lives on one strand: construction, calls and coroutines.
class ResultWriter {
 public:
  using Strand = boost::asio::strand<net::Executor>;
  ResultWriter(Strand strand, relay::Store& store, rpc::WorkerPool& pool)
      : strand_(std::move(strand)), store_(store), pool_(pool) {}

  // OK once they are durable; those whose lease was lost are left out without a word. What the
  // database refuses for good (IsRefused) fails alone, not with its whole batch.
  net::Awaitable<absl::Status> Write(std::vector<Outcome> outcomes);

 private:
  // Of one caller.
  struct Part {
    std::vector<Outcome> outcomes;
    absl::Status status;
  };
  struct Batch {
    explicit Batch(const Strand& strand) : done(strand) {}
    std::vector<std::shared_ptr<Part>> parts;
    bool finished = false;
    boost::asio::steady_timer done;
  };
  net::Awaitable<void> Flush();
  net::Awaitable<absl::Status> Store(std::vector<std::shared_ptr<Part>> parts);

  Strand strand_;
  relay::Store& store_;
  rpc::WorkerPool& pool_;
  std::shared_ptr<Batch> next_;
  bool flushing_ = false;
};

// The database will say the same to the same outcome tomorrow: there is something in it that it
// does not take. Anything else may pass.
bool IsRefused(const absl::Status& status);

}  // namespace pennypost::relay
