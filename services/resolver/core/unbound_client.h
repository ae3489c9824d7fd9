#pragma once
// DnsClient over libunbound: cache, retries, validation and TCP are its work.
//
// One thread of ours hands look-ups to libunbound and its answers to their callbacks; libunbound
// resolves on a thread of its own. Callbacks must not block. The destructor answers what is open
// with kTemporary.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/resolver/core/dns.h"

struct ub_ctx;
struct ub_result;

namespace pennypost::resolver {

struct StubZone {
  std::string zone;
  std::string server;  // ADDRESS or ADDRESS@PORT
};

struct UnboundOptions {
  // Name servers that resolve for us, ADDRESS or ADDRESS@PORT. Empty and not recursive: those of
  // /etc/resolv.conf.
  std::vector<std::string> upstream;
  bool recursive = false;
  std::vector<StubZone> stubs;    // zones that are asked of one server directly
  std::string trust_anchor_file;  // DS or DNSKEY records; empty: no validation
  uint64_t cache_bytes = 16 << 20;
  absl::Duration timeout = absl::Seconds(10);
};

class UnboundClient final : public DnsClient {
 public:
  static absl::StatusOr<std::unique_ptr<UnboundClient>> Create(UnboundOptions options);
  ~UnboundClient() override;

  void Lookup(std::string name, Type type, std::function<void(Answer)> on_done) override;

 private:
  struct Query {
    std::string name;
    Type type;
    std::function<void(Answer)> on_done;
  };
  struct Open {
    UnboundClient* client;
    uint64_t key;
    int async_id = 0;
    Type type;
    std::function<void(Answer)> on_done;
    absl::Time deadline;
  };
  explicit UnboundClient(UnboundOptions options);
  absl::Status Configure();
  void Loop();
  void Start(Query query);
  void Expire(absl::Time now);
  static void OnResult(void* open, int error, ub_result* result);

  const UnboundOptions options_;
  ub_ctx* context_ = nullptr;
  int wake_ = -1;  // an eventfd: there are new queries, or it is time to stop

  std::mutex mutex_;
  std::vector<Query> queued_;
  bool stopping_ = false;

  // Only of the loop's thread. Keys rise with deadlines, so that the first one expires first.
  std::map<uint64_t, std::unique_ptr<Open>> open_;
  uint64_t next_key_ = 1;
  std::thread thread_;
};

}  // namespace pennypost::resolver
