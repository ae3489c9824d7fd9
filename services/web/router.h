#pragma once
// Which page answers which request. Webmail, JMAP and the REST API get their place here.

#include "clients/clients.h"
#include "http/server.h"
#include "services/web/autoconfig.h"

namespace pennypost::web {

struct WebOptions {
  MailServers servers;
  std::string mta_sts_mode = "testing";
  unsigned mta_sts_max_age_seconds = 604800;
  // Who may see the status page: it shows addresses of other people.
  std::vector<net::Cidr> status_networks;
};

class Router {
 public:
  Router(WebOptions options, const clients::Clients& clients)
      : options_(std::move(options)), clients_(clients) {}

  net::Awaitable<http::Response> Answer(http::Request request) const;

 private:
  net::Awaitable<http::Response> Policy(http::Request request) const;
  net::Awaitable<http::Response> Status(http::Request request) const;
  // Whether a domain is ours; an error while directory is away.
  net::Awaitable<absl::StatusOr<bool>> IsOurs(std::string domain) const;

  const WebOptions options_;
  const clients::Clients& clients_;
};

}  // namespace pennypost::web
