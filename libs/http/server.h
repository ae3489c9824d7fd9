#pragma once
// HTTP/1.1 for the health ports and for web: Beast reads the requests, this gives them limits, time
// and drain.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/listener.h"

namespace pennypost::http {

struct Request {
  std::string method;  // upper case
  std::string path;    // percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  net::IpAddress peer;

  // First value, empty if there is none. Header names without regard to case.
  std::string Query(std::string_view name) const;
  std::string Header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Limits {
  size_t header_bytes = 16 << 10;
  size_t body_bytes = 1 << 20;
  absl::Duration idle = absl::Seconds(60);
  absl::Duration request = absl::Seconds(30);
};

using Handler = std::function<net::Awaitable<Response>(Request)>;

// Answers the requests of one connection until it ends, errs or the server drains.
net::Awaitable<void> Serve(std::shared_ptr<net::Stream> stream, net::Peer peer,
                           const net::DrainSignal& drain, Handler handler, Limits limits);

}  // namespace pennypost::http
