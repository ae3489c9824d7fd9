#include "services/access/managesieve/policy.h"

#include "rpc/call.h"
#include "services/access/managesieve/managesieve_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

// A call whose answer says nothing but that it is done.
template <class Request, class Response>
net::Awaitable<managesieve::Outcome> Do(clients::Clients& clients,
                                        rpc::Method<pb::MailboxService, Request, Response> method,
                                        Request request) {
  auto response = co_await rpc::Call(*clients.mailbox, method, std::move(request), kTimeout);
  if (!response.ok()) co_return ManageSieveError(response.status());
  co_return managesieve::Accepted{};
}

net::Awaitable<managesieve::Outcome> List(clients::Clients& clients, int64_t account_id) {
  pb::ListScriptsRequest request;
  request.set_account_id(account_id);
  auto response =
      co_await rpc::Call(*clients.mailbox, &pb::MailboxService::ListScripts, request, kTimeout);
  if (!response.ok()) co_return ManageSieveError(response.status());
  managesieve::ScriptList list;
  for (const pb::Script& script : response->scripts())
    list.scripts.push_back({script.name(), script.active()});
  co_return list;
}

net::Awaitable<managesieve::Outcome> Get(clients::Clients& clients, int64_t account_id,
                                         std::string name) {
  pb::GetScriptRequest request;
  request.set_account_id(account_id);
  request.set_name(std::move(name));
  auto response =
      co_await rpc::Call(*clients.mailbox, &pb::MailboxService::GetScript, request, kTimeout);
  if (!response.ok()) co_return ManageSieveError(response.status());
  co_return managesieve::ScriptContent{std::move(*response->mutable_content())};
}

pb::CheckScriptRoomRequest ToProto(int64_t account_id, managesieve::HaveSpace asked) {
  pb::CheckScriptRoomRequest request;
  request.set_account_id(account_id);
  request.set_name(std::move(asked.name));
  request.set_size_bytes(asked.size);
  return request;
}

pb::PutScriptRequest ToProto(int64_t account_id, managesieve::PutScript asked) {
  pb::PutScriptRequest request;
  request.set_account_id(account_id);
  request.set_name(std::move(asked.name));
  request.set_content(std::move(asked.content));
  return request;
}

pb::SetActiveScriptRequest ToProto(int64_t account_id, managesieve::SetActive asked) {
  pb::SetActiveScriptRequest request;
  request.set_account_id(account_id);
  request.set_name(std::move(asked.name));
  return request;
}

pb::DeleteScriptRequest ToProto(int64_t account_id, managesieve::DeleteScript asked) {
  pb::DeleteScriptRequest request;
  request.set_account_id(account_id);
  request.set_name(std::move(asked.name));
  return request;
}

pb::RenameScriptRequest ToProto(int64_t account_id, managesieve::RenameScript asked) {
  pb::RenameScriptRequest request;
  request.set_account_id(account_id);
  request.set_from(std::move(asked.from));
  request.set_to(std::move(asked.to));
  return request;
}

}  // namespace

net::Awaitable<managesieve::Outcome> AnswerScripts(clients::Clients& clients, int64_t account_id,
                                                   managesieve::Request request) {
  using Service = pb::MailboxService;
  if (std::holds_alternative<managesieve::ListScripts>(request))
    co_return co_await List(clients, account_id);
  if (auto* get = std::get_if<managesieve::GetScript>(&request))
    co_return co_await Get(clients, account_id, std::move(get->name));
  if (auto* put = std::get_if<managesieve::PutScript>(&request)) {
    pb::PutScriptRequest call = ToProto(account_id, std::move(*put));
    co_return co_await Do(clients, &Service::PutScript, std::move(call));
  }
  if (auto* check = std::get_if<managesieve::CheckScript>(&request)) {
    pb::CheckScriptRequest call;
    call.set_content(std::move(check->content));
    co_return co_await Do(clients, &Service::CheckScript, std::move(call));
  }
  if (auto* space = std::get_if<managesieve::HaveSpace>(&request)) {
    pb::CheckScriptRoomRequest call = ToProto(account_id, std::move(*space));
    co_return co_await Do(clients, &Service::CheckScriptRoom, std::move(call));
  }
  if (auto* active = std::get_if<managesieve::SetActive>(&request)) {
    pb::SetActiveScriptRequest call = ToProto(account_id, std::move(*active));
    co_return co_await Do(clients, &Service::SetActiveScript, std::move(call));
  }
  if (auto* gone = std::get_if<managesieve::DeleteScript>(&request)) {
    pb::DeleteScriptRequest call = ToProto(account_id, std::move(*gone));
    co_return co_await Do(clients, &Service::DeleteScript, std::move(call));
  }
  pb::RenameScriptRequest call =
      ToProto(account_id, std::move(std::get<managesieve::RenameScript>(request)));
  co_return co_await Do(clients, &Service::RenameScript, std::move(call));
}

}  // namespace pennypost::access
