#pragma once
// Compiled scripts: those of accounts that have one, as they are needed, and all of the domains'.
// Whether what is here is still right shows at the
// delivery: its transaction compares the generation (store.h, ScriptOutcome).

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "services/mailbox/store/store.h"
#include "sieve/script.h"

namespace pennypost::mailbox {

struct CompiledScript {
  uint64_t generation = 0;
  std::string name;
  std::shared_ptr<const sieve::Script> script;
};

// Of one domain, by name.
struct DomainScript {
  std::string content;
  std::shared_ptr<const sieve::Script> script;
};
using ScriptsOfDomain = std::map<std::string, DomainScript, std::less<>>;

// All domains at one generation.
struct CompiledDomains {
  uint64_t generation = 0;
  std::map<std::string, ScriptsOfDomain, std::less<>> domains;

  // nullptr where the domain has none of that name.
  const DomainScript* Find(std::string_view domain, std::string_view name) const;
};

// Thread-safe.
class ScriptCache {
 public:
  // `max_bytes` of script text; beyond that all of it is forgotten and compiled anew.
  explicit ScriptCache(Store& store, size_t max_bytes = 64 << 20)
      : store_(store), max_bytes_(max_bytes) {}

  // Costs a look into a table: for most accounts the answer is no.
  bool Knows(int64_t account_id) const;
  std::optional<CompiledScript> Find(int64_t account_id) const;
  // From the store. Generation 0: no script is active.
  absl::StatusOr<CompiledScript> Load(int64_t account_id);

  // The account's script took more than its budget; how often since it was last changed.
  int NoteOverBudget(int64_t account_id, uint64_t generation);

  std::shared_ptr<const CompiledDomains> Domains() const;
  absl::StatusOr<std::shared_ptr<const CompiledDomains>> LoadDomains();

 private:
  struct Entry {
    CompiledScript compiled;
    size_t bytes = 0;
    int over_budget = 0;
  };

  Store& store_;
  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, Entry> entries_;
  size_t bytes_ = 0;
  std::shared_ptr<const CompiledDomains> domains_ = std::make_shared<CompiledDomains>();
};

}  // namespace pennypost::mailbox
