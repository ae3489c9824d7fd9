#include "services/relay/store/pg_store.h"

#include <absl/time/clock.h>

#include <set>

#include "base/failpoint.h"
#include "relay_sql.h"
#include "services/relay/store/change_rules.h"

namespace pennypost::relay {
namespace {

int64_t NotifyBits(const Notify& notify) {
  return (notify.never ? 1 : 0) | (notify.success ? 2 : 0) | (notify.failure ? 4 : 0) |
         (notify.delay ? 8 : 0);
}

void AddEvents(const std::vector<Event>& events, pg::Params& params) {
  std::vector<Uuid> ids;
  std::vector<absl::Time> times;
  std::vector<std::string> services, kinds, senders, recipients, details;
  for (const Event& event : events) {
    ids.push_back(event.mail_id);
    times.push_back(event.time);
    services.push_back(event.service);
    kinds.push_back(event.kind);
    senders.push_back(event.sender);
    recipients.push_back(event.recipient);
    details.push_back(event.detail);
  }
  params.Ids(ids)
      .Times(times)
      .Texts(services)
      .Texts(kinds)
      .Texts(senders)
      .Texts(recipients)
      .Texts(details);
}

absl::Status InsertEvents(pg::Connection& connection, const std::vector<Event>& events) {
  if (events.empty()) return absl::OkStatus();
  pg::Params params;
  AddEvents(events, params);
  return connection.Run(sql::kInsertEvents, params).status();
}

void AddRecipients(const std::vector<Recipient>& all, pg::Params& params) {
  std::vector<std::string> addresses, domains, folders, originals, routes;
  std::vector<int64_t> accounts, quotas, notifies;
  for (const Recipient& recipient : all) {
    addresses.push_back(recipient.address);
    domains.push_back(DomainOf(recipient.address));
    accounts.push_back(recipient.account_id);
    folders.push_back(recipient.folder);
    quotas.push_back(recipient.quota_bytes);
    notifies.push_back(NotifyBits(recipient.notify));
    originals.push_back(recipient.original);
    routes.push_back(RouteOf(recipient));
  }
  params.Texts(addresses).Texts(domains).Ints(accounts).Texts(folders).Ints(quotas).Ints(notifies);
  params.Texts(originals).Texts(routes);
}

// All of a message in one statement, so in one round trip. False where the mail_id is known.
absl::StatusOr<bool> Insert(pg::Connection& connection, const NewMessage& message) {
  const Message& m = message.message;
  pg::Params params;
  params.Id(m.mail_id)
      .Text(m.sender)
      .Bool(m.return_headers_only)
      .Text(m.envelope_id)
      .Bool(m.smtputf8);
  params.Bool(m.body_8bit).Text(m.auth_user).Bool(m.own_report).Time(m.queued_at);
  params.Int(static_cast<int64_t>(m.content.size())).Bytes(m.content);
  AddRecipients(message.recipients, params);
  State state = message.hold_reason.empty() ? State::kQueued : State::kHeld;
  params.Text(StateName(state)).Text(message.hold_reason);
  AddEvents(message.events, params);
  ASSIGN_OR_RETURN(pg::Result inserted, connection.Run(sql::kEnqueue, params));
  return inserted.Int(0, 0) == 1;
}

Lease ToLease(const pg::Result& r, int row) {
  return {r.Id(row, 0), static_cast<int>(r.Int(row, 1)), r.Int(row, 2)};
}

Delivery ToDelivery(const pg::Result& r, int row) {
  Delivery delivery;
  delivery.lease = ToLease(r, row);
  delivery.recipient.address = r.Text(row, 3);
  delivery.recipient.account_id = r.Int(row, 4);
  delivery.recipient.folder = r.Text(row, 5);
  delivery.recipient.quota_bytes = r.Int(row, 6);
  delivery.recipient.notify = {r.Bool(row, 7), r.Bool(row, 8), r.Bool(row, 9), r.Bool(row, 10)};
  delivery.recipient.original = r.Text(row, 11);
  delivery.route = r.Text(row, 12);
  delivery.attempts = static_cast<int>(r.Int(row, 13));
  delivery.delay_reported = r.Bool(row, 14);
  return delivery;
}

Event ToEvent(const pg::Result& r, int row) {
  return {r.Id(row, 0),   r.Time(row, 1), r.Text(row, 2), r.Text(row, 3),
          r.Text(row, 4), r.Text(row, 5), r.Text(row, 6)};
}

void AddLeases(const std::vector<Lease>& leases, pg::Params& params) {
  std::vector<Uuid> ids;
  std::vector<int64_t> numbers, epochs;
  for (const Lease& lease : leases) {
    ids.push_back(lease.mail_id);
    numbers.push_back(lease.rcpt_no);
    epochs.push_back(lease.epoch);
  }
  params.Ids(ids).Ints(numbers).Ints(epochs);
}

void AddFilter(const DeliveryFilter& filter, pg::Params& params) {
  if (filter.mail_id) {
    params.Id(*filter.mail_id);
  } else {
    params.Null();
  }
  params.Text(filter.sender).Text(filter.recipient).Text(filter.recipient_domain);
  params.Text(filter.state ? StateName(*filter.state) : "");
}

std::vector<std::string> StateNames(Change change) {
  std::vector<std::string> names;
  for (State state : ChangeableStates(change)) names.emplace_back(StateName(state));
  return names;
}

absl::Status DropFinished(pg::Connection& connection, const std::set<Uuid>& finished,
                          absl::Time now) {
  if (finished.empty()) return absl::OkStatus();
  std::vector<Uuid> mail_ids(finished.begin(), finished.end());
  pg::Params lock, drop;
  lock.Ids(mail_ids);
  drop.Ids(mail_ids).Time(now);
  // The lock makes two workers that finish the last two recipients at once see each other.
  return connection.RunAll({{&sql::kLockMessages, &lock}, {&sql::kDropFinishedContent, &drop}})
      .status();
}

void AddOutcomes(const std::vector<Outcome>& outcomes, pg::Params& params) {
  std::vector<Lease> leases;
  std::vector<std::string> states, replies;
  std::vector<absl::Time> next;
  std::vector<int64_t> delays;
  for (const Outcome& outcome : outcomes) {
    leases.push_back(outcome.lease);
    states.emplace_back(StateName(outcome.state));
    next.push_back(outcome.next_at);
    replies.push_back(outcome.reply);
    delays.push_back(outcome.delay_reported ? 1 : 0);
  }
  AddLeases(leases, params);
  params.Texts(states).Times(next).Texts(replies).Ints(delays);
}

}  // namespace

absl::StatusOr<bool> PgStore::Enqueue(const NewMessage& message) {
  constexpr int kAttempts = 20;
  bool inserted = false;
  absl::Status status;
  // Where it is not known whether the commit happened, the same again is safe: it says that the
  // mail_id is known, or does it. A server that is away while we find out leaves the outcome as
  // unknown as it was.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) absl::SleepFor(absl::Milliseconds(500));
    absl::Status now = pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(inserted, Insert(connection, message));
      return absl::OkStatus();
    });
    bool away = !status.ok() && now.code() == absl::StatusCode::kUnavailable;
    if (!away) status = now;
    if (ReasonOf(status) != Reason::kWriteUncertain) break;
  }
  RETURN_IF_ERROR(status);
  return inserted;
}

absl::StatusOr<std::vector<Delivery>> PgStore::Claim(const ClaimOptions& options) {
  pg::Params params;
  params.Text(options.owner).Int(options.limit).Int(absl::ToInt64Milliseconds(options.lease));
  params.Texts(options.busy_routes).Time(options.now);
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kClaim, params));
  std::vector<Delivery> deliveries;
  for (int row = 0; row < result.rows(); ++row) deliveries.push_back(ToDelivery(result, row));
  return deliveries;
}

absl::StatusOr<Message> PgStore::LoadMessage(const Uuid& mail_id) {
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kLoadMessage, pg::Params().Id(mail_id)));
  if (r.empty() || r.Bool(0, 11)) return NotFoundError("no such message in the queue");
  Message message;
  message.mail_id = r.Id(0, 0);
  message.sender = r.Text(0, 1);
  message.return_headers_only = r.Bool(0, 2);
  message.envelope_id = r.Text(0, 3);
  message.smtputf8 = r.Bool(0, 4);
  message.body_8bit = r.Bool(0, 5);
  message.auth_user = r.Text(0, 6);
  message.own_report = r.Bool(0, 7);
  message.queued_at = r.Time(0, 8);
  message.age = absl::Milliseconds(r.Int(0, 12));
  message.content = r.Text(0, 9);
  message.signature = r.Text(0, 10);
  message.is_signed = !r.IsNull(0, 10);
  return message;
}

absl::StatusOr<std::string> PgStore::SettleSignature(const Uuid& mail_id,
                                                     const std::string& signature) {
  ASSIGN_OR_RETURN(pg::Result r,
                   pool_.Run(sql::kSettleSignature, pg::Params().Id(mail_id).Text(signature)));
  if (r.empty()) return NotFoundError("no such message in the queue");
  return r.Text(0, 0);
}

absl::StatusOr<std::vector<Lease>> PgStore::Renew(const std::vector<Lease>& leases,
                                                  absl::Duration lease) {
  pg::Params params;
  AddLeases(leases, params);
  params.Int(absl::ToInt64Milliseconds(lease));
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kRenew, params));
  std::vector<Lease> held;
  for (int row = 0; row < result.rows(); ++row) held.push_back(ToLease(result, row));
  return held;
}

absl::StatusOr<std::vector<Lease>> PgStore::Finish(const std::vector<Outcome>& outcomes) {
  std::vector<Lease> written;
  // Not repeated when its fate is unknown: the fence would take the first success for a lost lease.
  // The lease then runs out, and the delivery is tried again.
  absl::Status status = pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    AddOutcomes(outcomes, params);
    ASSIGN_OR_RETURN(pg::Result updated, connection.Run(sql::kFinish, params));
    written.clear();
    for (int row = 0; row < updated.rows(); ++row) written.push_back(ToLease(updated, row));
    std::set<Lease> held(written.begin(), written.end());
    std::set<Uuid> finished;
    std::vector<Event> events;
    for (const Outcome& outcome : outcomes) {
      if (held.count(outcome.lease) == 0) continue;
      events.insert(events.end(), outcome.events.begin(), outcome.events.end());
      if (outcome.report) RETURN_IF_ERROR(Insert(connection, *outcome.report).status());
      if (IsFinal(outcome.state)) finished.insert(outcome.lease.mail_id);
    }
    RETURN_IF_ERROR(InsertEvents(connection, events));
    RETURN_IF_ERROR(Failpoint("relay.before_finish"));
    return DropFinished(connection, finished, absl::Now());
  });
  RETURN_IF_ERROR(status);
  return written;
}

absl::StatusOr<int64_t> PgStore::RequeueExpired(absl::Duration longest) {
  ASSIGN_OR_RETURN(
      pg::Result result,
      pool_.Run(sql::kRequeueExpired, pg::Params().Int(absl::ToInt64Milliseconds(longest))));
  return result.affected();
}

absl::Status PgStore::HoldAll(const std::string& reason) {
  return pool_.Run(sql::kHoldAll, pg::Params().Text(reason)).status();
}

absl::StatusOr<int64_t> PgStore::Prune(absl::Time now, absl::Duration keep) {
  pg::Params old;
  old.Time(now - keep).Int(absl::ToInt64Milliseconds(keep));
  ASSIGN_OR_RETURN(pg::Result messages, pool_.Run(sql::kPruneMessages, old));
  ASSIGN_OR_RETURN(pg::Result events, pool_.Run(sql::kPruneEvents, old));
  return messages.affected() + events.affected();
}

absl::StatusOr<std::vector<DeliveryRow>> PgStore::List(const DeliveryFilter& filter,
                                                       const Position& after, int limit) {
  pg::Params params;
  AddFilter(filter, params);
  params.Id(after.mail_id).Int(after.rcpt_no).Int(limit);
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kListDeliveries, params));
  std::vector<DeliveryRow> rows;
  for (int row = 0; row < r.rows(); ++row) {
    rows.push_back({r.Id(row, 0), static_cast<int>(r.Int(row, 1)), r.Text(row, 2), r.Text(row, 3),
                    StateFromName(r.Bytes(row, 4)).value_or(State::kQueued),
                    static_cast<int>(r.Int(row, 5)), r.Time(row, 6), r.Time(row, 7), r.Text(row, 8),
                    r.Text(row, 9), r.Int(row, 10)});
  }
  return rows;
}

absl::StatusOr<int64_t> PgStore::CountChangeable(Change change, const DeliveryFilter& filter) {
  pg::Params params;
  AddFilter(filter, params);
  params.Texts(StateNames(change));
  ASSIGN_OR_RETURN(pg::Result result, pool_.Run(sql::kCountChangeable, params));
  return result.Int(0, 0);
}

absl::StatusOr<int64_t> PgStore::ChangeDeliveries(Change change, const DeliveryFilter& filter,
                                                  const ChangeNote& note, absl::Time now) {
  int64_t count = 0;
  absl::Status status = pool_.InTransaction([&](pg::Connection& connection) -> absl::Status {
    pg::Params params;
    AddFilter(filter, params);
    params.Texts(StateNames(change))
        .Text(StateName(ChangedState(change)))
        .Time(now)
        .Text(note.reason);
    ASSIGN_OR_RETURN(pg::Result changed, connection.Run(sql::kChangeDeliveries, params));
    count = changed.rows();
    std::vector<Event> events;
    std::set<Uuid> mail_ids;
    for (int row = 0; row < changed.rows(); ++row) {
      mail_ids.insert(changed.Id(row, 0));
      events.push_back({changed.Id(row, 0), now, "relay", std::string(ChangeEvent(change)),
                        changed.Text(row, 1), changed.Text(row, 2), note.Detail()});
    }
    RETURN_IF_ERROR(InsertEvents(connection, events));
    return change == Change::kCancel ? DropFinished(connection, mail_ids, now) : absl::OkStatus();
  });
  RETURN_IF_ERROR(status);
  return count;
}

absl::StatusOr<QueueStats> PgStore::Stats() {
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kStats));
  QueueStats stats{static_cast<uint64_t>(r.Int(0, 0)),
                   static_cast<uint64_t>(r.Int(0, 1)),
                   static_cast<uint64_t>(r.Int(0, 2)),
                   {}};
  if (!r.IsNull(0, 3)) stats.oldest_queued_at = r.Time(0, 3);
  return stats;
}

absl::Status PgStore::RecordEvents(const std::vector<Event>& events) {
  return pool_.WithOnce(
      [&events](pg::Connection& connection) { return InsertEvents(connection, events); });
}

absl::StatusOr<std::vector<Event>> PgStore::History(const Uuid& mail_id) {
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kHistory, pg::Params().Id(mail_id)));
  std::vector<Event> events;
  for (int row = 0; row < r.rows(); ++row) events.push_back(ToEvent(r, row));
  return events;
}

absl::StatusOr<std::vector<Event>> PgStore::HistoryOf(const std::string& address, int limit) {
  ASSIGN_OR_RETURN(pg::Result r, pool_.Run(sql::kHistoryOf, pg::Params().Text(address).Int(limit)));
  std::vector<Event> events;
  for (int row = 0; row < r.rows(); ++row) events.push_back(ToEvent(r, row));
  return events;
}

}  // namespace pennypost::relay
