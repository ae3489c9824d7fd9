// The methods that take mail in, Deliver and Append: scripts, preparation, the queue of the
// writers.

#include <absl/time/clock.h>
#include <fmt/format.h>

#include "base/failpoint.h"
#include "base/mutant.h"
#include "rpc/timestamp.h"
#include "services/mailbox/core/flags.h"
#include "services/mailbox/core/names.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {
namespace {

constexpr size_t kPoolQueue = 2000;
// Large contents on their way to the object store, and those that wait: each may be as large as a
// message.
constexpr size_t kOutsideThreads = 8;
constexpr size_t kOutsideQueue = 32;
// Parsing and hashing more than this takes longer than an io thread may be held.
constexpr size_t kPrepareInline = 256 << 10;
// Scripts that change faster than this are not waited for: the sender tries again.
constexpr int kMaxScriptRuns = 5;

template <class Flags>
absl::StatusOr<std::string> Joined(const Flags& flags) {
  return JoinFlags({flags.begin(), flags.end()});
}

absl::StatusOr<Uuid> ParseId(const std::string& text) {
  auto id = Uuid::FromString(text);
  if (!id) return SyntaxError(fmt::format("'{}' is no message id", text));
  return *id;
}

// Recipients by account: several addresses of one account get one copy. `index` says where each
// recipient's answer is.
absl::StatusOr<std::unique_ptr<Delivery>> ToDelivery(const v1::DeliverRequest& request,
                                                     std::vector<size_t>* index) {
  auto delivery = std::make_unique<Delivery>();
  ASSIGN_OR_RETURN(delivery->mail_id, ParseId(request.mail_id()));
  if constexpr (kMutant == Mutant::kM4) delivery->mail_id = NewUuidV7(absl::Now());
  if (request.recipients().empty()) return SyntaxError("no recipients");
  delivery->sender = request.envelope().sender();
  delivery->internal_date = absl::Now();
  v1::DeliverRequest events;
  *events.mutable_events() = request.events();
  delivery->events = events.SerializeAsString();
  std::map<int64_t, size_t> by_account;
  for (const auto& recipient : request.recipients()) {
    if (recipient.account_id() <= 0) return SyntaxError("a recipient has no account");
    auto [it, is_new] = by_account.emplace(recipient.account_id(), delivery->recipients.size());
    index->push_back(it->second);
    if (!is_new) continue;
    Delivery::Recipient to;
    to.account_id = recipient.account_id();
    to.address = recipient.address();
    to.quota_bytes = recipient.quota_bytes();
    if (!recipient.folder().empty()) {
      // A folder that plus-addressing or a rule named badly is no reason to lose mail.
      to.mailbox = CanonicalName(recipient.folder()).value_or("INBOX");
    }
    ASSIGN_OR_RETURN(to.flags, Joined(recipient.flags()));
    delivery->recipients.push_back(std::move(to));
  }
  return delivery;
}

absl::Status Overloaded() {
  return MakeError(absl::StatusCode::kResourceExhausted, Reason::kOverloaded, "too busy");
}

}  // namespace

MailboxServiceImpl::MailboxServiceImpl(Store& store, const QueueOptions& queue, size_t threads,
                                       Scripting scripting)
    : store_(store),
      bodies_(queue.body_budget),
      feed_(store),
      scripts_(store, std::move(scripting.hostname), std::move(scripting.resolve)),
      outbox_(store, std::move(scripting.enqueue)),
      queue_(store, queue),
      outside_pool_(kOutsideThreads, kOutsideQueue),
      pool_(threads, kPoolQueue) {}

MailboxServiceImpl::~MailboxServiceImpl() {
  // The pool goes before the queue: what the queue ends after that finds no pool.
  std::lock_guard lock(stop_mutex_);
  stopping_ = true;
}

absl::Status MailboxServiceImpl::RoomFor(size_t bytes, BodyLease& lease) {
  // The little that is left on a full disk is for removals.
  RETURN_IF_ERROR(store_.Room());
  // Who calls holds the content already; waiting here would only keep a second copy of it.
  return lease.Extend(bytes) ? absl::OkStatus() : Overloaded();
}

void MailboxServiceImpl::Refuse(const Incoming& mail, const absl::Status& status) {
  rpc::Finish(mail.controller, mail.done, status);
}

void MailboxServiceImpl::Receive(IncomingPtr mail) {
  if (mail->request != nullptr && scripts_.Knows(mail->delivery.get()))
    return ReceiveOnPool(std::move(mail), ScriptRunner::Scripts::kAsKnown);
  if (mail->content.size() <= kPrepareInline) {
    mail->delivery->email = PrepareEmail(mail->content, mail->delivery->mail_id);
    return Enqueue(std::move(mail));
  }
  bool queued = pool_.Submit([this, mail] {
    mail->delivery->email = PrepareEmail(mail->content, mail->delivery->mail_id);
    Enqueue(mail);
  });
  if (!queued) Refuse(*mail, Overloaded());
}

void MailboxServiceImpl::ReceiveOnPool(IncomingPtr mail, ScriptRunner::Scripts scripts) {
  ++mail->script_runs;
  auto work = [this, mail, scripts] {
    absl::Status status = scripts_.Run(*mail->request, scripts, mail->delivery.get());
    if (!status.ok()) return Refuse(*mail, status);
    if (mail->delivery->email.sha256.empty())
      mail->delivery->email = PrepareEmail(mail->content, mail->delivery->mail_id);
    Enqueue(mail);
  };
  bool queued = false;
  {
    std::lock_guard lock(stop_mutex_);
    queued = !stopping_ && pool_.Submit(std::move(work));
  }
  if (!queued) Refuse(*mail, Overloaded());
}

void MailboxServiceImpl::Enqueue(IncomingPtr mail) {
  if (!store_.KeepsOutside(*mail->delivery)) return EnqueueNow(std::move(mail));
  // On threads of its own: small mail does not wait while the object store is slow or away.
  bool queued = outside_pool_.Submit([this, mail] {
    absl::Status stored = store_.PutOutside(mail->delivery.get());
    if (!stored.ok()) return Refuse(*mail, stored);
    EnqueueNow(mail);
  });
  if (!queued) Refuse(*mail, Overloaded());
}

void MailboxServiceImpl::EnqueueNow(IncomingPtr mail) {
  auto finish = [this, mail](std::unique_ptr<Delivery> stored) { Finish(mail, std::move(stored)); };
  absl::Status added = queue_.Add(std::move(mail->delivery), std::move(finish));
  if (!added.ok()) Refuse(*mail, added);
}

void MailboxServiceImpl::Finish(const IncomingPtr& mail, std::unique_ptr<Delivery> stored) {
  if (stored->stale && mail->request != nullptr && mail->script_runs < kMaxScriptRuns) {
    stored->stale = false;
    stored->results.clear();
    mail->delivery = std::move(stored);
    return ReceiveOnPool(mail, ScriptRunner::Scripts::kFromStore);
  }
  if (stored->status.ok()) mail->fill(*stored);
  std::vector<int64_t> accounts;
  bool outgoing = false;
  for (const auto& recipient : stored->recipients) {
    accounts.push_back(recipient.account_id);
    outgoing = outgoing || (recipient.script && !recipient.script->outgoing.empty());
  }
  absl::Status status = stored->status;
  status.Update(Failpoint("mailbox.before_reply"));
  // The request ends here, whose content the delivery borrows.
  stored.reset();
  rpc::Finish(mail->controller, mail->done, status);
  for (int64_t account : accounts) Changed(account);
  if (outgoing) outbox_.Wake();
}

void MailboxServiceImpl::Deliver(Controller* controller, const v1::DeliverRequest* request,
                                 v1::DeliverResponse* response, Done* done) {
  std::vector<size_t> index;
  auto delivery = ToDelivery(*request, &index);
  auto mail = std::make_shared<Incoming>(bodies_);
  absl::Status status =
      delivery.ok() ? RoomFor(request->content().size(), mail->lease) : delivery.status();
  if (!status.ok()) return rpc::Finish(controller, done, status);
  auto fill = [response, index = std::move(index)](const Delivery& stored) {
    for (size_t at : index) {
      auto* result = response->add_results();
      result->set_mailbox_id(stored.results[at].mailbox_id);
      result->set_uid(stored.results[at].uid);
      result->set_duplicate(stored.results[at].duplicate);
    }
  };
  mail->delivery = *std::move(delivery);
  mail->content = request->content();
  mail->request = request;
  mail->controller = controller;
  mail->done = done;
  mail->fill = std::move(fill);
  Receive(std::move(mail));
}

void MailboxServiceImpl::Append(Controller* controller, const v1::AppendRequest* request,
                                v1::AppendResponse* response, Done* done) {
  if (Permission::IsOwn(*request))
    return AppendWith(mail::Rights::All(), controller, request, response, done);
  auto rights = [this, request]() -> absl::StatusOr<mail::Rights> {
    ASSIGN_OR_RETURN(std::string name, CanonicalName(request->mailbox()));
    return permission_.Demand(*request, name, "i");
  };
  bool queued = pool_.Submit([=, this] {
    auto found = rights();
    if (!found.ok()) return rpc::Finish(controller, done, found.status());
    AppendWith(*found, controller, request, response, done);
  });
  if (!queued) rpc::Finish(controller, done, Overloaded());
}

void MailboxServiceImpl::AppendWith(mail::Rights rights, Controller* controller,
                                    const v1::AppendRequest* request, v1::AppendResponse* response,
                                    Done* done) {
  auto name = CanonicalName(request->mailbox());
  auto flags = Joined(request->flags());
  auto id = ParseId(request->request_id());
  absl::Status status = !name.ok() ? name.status() : !flags.ok() ? flags.status() : id.status();
  auto mail = std::make_shared<Incoming>(bodies_);
  if (status.ok()) status = RoomFor(request->content().size(), mail->lease);
  if (!status.ok()) return rpc::Finish(controller, done, status);
  auto delivery = std::make_unique<Delivery>();
  delivery->mail_id = *id;
  delivery->internal_date =
      request->has_internal_date() ? rpc::TimeOf(request->internal_date()) : absl::Now();
  delivery->mailbox_must_exist = true;
  delivery->runs_scripts = false;
  delivery->recipients.push_back({request->account_id(), "", *name,
                                  ChangeWithRights("", *flags, rights), request->quota_bytes(),
                                  std::nullopt});
  auto fill = [this, request, response, mailbox = *name](const Delivery& stored) {
    const Delivery::Result& result = stored.results[0];
    response->set_uid(result.uid);
    response->set_mailbox_id(result.mailbox_id);
    response->set_uid_validity(result.uid_validity);
    if (result.uid_validity != 0) return;
    // A repeat: the delivery's record does not hold UIDVALIDITY.
    v1::Mailbox found;
    if (store_.FindMailbox(request->account_id(), mailbox, &found).ok())
      response->set_uid_validity(found.uid_validity());
  };
  mail->delivery = std::move(delivery);
  mail->content = request->content();
  mail->controller = controller;
  mail->done = done;
  mail->fill = std::move(fill);
  Receive(std::move(mail));
}

}  // namespace pennypost::mailbox
