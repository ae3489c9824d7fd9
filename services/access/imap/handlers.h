#pragma once
// One function a command, in handlers/<command>.cc. Each goes: resolve names, check rights, call,
// apply changes to the view, answer. They never throw and never touch a socket.

#include "imap/number_set.h"
#include "services/access/imap/context.h"

namespace pennypost::access {

using imap::Done;

// Runs the command of a request. What `command` holds must outlive the call.
net::Awaitable<Done> HandleCommand(ImapContext& context, const imap::RunCommand& command);

net::Awaitable<Done> HandleNoop(ImapContext& context);
net::Awaitable<Done> HandleSelect(ImapContext& context, const imap::Select& select);
net::Awaitable<Done> HandleCreate(ImapContext& context, const imap::Create& create);
net::Awaitable<Done> HandleDelete(ImapContext& context, const imap::Delete& remove);
net::Awaitable<Done> HandleRename(ImapContext& context, const imap::Rename& rename);
net::Awaitable<Done> HandleSubscribe(ImapContext& context, const imap::Subscribe& subscribe);
net::Awaitable<Done> HandleList(ImapContext& context, const imap::List& list);
net::Awaitable<Done> HandleStatus(ImapContext& context, const imap::Status& status);
net::Awaitable<Done> HandleAppend(ImapContext& context, const imap::Append& append);
net::Awaitable<Done> HandleReplace(ImapContext& context, const imap::Replace& replace);
net::Awaitable<Done> HandleGetQuota(ImapContext& context, const imap::GetQuota& quota);
net::Awaitable<Done> HandleGetQuotaRoot(ImapContext& context, const imap::GetQuotaRoot& quota);
net::Awaitable<Done> HandleGetMetadata(ImapContext& context, const imap::GetMetadata& get);
net::Awaitable<Done> HandleSetMetadata(ImapContext& context, const imap::SetMetadata& set);
net::Awaitable<Done> HandleSetAcl(ImapContext& context, const imap::SetAcl& set);
net::Awaitable<Done> HandleDeleteAcl(ImapContext& context, const imap::DeleteAcl& remove);
net::Awaitable<Done> HandleGetAcl(ImapContext& context, const imap::GetAcl& get);
net::Awaitable<Done> HandleListRights(ImapContext& context, const imap::ListRights& list);
net::Awaitable<Done> HandleMyRights(ImapContext& context, const imap::MyRights& mine);
net::Awaitable<Done> HandleClose(ImapContext& context);
net::Awaitable<Done> HandleExpunge(ImapContext& context, const imap::Expunge& expunge);
net::Awaitable<Done> HandleSearch(ImapContext& context, const imap::Search& search,
                                  const std::string& tag);
net::Awaitable<Done> HandleSort(ImapContext& context, const imap::Sort& sort,
                                const std::string& tag);
net::Awaitable<Done> HandleThread(ImapContext& context, const imap::Thread& thread);
net::Awaitable<Done> HandleFetch(ImapContext& context, const imap::Fetch& fetch);
net::Awaitable<Done> HandleStore(ImapContext& context, const imap::Store& store);
net::Awaitable<Done> HandleCopy(ImapContext& context, const imap::Copy& copy);

// Where the mailbox of that name is. NotFound below "Other Users" where there is no such user of
// the same tenant; whether there is such a mailbox, and for whom, the store says.
net::Awaitable<absl::StatusOr<Place>> Locate(ImapContext& context, const std::string& name);
// Users of the same tenant who may log in, by id or address; others are left out.
net::Awaitable<absl::StatusOr<std::vector<Account>>> FindUsers(
    ImapContext& context, directory::v1::DescribeAccountsRequest request);
// The mailbox with the rights of the user to it. NotFound where there are none to speak of.
net::Awaitable<absl::StatusOr<mailbox::v1::Mailbox>> Look(ImapContext& context, const Place& place);
// Those to a mailbox that the store described.
mail::Rights RightsTo(const mailbox::v1::Mailbox& mailbox);

// What an APPEND stored. ResourceExhausted and so on as the store says.
struct Appended {
  uint32_t uid_validity = 0;
  int64_t mailbox_id = 0;
  std::vector<uint32_t> uids;
};
// RFC 9738: more messages than one COPY or APPEND takes.
imap::Result TooManyMessages(const ImapContext& context);
// RFC 4469: whether there is something to put together, and doing it; `whole` has its own text
// then.
bool IsCatenated(const imap::Append& append);
net::Awaitable<std::optional<imap::Result>> Catenate(ImapContext& context,
                                                     const imap::Append& append,
                                                     imap::Append& whole);
// A refusal where the messages themselves cannot be taken.
std::optional<imap::Result> RefuseMessages(const imap::Append& append);
// Stores them all or none; an unknown outcome is tried once more with the same ids. `quota_bytes`
// is what the account may hold.
net::Awaitable<absl::StatusOr<Appended>> StoreMessages(ImapContext& context, const Place& place,
                                                       const imap::Append& append,
                                                       int64_t quota_bytes);

// Sends what a client asked to get of messages as they come (RFC 5465 5.2, 7): of those above this
// UID that it was told of, but for its own. False once it is gone.
net::Awaitable<bool> SendNewMessages(ImapContext& context, uint32_t above,
                                     const std::vector<uint32_t>& own);

// Brings the view up to the store. Nothing is written to the client: the session reports at its
// next chance.
net::Awaitable<absl::Status> SyncView(ImapContext& context);

// RFC 7162 3.2.7: after messages were removed, a client with QRESYNC hears of the HIGHESTMODSEQ in
// the tagged answer. The view is brought up to it first: what others did before must not be lost.
net::Awaitable<void> TellHighestModSeq(ImapContext& context, imap::Result& result);

// The whole mailbox into a view just made.
void LoadIndex(const mailbox::v1::MessageIndex& index, imap::MailboxView& view);
void ApplyChanges(const mailbox::v1::GetChangesResponse& changes, imap::MailboxView& view);
// VANISHED (EARLIER) for what is wanted, above a UID. One that went after the mailbox was opened is
// in the view, and told by the next command.
void WriteMissedExpunges(const mailbox::v1::GetChangesResponse& changes,
                         const imap::NumberSetIndex& wanted, uint32_t above,
                         const imap::MailboxView& view, std::string& out);
// Messages of an index of changes as the view wants them.
std::vector<imap::MessageState> FromIndex(const mailbox::v1::MessageIndex& index);

// The values of STATUS items.
std::vector<imap::StatusValue> StatusValues(const ImapContext& context, int64_t account_id,
                                            const mailbox::v1::Mailbox& mailbox,
                                            const std::vector<imap::StatusItem>& items);

// MAILBOXID (RFC 8474 4): one for all accounts, since each has a mailbox of number 1.
std::string MailboxObjectId(int64_t account_id, int64_t mailbox_id);

}  // namespace pennypost::access
