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
  ResultWriter(Strand strand, Store& store, rpc::WorkerPool& pool)
      : strand_(std::move(strand)), store_(store), pool_(pool) {}

  // OK once they are durable; those whose lease was lost are left out without a word.
  net::Awaitable<absl::Status> Write(std::vector<Outcome> outcomes);

 private:
  struct Batch {
    explicit Batch(const Strand& strand) : done(strand) {}
    std::vector<Outcome> outcomes;
    bool finished = false;
    absl::Status status;
    boost::asio::steady_timer done;
  };
  net::Awaitable<void> Flush();

  Strand strand_;
  Store& store_;
  rpc::WorkerPool& pool_;
  std::shared_ptr<Batch> next_;
  bool flushing_ = false;
};

}  // namespace pennypost::relay
