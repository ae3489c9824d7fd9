#include "services/web/router.h"

#include "base/text.h"
#include "mail/address.h"
#include "rpc/call.h"
#include "services/web/status.h"
#include "web_pages.h"

namespace pennypost::web {
namespace {

http::Response Plain(int status, std::string text) {
  return {.status = status, .body = std::move(text), .headers = {}};
}

http::Response Xml(std::string body) {
  return {.content_type = "text/xml; charset=utf-8", .body = std::move(body), .headers = {}};
}

http::Response Page(std::string_view content, std::string type) {
  http::Response response{
      .content_type = std::move(type), .body = std::string(content), .headers = {}};
  response.headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                       "'self'; base-uri 'none'; "
                       "frame-ancestors 'none'; form-action 'none'"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"}};
  return response;
}

// The host that was asked for, without its port.
std::string HostOf(const http::Request& request) {
  std::string host = ToLower(request.Header("Host"));
  return host.substr(0, host.rfind(':'));
}

// "autoconfig.example.test" -> "example.test".
std::string DomainBehind(const std::string& host, std::string_view prefix) {
  return host.starts_with(prefix) ? host.substr(prefix.size()) : host;
}

std::string DomainOfAddress(const std::string& text) {
  auto address = mail::ParseAddress(text, mail::Utf8Policy::kAllow);
  return address.ok() ? address->domain : "";
}

}  // namespace

net::Awaitable<absl::StatusOr<bool>> Router::IsOurs(std::string domain) const {
  if (!mail::NormalizeDomain(domain).ok()) co_return false;
  if (clients_.directory == nullptr) co_return UnavailableError("no directory");
  directory::v1::ListDomainsRequest request;
  request.set_name(domain);
  auto call = rpc::Call(*clients_.directory, &directory::v1::DirectoryService::ListDomains, request,
                        absl::Seconds(5));
  absl::StatusOr<directory::v1::ListDomainsResponse> found = co_await std::move(call);
  if (found.ok()) co_return true;
  if (found.status().code() == absl::StatusCode::kNotFound) co_return false;
  co_return found.status();
}

net::Awaitable<http::Response> Router::Policy(http::Request request) const {
  std::string domain = DomainBehind(HostOf(request), "mta-sts.");
  absl::StatusOr<bool> ours = co_await IsOurs(domain);
  if (!ours.ok()) co_return Plain(503, "try again later\n");
  if (!*ours || options_.mta_sts_mode == "none")
    co_return Plain(404, "no policy for this domain\n");
  co_return Plain(200, MtaStsPolicy(options_.mta_sts_mode, options_.servers.host,
                                    options_.mta_sts_max_age_seconds));
}

net::Awaitable<http::Response> Router::Status(http::Request request) const {
  if (!net::ContainsAny(options_.status_networks, request.peer)) {
    co_return Plain(403, "this page is for the networks in web.status_networks\n");
  }
  if (request.path == "/" || request.path == "/status")
    co_return Page(pages::kStatusHtml, "text/html; charset=utf-8");
  if (request.path == "/status.css") co_return Page(pages::kStatusCss, "text/css; charset=utf-8");
  if (request.path == "/status.js")
    co_return Page(pages::kStatusJs, "text/javascript; charset=utf-8");
  std::string json = co_await CollectStatus(clients_);
  http::Response response = Page(json, "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

net::Awaitable<http::Response> Router::Answer(http::Request request) const {
  std::string path = request.path;
  bool post = request.method == "POST";
  if (request.method != "GET" && request.method != "HEAD" && !post)
    co_return Plain(405, "method not allowed\n");
  if (path == "/healthz") co_return Plain(200, "ok\n");

  std::string domain;
  if (path == "/mail/config-v1.1.xml") domain = DomainBehind(HostOf(request), "autoconfig.");
  if (path == "/.well-known/autoconfig/mail/config-v1.1.xml") domain = HostOf(request);
  std::string address = request.Query("emailaddress");
  if (!domain.empty() && !address.empty()) domain = DomainOfAddress(address);
  bool outlook = EqualsIgnoreCase(path, "/autodiscover/autodiscover.xml");
  if (outlook) address = AddressInAutodiscover(request.body);
  bool apple = path == "/.well-known/apple/mail.mobileconfig" || path == "/apple.mobileconfig";
  if (apple) address = request.Query("email");
  if (outlook || apple) domain = DomainOfAddress(address);

  if (!domain.empty()) {
    absl::StatusOr<bool> ours = co_await IsOurs(domain);
    if (!ours.ok()) co_return Plain(503, "try again later\n");
    if (!*ours) co_return Plain(404, "not a domain of ours\n");
    if (outlook) co_return Xml(OutlookConfig(address, options_.servers));
    if (!apple) co_return Xml(ThunderbirdConfig(domain, options_.servers));
    http::Response profile{
        .content_type = "application/x-apple-aspen-config",
        .body = AppleProfile(address, options_.servers),
        .headers = {{"Content-Disposition", "attachment; filename=\"mail.mobileconfig\""}}};
    co_return profile;
  }
  if (outlook || apple) co_return Plain(400, "no mail address in the request\n");
  if (post) co_return Plain(405, "method not allowed\n");
  if (path == "/.well-known/mta-sts.txt") co_return co_await Policy(std::move(request));
  bool status = path == "/" || path == "/status" || path == "/status.json" ||
                path == "/status.css" || path == "/status.js";
  if (status) co_return co_await Status(std::move(request));
  co_return Plain(404, "no such page\n");
}

}  // namespace pennypost::web
