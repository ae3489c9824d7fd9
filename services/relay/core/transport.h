#pragma once
// What the dispatcher needs of the world: ways to deliver, and answers about addresses. Tests give
// their own.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/awaitable.h"
#include "services/relay/core/result.h"
#include "services/relay/core/types.h"

namespace pennypost::relay {

// One message for some of its recipients, all on one route.
struct Attempt {
  const Message* message = nullptr;
  std::string_view content;  // as it is to go out, signature and all
  const std::vector<Delivery>* deliveries = nullptr;
  // False once the lease is lost: from then on the message must not be accepted anywhere.
  std::function<bool()> still_mine;
};

// A way out, used for one attempt after another; it may keep a connection in between. What is
// refused or out of reach is a result, never an error.
class Transport {
 public:
  virtual ~Transport() = default;
  // One result for each delivery, in their order. The attempt lives until the end.
  virtual net::Awaitable<std::vector<DeliveryResult>> Deliver(const Attempt& attempt) = 0;
  virtual net::Awaitable<void> Close() = 0;
};

class TransportFactory {
 public:
  virtual ~TransportFactory() = default;
  virtual std::unique_ptr<Transport> Local() = 0;
  virtual std::unique_ptr<Transport> Remote(const std::string& domain) = 0;
};

struct Resolution {
  // kSuspended: ours, and to be tried again: its owner is switched off for now.
  enum class Kind { kLocal, kRemote, kUnknown, kSuspended };
  Kind kind = Kind::kRemote;
  // Of kLocal: accounts, and with account 0 what an alias of ours leads to elsewhere.
  std::vector<Recipient> targets;
};

class RecipientResolver {
 public:
  virtual ~RecipientResolver() = default;
  // Whether an address is ours, and whose.
  virtual net::Awaitable<absl::StatusOr<Resolution>> Resolve(std::string address) = 0;
};

class Signer {
 public:
  virtual ~Signer() = default;
  // The fields to put above `content`; empty where there is no key.
  virtual net::Awaitable<absl::StatusOr<std::string>> Sign(const Message& message,
                                                           std::string_view content) = 0;
};

}  // namespace pennypost::relay
