#include "services/resolver/core/unbound_client.h"

#include <absl/time/clock.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>

#include "base/status.h"

namespace pennypost::resolver {
namespace {

constexpr int kClassIn = 1;
constexpr size_t kMaxOpen = 10000;

absl::Status Checked(int error, const std::string& what) {
  if (error == 0) return absl::OkStatus();
  return SyntaxError("DNS: " + what + ": " + ub_strerror(error));
}

Answer Convert(Type type, const ub_result& result) {
  Answer answer;
  answer.secure = result.secure != 0;
  answer.ttl_seconds = result.ttl > 0 ? static_cast<uint32_t>(result.ttl) : 0;
  if (result.canonname != nullptr && std::string_view(result.canonname) != result.qname) {
    answer.canonical_name = result.canonname;
    if (answer.canonical_name.ends_with('.')) answer.canonical_name.pop_back();
  }
  if (result.bogus != 0) {
    answer.status = Status::kBogus;
    if (result.why_bogus != nullptr) answer.detail = result.why_bogus;
    return answer;
  }
  if (result.nxdomain != 0) {
    answer.status = Status::kNxDomain;
    return answer;
  }
  if (result.rcode != 0) {
    answer.detail = "the name servers answered with code " + std::to_string(result.rcode);
    return answer;
  }
  for (size_t i = 0; result.havedata != 0 && result.data[i] != nullptr; ++i) {
    Record record;
    if (DecodeRecord(type, {result.data[i], static_cast<size_t>(result.len[i])}, record)) {
      answer.records.push_back(std::move(record));
    }
  }
  answer.status = answer.records.empty() ? Status::kNoData : Status::kOk;
  return answer;
}

Answer Failure(Status status, std::string detail) {
  Answer answer;
  answer.status = status;
  answer.detail = std::move(detail);
  return answer;
}

// What is no name cannot exist; all else may work later.
Answer Failure(int error) {
  return Failure(error == UB_SYNTAX ? Status::kNxDomain : Status::kTemporary, ub_strerror(error));
}

}  // namespace

UnboundClient::UnboundClient(UnboundOptions options) : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<UnboundClient>> UnboundClient::Create(UnboundOptions options) {
  std::unique_ptr<UnboundClient> client(new UnboundClient(std::move(options)));
  client->context_ = ub_ctx_create();
  client->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (client->context_ == nullptr || client->wake_ < 0)
    return UnavailableError("DNS: no memory or descriptors");
  RETURN_IF_ERROR(client->Configure());
  client->thread_ = std::thread([raw = client.get()] { raw->Loop(); });
  return client;
}

absl::Status UnboundClient::Configure() {
  std::string half = std::to_string(options_.cache_bytes / 3);
  std::string twice = std::to_string(options_.cache_bytes / 3 * 2);
  const std::pair<const char*, std::string> settings[] = {
      {"msg-cache-size:", half},
      {"rrset-cache-size:", twice},
      // RFC 5452 and ROBUSTNESS N1: mixed case in questions and small packets, so that nobody
      // guesses an answer or slips in a fragment.
      {"use-caps-for-id:", "yes"},
      {"edns-buffer-size:", "1232"},
      {"harden-below-nxdomain:", "yes"},
      {"prefetch:", "yes"},
      // A laboratory has its servers on loopback and its zones under names and networks that are
      // reserved elsewhere.
      {"do-not-query-localhost:", "no"},
      {"unblock-lan-zones:", "yes"},
  };
  for (const auto& [name, value] : settings) {
    RETURN_IF_ERROR(Checked(ub_ctx_set_option(context_, name, value.c_str()), name));
  }
  for (const std::string& server : options_.upstream) {
    RETURN_IF_ERROR(Checked(ub_ctx_set_fwd(context_, server.c_str()), "upstream " + server));
  }
  if (options_.upstream.empty() && !options_.recursive) {
    RETURN_IF_ERROR(Checked(ub_ctx_resolvconf(context_, nullptr), "/etc/resolv.conf"));
  }
  for (const StubZone& stub : options_.stubs) {
    RETURN_IF_ERROR(Checked(ub_ctx_set_stub(context_, stub.zone.c_str(), stub.server.c_str(), 0),
                            "stub " + stub.zone));
  }
  if (!options_.trust_anchor_file.empty()) {
    // libunbound reads the file with the first query, too late to say that it is missing.
    if (access(options_.trust_anchor_file.c_str(), R_OK) != 0) {
      return SyntaxError("DNS: cannot read " + options_.trust_anchor_file);
    }
    RETURN_IF_ERROR(
        Checked(ub_ctx_add_ta_file(context_, options_.trust_anchor_file.c_str()), "trust anchor"));
  }
  RETURN_IF_ERROR(Checked(ub_ctx_async(context_, 1), "threads"));
  // libunbound answers for these by itself; a laboratory uses them. Only possible when all else is
  // set.
  for (const char* zone : {"test.", "127.in-addr.arpa."}) {
    RETURN_IF_ERROR(Checked(ub_ctx_zone_remove(context_, zone), zone));
  }
  return absl::OkStatus();
}

UnboundClient::~UnboundClient() {
  if (thread_.joinable()) {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    eventfd_write(wake_, 1);
    thread_.join();
  }
  if (context_ != nullptr) ub_ctx_delete(context_);
  if (wake_ >= 0) close(wake_);
}

void UnboundClient::Lookup(std::string name, Type type, std::function<void(Answer)> on_done) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_ && queued_.size() < kMaxOpen) {
      queued_.push_back({std::move(name), type, std::move(on_done)});
      on_done = nullptr;
    }
  }
  if (on_done) return on_done(Failure(Status::kTemporary, "too many look-ups"));
  eventfd_write(wake_, 1);
}

void UnboundClient::Loop() {
  for (;;) {
    std::vector<Query> queries;
    bool stopping = false;
    {
      std::lock_guard lock(mutex_);
      queries.swap(queued_);
      stopping = stopping_;
    }
    for (Query& query : queries) Start(std::move(query));
    absl::Time now = absl::Now();
    Expire(stopping ? absl::InfiniteFuture() : now);
    if (stopping) return;

    int wait = -1;
    if (!open_.empty()) {
      absl::Duration left = open_.begin()->second->deadline - now;
      wait = static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(left) + 1));
    }
    pollfd fds[] = {{wake_, POLLIN, 0}, {ub_fd(context_), POLLIN, 0}};
    poll(fds, 2, wait);
    eventfd_t ignored;
    if (fds[0].revents != 0) eventfd_read(wake_, &ignored);
    if (fds[1].revents != 0) ub_process(context_);
  }
}

void UnboundClient::Start(Query query) {
  if (open_.size() >= kMaxOpen)
    return query.on_done(Failure(Status::kTemporary, "too many look-ups"));
  auto open = std::make_unique<Open>();
  open->client = this;
  open->key = next_key_++;
  open->type = query.type;
  open->on_done = std::move(query.on_done);
  open->deadline = absl::Now() + options_.timeout;
  int error = ub_resolve_async(context_, query.name.c_str(), static_cast<int>(query.type), kClassIn,
                               open.get(), &UnboundClient::OnResult, &open->async_id);
  if (error != 0) return open->on_done(Failure(error));
  uint64_t key = open->key;
  open_.emplace(key, std::move(open));
}

void UnboundClient::Expire(absl::Time now) {
  while (!open_.empty() && open_.begin()->second->deadline <= now) {
    std::unique_ptr<Open> open = std::move(open_.begin()->second);
    open_.erase(open_.begin());
    ub_cancel(context_, open->async_id);
    open->on_done(Failure(Status::kTemporary, "no answer in time"));
  }
}

// Runs within ub_process, so on the loop's thread.
void UnboundClient::OnResult(void* raw, int error, ub_result* result) {
  auto* named = static_cast<Open*>(raw);
  std::map<uint64_t, std::unique_ptr<Open>>& all = named->client->open_;
  auto found = all.find(named->key);
  std::unique_ptr<Open> open = std::move(found->second);
  all.erase(found);
  Answer answer = error != 0 ? Failure(error) : Convert(open->type, *result);
  ub_resolve_free(result);
  open->on_done(std::move(answer));
}

}  // namespace pennypost::resolver
