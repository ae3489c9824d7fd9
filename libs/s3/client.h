#pragma once
// Objects in an S3 bucket, over libcurl. Blocking; thread-safe: each call takes a connection of its
// own, kept for the next one.
//
// What may pass is tried again with growing pauses (5xx, SlowDown, a cut connection) until the
// deadline. Errors: NotFound; DataLoss where what came is not as long as was promised;
// PermissionDenied for a wrong key or bucket; Unavailable for all the rest.

#include <absl/time/time.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "s3/sign.h"

namespace pennypost::s3 {

struct Options {
  std::string endpoint;  // "https://s3.example.org" or with a port; buckets are part of the path
  std::string bucket;
  std::string region = "us-east-1";
  Credentials credentials;
  std::string ca_file;  // empty: the system's
  absl::Duration connect_timeout = absl::Seconds(3);
  absl::Duration timeout = absl::Seconds(20);  // of a call with all its tries
  absl::Duration first_pause = absl::Milliseconds(100);
  size_t part_size = 16 << 20;  // larger objects go up in parts of this size
};

struct Object {
  std::string key;
  absl::Duration age;  // by the server's own clock
};
struct Page {
  std::vector<Object> objects;
  std::string last;  // where to go on; empty at the end
};

class Client {
 public:
  explicit Client(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Durable when it returns OK. The server checks the content against its SHA-256.
  absl::Status Put(const std::string& key, std::string_view content);
  absl::StatusOr<std::string> Get(const std::string& key);
  absl::StatusOr<std::string> GetRange(const std::string& key, uint64_t offset, uint64_t length);
  // What is not there is no error.
  absl::Status Delete(const std::string& key);
  // Keys in order, after one. At most 1,000.
  absl::StatusOr<Page> List(const std::string& prefix, const std::string& after, int limit);

 private:
  struct Reply {
    long code = 0;
    std::string body;
    std::string etag;
    absl::Time date;
  };
  // Tries until an answer that is worth telling, or the deadline.
  absl::StatusOr<Reply> Call(Request request, std::string_view content, const std::string& range,
                             absl::Time deadline);
  absl::StatusOr<Reply> Once(const Request& request, std::string_view content,
                             const std::string& range, absl::Duration timeout);
  absl::Status PutInParts(const std::string& key, std::string_view content, absl::Time deadline);
  absl::Status PutParts(const std::string& key, const std::string& upload, std::string_view content,
                        absl::Time deadline);
  Request For(const std::string& method, const std::string& key) const;
  void* TakeHandle();
  void GiveHandle(void* handle);

  const Options options_;
  std::string host_;
  std::mutex mutex_;
  std::vector<void*> handles_;  // CURL*
};

}  // namespace pennypost::s3
