#pragma once
// Large contents outside the database. An object is written before the row that names it is
// committed and removed after that row is gone, so that no row ever names what is not there; what a
// crash leaves without a row is found by listing (Store::CollectOutside).
//
// Names are made by the store and never used twice: a removal that comes late hits nothing new.
// Thread-safe; blocking. NotFound for what is not there, Unavailable where it cannot be said.

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pennypost::mailbox {

class BlobStore {
 public:
  struct Object {
    std::string name;
    absl::Duration age;  // by the store's own clock
  };
  struct Page {
    std::vector<Object> objects;
    std::string last;  // where to go on; empty at the end
  };

  virtual ~BlobStore() = default;
  // Durable when it returns OK.
  virtual absl::Status Put(const std::string& name, std::string_view content) = 0;
  virtual absl::StatusOr<std::string> Get(const std::string& name) = 0;
  // Less where the content ends before.
  virtual absl::StatusOr<std::string> GetRange(const std::string& name, uint64_t offset,
                                               uint64_t length) = 0;
  // What is not there is no error.
  virtual absl::Status Delete(const std::string& name) = 0;
  // In the order of names, after one.
  virtual absl::StatusOr<Page> List(const std::string& after, int limit) = 0;
};

}  // namespace pennypost::mailbox
