#pragma once
// The selected mailbox as its client knows it: sequence numbers, flags, and what has changed but
// may not be said yet.
//
// Invariants
//   - A sequence number means the same message until the client was told of an EXPUNGE.
//   - A change is reported once, and EXPUNGE only when TakeUpdates may.
//   - UIDs ascend; a message known to be gone stays in its place until the client knows it too.
//
// Copies share the messages until one of them changes: many sessions on one mailbox, and a cache of
// views just opened, cost one list. A view belongs to one thread at a time; copies do not care.

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imap/command.h"

namespace pennypost::imap {

using Flags = std::vector<std::string>;

struct MessageState {
  uint32_t uid = 0;
  uint64_t modseq = 0;
  uint32_t size = 0;
  int64_t internal_date = 0;  // seconds since 1970
  Flags flags;
};

// What may be said now.
enum class Expunges { kHold, kReport };

class MailboxView {
 public:
  struct Info {
    int64_t account_id = 0;  // the owner's
    int64_t mailbox_id = 0;
    std::string name;
    uint32_t uid_validity = 0;
    uint32_t uid_next = 0;
    uint64_t highest_modseq = 0;
  };

  MailboxView() = default;
  explicit MailboxView(Info info) : info_(std::move(info)) {}

  const Info& info() const { return info_; }
  size_t size() const { return table_->entries.size(); }
  uint32_t uid_at(size_t index) const { return table_->entries[index].uid; }
  uint64_t modseq_at(size_t index) const { return table_->entries[index].modseq; }
  // The state behind an index (sequence number minus 1).
  MessageState At(size_t index) const;
  const Flags& FlagsAt(size_t index) const {
    return table_->flag_sets[table_->entries[index].flags];
  }
  // Known to be gone, not told yet.
  bool IsGone(size_t index) const { return table_->entries[index].gone; }
  std::optional<size_t> IndexOf(uint32_t uid) const;
  // Messages the client knows to be there, be it that they are gone since: the first so many.
  size_t announced() const { return announced_; }
  // First message without \Seen, as a sequence number; 0 if there is none.
  uint32_t FirstUnseen() const;
  // All flags in use, for FLAGS and PERMANENTFLAGS.
  std::vector<std::string> KeywordsInUse() const;

  // Messages at opening, by ascending UID; the client learns of them from SELECT's EXISTS. Many
  // share a set of flags, so these come apart.
  struct Row {
    uint32_t uid = 0;
    uint32_t size = 0;
    uint64_t modseq = 0;
    int64_t internal_date = 0;
    uint32_t flags = 0;  // index into flag_sets
  };
  void Load(std::vector<Flags> flag_sets, const std::vector<Row>& rows);
  // A view that no client has seen yet takes the changes made to it as known.
  void Settle();
  // What the messages take in memory.
  size_t Bytes() const { return table_->entries.capacity() * sizeof(Entry); }

  // What those of all views of this process take; views that share them count once.
  static size_t BytesOfAll() { return bytes_of_all_.load(std::memory_order_relaxed); }

  // What the store says has changed. `own`: the client is answered about it by its own command
  // (STORE), so the new flags are not reported again.
  enum class Origin { kOthers, kOwn };
  void Change(const MessageState& message, Origin origin = Origin::kOthers);
  void Vanish(const std::vector<uint32_t>& uids);
  void SetHighestModSeq(uint64_t modseq) {
    info_.highest_modseq = std::max(info_.highest_modseq, modseq);
  }

  bool HasUpdates(Expunges expunges) const;
  // Untagged responses for the changes that may be reported; they count as told.
  struct UpdateForm {
    bool modseq = false;    // CONDSTORE is on
    bool uid = false;       // the client works with UIDs (RFC 9051 7.5.2 recommends them)
    bool vanished = false;  // VANISHED instead of EXPUNGE (RFC 7162 3.2.10)
    Numbers numbers = Numbers::kSequence;  // kUid: UIDFETCH instead of FETCH (RFC 9586 3.3)
  };
  std::string TakeFlagReports(UpdateForm form);
  std::string TakeExpungesAndArrivals(Expunges expunges, UpdateForm form);
  // Both.
  std::string TakeUpdates(Expunges expunges, UpdateForm form);

  // Indexes a set names, ascending. A sequence number that does not exist is an error (BAD), a UID
  // is not.
  absl::StatusOr<std::vector<size_t>> Resolve(const NumberSet& set, Numbers numbers) const;

  // The result of SEARCH RETURN (SAVE), "$" (RFC 5182): UIDs, so that expunges do not shift it.
  void SaveSearch(std::vector<uint32_t> uids) { saved_ = std::move(uids); }

 private:
  struct Entry {
    uint32_t uid = 0;
    uint32_t size = 0;
    uint64_t modseq = 0;
    int64_t internal_date = 0;
    uint32_t flags = 0;  // index into flag_sets_: few different sets serve many messages
    bool dirty = false;
    bool gone = false;
  };

  static inline std::atomic<size_t> bytes_of_all_{0};

  // Counts what it gives out.
  template <class T>
  struct Counting {
    using value_type = T;
    T* allocate(size_t n) {
      bytes_of_all_.fetch_add(n * sizeof(T), std::memory_order_relaxed);
      return std::allocator<T>().allocate(n);
    }
    void deallocate(T* at, size_t n) {
      bytes_of_all_.fetch_sub(n * sizeof(T), std::memory_order_relaxed);
      std::allocator<T>().deallocate(at, n);
    }
    bool operator==(const Counting&) const = default;
  };

  struct Table {
    std::vector<Entry, Counting<Entry>> entries;
    std::vector<Flags> flag_sets;
    std::map<Flags, uint32_t> flag_index;

    uint32_t Intern(const Flags& flags);
  };

  // The table, for changes: of this view alone from here on.
  Table& Own();
  void AppendFetch(size_t index, UpdateForm form, std::string& out) const;
  void AppendExpunges(UpdateForm form, std::string& out);

  Info info_;
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
  std::vector<uint32_t> saved_;
  size_t announced_ = 0;  // the EXISTS the client knows
  size_t dirty_ = 0;
  size_t gone_ = 0;
};

}  // namespace pennypost::imap
