#pragma once
// Greylisting (RFC 6647): mail of a sender not seen before waits for a second try, which programs
// that send once never make.
//
// A triplet is the network of the client (/24, /56), the sender and the recipient. Redis keeps it;
// without Redis nobody is made to wait. A network whose mail came back often enough is not asked
// again.

#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "net/address.h"
#include "net/awaitable.h"

namespace pennypost::redis {
class Client;
}

namespace pennypost::filter {

struct GreylistOptions {
  absl::Duration delay = absl::Minutes(5);     // before a second try counts
  absl::Duration retry = absl::Hours(24);      // within which it must come
  absl::Duration keep = absl::Hours(24 * 35);  // how long a triplet or network stays known
  uint32_t allow_after = 5;  // triplets that came back, after which the network is known; 0: never
};

class Greylist {
 public:
  // Both outlive it.
  Greylist(redis::Client& redis, const Clock& clock, GreylistOptions options)
      : redis_(redis), clock_(clock), options_(options) {}

  // How long the peer has to wait; zero to let it in. The triplet is remembered.
  net::Awaitable<absl::Duration> WaitFor(net::IpAddress peer, std::string sender,
                                         std::string recipient);

 private:
  net::Awaitable<void> Remember(std::string key, std::string network);

  redis::Client& redis_;
  const Clock& clock_;
  const GreylistOptions options_;
};

}  // namespace pennypost::filter
