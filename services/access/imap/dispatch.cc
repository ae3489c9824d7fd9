#include "services/access/imap/handlers.h"
#include "services/access/imap/notifier.h"

namespace pennypost::access {

net::Awaitable<Done> HandleCommand(ImapContext& context, const imap::RunCommand& command) {
  const imap::CommandBody& body = command.body;
  // An if a command: a visitor would be a coroutine lambda with captures, which g++ 12 gets wrong.
  if (auto* select = std::get_if<imap::Select>(&body))
    co_return co_await HandleSelect(context, *select);
  if (auto* create = std::get_if<imap::Create>(&body))
    co_return co_await HandleCreate(context, *create);
  if (auto* remove = std::get_if<imap::Delete>(&body))
    co_return co_await HandleDelete(context, *remove);
  if (auto* rename = std::get_if<imap::Rename>(&body))
    co_return co_await HandleRename(context, *rename);
  if (auto* subscribe = std::get_if<imap::Subscribe>(&body))
    co_return co_await HandleSubscribe(context, *subscribe);
  if (auto* list = std::get_if<imap::List>(&body)) co_return co_await HandleList(context, *list);
  if (auto* status = std::get_if<imap::Status>(&body))
    co_return co_await HandleStatus(context, *status);
  if (auto* append = std::get_if<imap::Append>(&body))
    co_return co_await HandleAppend(context, *append);
  if (auto* replace = std::get_if<imap::Replace>(&body))
    co_return co_await HandleReplace(context, *replace);
  if (auto* quota = std::get_if<imap::GetQuota>(&body))
    co_return co_await HandleGetQuota(context, *quota);
  if (auto* root = std::get_if<imap::GetQuotaRoot>(&body))
    co_return co_await HandleGetQuotaRoot(context, *root);
  if (auto* get = std::get_if<imap::GetMetadata>(&body))
    co_return co_await HandleGetMetadata(context, *get);
  if (auto* set = std::get_if<imap::SetMetadata>(&body))
    co_return co_await HandleSetMetadata(context, *set);
  if (auto* set = std::get_if<imap::SetAcl>(&body)) co_return co_await HandleSetAcl(context, *set);
  if (auto* remove = std::get_if<imap::DeleteAcl>(&body))
    co_return co_await HandleDeleteAcl(context, *remove);
  if (auto* get = std::get_if<imap::GetAcl>(&body)) co_return co_await HandleGetAcl(context, *get);
  if (auto* list = std::get_if<imap::ListRights>(&body))
    co_return co_await HandleListRights(context, *list);
  if (auto* mine = std::get_if<imap::MyRights>(&body))
    co_return co_await HandleMyRights(context, *mine);
  if (auto* notify = std::get_if<imap::Notify>(&body))
    co_return co_await context.notifier->Set(context, *notify);
  if (std::holds_alternative<imap::Close>(body)) co_return co_await HandleClose(context);
  if (auto* expunge = std::get_if<imap::Expunge>(&body))
    co_return co_await HandleExpunge(context, *expunge);
  if (auto* search = std::get_if<imap::Search>(&body))
    co_return co_await HandleSearch(context, *search, command.tag);
  if (auto* sort = std::get_if<imap::Sort>(&body))
    co_return co_await HandleSort(context, *sort, command.tag);
  if (auto* thread = std::get_if<imap::Thread>(&body))
    co_return co_await HandleThread(context, *thread);
  if (auto* fetch = std::get_if<imap::Fetch>(&body))
    co_return co_await HandleFetch(context, *fetch);
  if (auto* store = std::get_if<imap::Store>(&body))
    co_return co_await HandleStore(context, *store);
  if (auto* copy = std::get_if<imap::Copy>(&body)) co_return co_await HandleCopy(context, *copy);
  // NOOP and CHECK
  co_return co_await HandleNoop(context);
}

}  // namespace pennypost::access
