// SELECT and EXAMINE (RFC 9051 6.3.2, RFC 7162 3.1.2, 3.2.5).

#include <fmt/format.h>

#include <algorithm>

#include "base/status.h"
#include "imap/number_set.h"
#include "log/log.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// A mailbox as it was opened, and what the user may do to it.
struct Opened {
  imap::MailboxView view;
  mail::Rights rights;
};

// Those that the user can change (RFC 4314 5.1.1).
std::vector<std::string> PermanentFlags(const std::vector<std::string>& flags,
                                        mail::Rights rights) {
  std::vector<std::string> permanent;
  for (const std::string& flag : flags) {
    if (rights.Has(flag == "\\Seen" ? 's' : flag == "\\Deleted" ? 't' : 'w'))
      permanent.push_back(flag);
  }
  if (rights.Has('w')) permanent.push_back("\\*");
  return permanent;
}

// `name` as the client said it.
void WriteOpening(const ImapContext& context, const std::string& name,
                  const imap::MailboxView& view, mail::Rights rights, std::string& out) {
  std::vector<std::string> flags = {"\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"};
  for (std::string& keyword : view.KeywordsInUse()) flags.push_back(std::move(keyword));
  out += "* FLAGS ";
  imap::WriteFlags(flags, out);
  out += "\r\n* OK [PERMANENTFLAGS ";
  imap::WriteFlags(PermanentFlags(flags, rights), out);
  out += fmt::format("] Flags\r\n* {} EXISTS\r\n", view.size());
  if (context.names() == imap::NameForm::kUtf8) {
    // RFC 9051 6.3.2: the canonical name.
    bool own = view.info().account_id == context.account.id;
    imap::WriteList({own ? view.info().name : name, {}, false, false}, imap::NameForm::kUtf8, out);
  } else {
    out += "* 0 RECENT\r\n";
    // A sequence number, which RFC 9586 3 ends.
    uint32_t unseen = context.session.features().uidonly ? 0 : view.FirstUnseen();
    if (unseen != 0) out += fmt::format("* OK [UNSEEN {}] First unseen\r\n", unseen);
  }
  const imap::MailboxView::Info& info = view.info();
  out += fmt::format("* OK [UIDVALIDITY {}] UIDs valid\r\n* OK [UIDNEXT {}] Next UID\r\n",
                     info.uid_validity, info.uid_next);
  out += fmt::format("* OK [HIGHESTMODSEQ {}] Highest\r\n", info.highest_modseq);
  out += fmt::format("* OK [MAILBOXID ({})] Id\r\n",
                     MailboxObjectId(info.account_id, info.mailbox_id));
}

// RFC 7162 3.2.5.1: what changed and vanished since the client was here.
net::Awaitable<absl::Status> WriteMissed(ImapContext& context, const imap::Resync& resync,
                                         const imap::MailboxView& view, std::string& out) {
  auto request = ForAccount<pb::GetChangesRequest>(context, view.info().account_id);
  request.set_mailbox_id(view.info().mailbox_id);
  request.set_since_modseq(resync.modseq);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::GetChanges, request, kOpenTimeout);
  if (!response.ok()) co_return response.status();
  imap::NumberSet known = resync.known_uids.value_or(imap::NumberSet{{{1, UINT32_MAX}}, false});
  imap::NumberSetIndex wanted(known, UINT32_MAX);
  std::vector<uint32_t> uids;
  for (size_t i = 0; i < view.size(); ++i) uids.push_back(view.uid_at(i));
  uint32_t agreed = imap::AgreedUid(resync, uids);
  WriteMissedExpunges(*response, wanted, agreed, view, out);
  for (size_t i = 0; i < view.size(); ++i) {
    imap::MessageState message = view.At(i);
    if (message.modseq <= resync.modseq || !wanted.Contains(message.uid)) continue;
    imap::BeginFetchWithUid(i, message.uid, context.session.features().numbers(), out);
    out += "FLAGS ";
    imap::WriteFlags(message.flags, out);
    out += fmt::format(" MODSEQ ({}))\r\n", message.modseq);
  }
  co_return absl::OkStatus();
}

// A view from the cache, up to the store again; nullopt if its mailbox is not the one of that name
// any more.
net::Awaitable<absl::StatusOr<std::optional<Opened>>> Renew(ImapContext& context,
                                                            imap::MailboxView view) {
  auto request = ForAccount<pb::GetChangesRequest>(context, view.info().account_id);
  request.set_mailbox_id(view.info().mailbox_id);
  request.set_since_modseq(view.info().highest_modseq);
  auto response =
      co_await rpc::Call(context.mailbox(), &pb::MailboxService::GetChanges, request, kOpenTimeout);
  if (response.status().code() == absl::StatusCode::kNotFound) co_return std::nullopt;
  if (!response.ok()) co_return response.status();
  if (response->mailbox().name() != view.info().name) co_return std::nullopt;
  ApplyChanges(*response, view);
  view.Settle();
  co_return Opened{std::move(view), RightsTo(response->mailbox())};
}

absl::Status NoRoom() {
  log::Warning("imap.open_mailboxes.no_room", {{"bytes", imap::MailboxView::BytesOfAll()}});
  return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded, "no room");
}

net::Awaitable<absl::StatusOr<Opened>> Open(ImapContext& context, const Place& place) {
  if (auto kept = context.views.Find(place.owner.id, place.mailbox)) {
    uint64_t known = kept->info().highest_modseq;
    auto renewed = co_await Renew(context, *std::move(kept));
    if (!renewed.ok()) co_return renewed.status();
    if (*renewed) {
      bool moved = (*renewed)->view.info().highest_modseq != known;
      if (moved) context.views.Put(place.owner.id, place.mailbox, (*renewed)->view);
      co_return **std::move(renewed);
    }
  }
  if (!context.views.HasRoom()) co_return NoRoom();
  auto request = ForAccount<pb::OpenMailboxRequest>(context, place.owner.id);
  request.set_name(place.mailbox);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::OpenMailbox, request,
                                     kOpenTimeout);
  if (!response.ok()) co_return response.status();
  const pb::Mailbox& mailbox = response->mailbox();
  imap::MailboxView view({place.owner.id, mailbox.id(), mailbox.name(), mailbox.uid_validity(),
                          mailbox.uid_next(), mailbox.highest_modseq()});
  LoadIndex(response->index(), view);
  if (!context.views.HasRoom()) co_return NoRoom();
  context.views.Put(place.owner.id, place.mailbox, view);
  co_return Opened{std::move(view), RightsTo(mailbox)};
}

// RFC 4314 5.2: who can change nothing that a client would change has it read-only.
bool MayWrite(mail::Rights rights) {
  constexpr std::string_view kOfMessages = "swite";
  return std::any_of(kOfMessages.begin(), kOfMessages.end(),
                     [rights](char letter) { return rights.Has(letter); });
}

}  // namespace

net::Awaitable<Done> HandleSelect(ImapContext& context, const imap::Select& select) {
  auto place = co_await Locate(context, select.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto opened = co_await Open(context, *place);
  if (!opened.ok()) co_return ImapRefusal(opened.status());
  const imap::MailboxView& view = opened->view;
  if (select.condstore) context.session.EnableCondstore();
  bool read_only = select.read_only || !MayWrite(opened->rights);
  Done done;
  WriteOpening(context, select.mailbox, view, read_only ? mail::Rights() : opened->rights,
               done.untagged);
  if (select.resync && select.resync->uid_validity == view.info().uid_validity) {
    absl::Status missed = co_await WriteMissed(context, *select.resync, view, done.untagged);
    if (!missed.ok()) co_return ImapRefusal(missed);
  }
  done.result = imap::Ok("Selected", read_only ? "READ-ONLY" : "READ-WRITE");
  done.selection = imap::Selection{std::move(opened->view), read_only};
  co_return done;
}

}  // namespace pennypost::access
