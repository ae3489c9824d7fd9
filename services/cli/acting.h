#pragma once
// Calls to the directory in the name of --as, and lists of any length.

#include <fmt/format.h>

#include <optional>

#include "services/cli/context.h"

namespace pennypost::cli {

template <class Request, class Response>
using DirectoryMethod = rpc::Method<directory::v1::DirectoryService, Request, Response>;

template <class Request, class Response>
absl::StatusOr<Response> AskAs(Context& context, DirectoryMethod<Request, Response> method,
                               Request request) {
  request.set_actor(context.actor);
  return Ask(context.clients.directory, method, std::move(request));
}

// Connects and finds the account of an address; nothing with the complaint made.
inline std::optional<directory::v1::Account> FindAccount(Context& context,
                                                         const std::string& address,
                                                         Acting acting = Acting::kPlatformOnly) {
  if (!context.Connect(acting)) return std::nullopt;
  directory::v1::GetAccountRequest get;
  get.set_address(address);
  auto found = AskAs(context, &directory::v1::DirectoryService::GetAccount, get);
  if (found.ok()) return std::move(*found->mutable_account());
  context.Fail(found.status());
  return std::nullopt;
}

// All pages as one answer.
template <class Request, class Response>
absl::StatusOr<Response> AskForAll(Context& context, DirectoryMethod<Request, Response> method,
                                   Request request) {
  Response all;
  do {
    auto page = AskAs(context, method, request);
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);
  } while (!request.page_token().empty());
  return all;
}

// "5 MiB"; `none` for 0.
inline std::string FormatMib(int64_t bytes, const char* none) {
  return bytes == 0 ? none : fmt::format("{} MiB", bytes >> 20);
}

// MiB that fit in bytes.
inline constexpr int64_t kMaxMib = int64_t{1} << 40;

}  // namespace pennypost::cli
