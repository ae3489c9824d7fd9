#pragma once
// Every command of a client as a value. Mailbox names are UTF-8 here, INBOX in upper case, levels
// joined by "/".

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mail/rights.h"

namespace pennypost::imap {

// Whether numbers name messages by sequence number or by UID (RFC 9051 6.4.9).
enum class Numbers { kSequence, kUid };

inline constexpr uint32_t kStar = 0;  // "*" in a set

struct NumberRange {
  uint32_t first = 0;
  uint32_t last = 0;  // may be below `first` (RFC 9051 9 seq-range)
  bool operator==(const NumberRange&) const = default;
};
struct NumberSet {
  std::vector<NumberRange> ranges;
  bool saved = false;  // "$", the result of the last SEARCH (RFC 5182)
  bool operator==(const NumberSet&) const = default;
};

// BODY[section] (RFC 9051 6.4.5.1).
struct Section {
  enum class Text { kAll, kHeader, kHeaderFields, kHeaderFieldsNot, kText, kMime };
  std::vector<uint32_t> part;
  Text text = Text::kAll;
  std::vector<std::string> fields;
  bool operator==(const Section&) const = default;
};

struct FetchItem {
  enum class Kind {
    kFlags,
    kUid,
    kInternalDate,
    kSize,
    kEnvelope,
    kBody,
    kBodyStructure,
    kModSeq,
    kEmailId,  // RFC 8474 5.3
    kThreadId,
    kSaveDate,  // RFC 8514 4.2
    kPreview,   // RFC 8970
    kSection,   // BODY[...]
    kBinary,    // BINARY[...], decoded (RFC 9051 6.4.5)
    kBinarySize,
    kRfc822,
    kRfc822Header,
    kRfc822Text,  // old names for sections, answered under their own name
  };
  Kind kind = Kind::kFlags;
  Section section;
  bool peek = true;                                      // false: sets \Seen
  std::optional<std::pair<uint64_t, uint64_t>> partial;  // offset, length
  bool operator==(const FetchItem&) const = default;
};

enum class StatusItem {
  kMessages,
  kRecent,
  kUidNext,
  kUidValidity,
  kUnseen,
  kDeleted,
  kSize,
  kHighestModSeq,
  kMailboxId,
  kAppendLimit
};

// One node of a SEARCH (RFC 9051 6.4.4).
struct SearchKey {
  enum class Op {
    kAll,
    kAnd,
    kOr,
    kNot,
    kFlag,
    kSequence,
    kUid,
    kBefore,
    kOn,
    kSince,
    kSentBefore,
    kSentOn,
    kSentSince,
    kLarger,
    kSmaller,
    kHeader,
    kBody,
    kText,
    kModSeq,
    kOlder,
    kYounger,
    kEmailId,  // RFC 8474 6; the id is in `text`
    kThreadId,
    kSavedBefore,  // RFC 8514 4.3
    kSavedOn,
    kSavedSince
  };
  Op op = Op::kAll;
  std::vector<SearchKey> children;
  NumberSet set;
  std::string header;
  std::string text;  // UTF-8; the flag of kFlag
  uint64_t number = 0;
  int32_t date = 0;    // days since 1970-01-01
  bool fuzzy = false;  // inside FUZZY (RFC 6203)
  bool operator==(const SearchKey&) const = default;
};

enum SearchReturn : unsigned {
  kReturnMin = 1,
  kReturnMax = 2,
  kReturnAll = 4,
  kReturnCount = 8,
  kReturnSave = 16,
  kReturnPartial = 32,
  kReturnRelevancy = 64,
  kReturnUpdate = 128,  // RFC 5267 4.3
  kReturnContext = 256  // 4.2; a hint
};
// Options that ask for no result of their own.
inline constexpr unsigned kReturnNothing = kReturnSave | kReturnUpdate | kReturnContext;

struct Capability {};
struct Noop {};
struct Check {};
struct Logout {};
struct StartTlsCommand {};
struct Login {
  std::string user;
  std::string password;
};
struct Authenticate {
  std::string mechanism;
  std::optional<std::string> initial;  // base64; "=" is an empty one
};
struct Enable {
  std::vector<std::string> features;  // upper case
};
struct Compress {
  std::string mechanism;
};
struct Id {
  std::vector<std::pair<std::string, std::string>> fields;
};
// What a client knows of a mailbox from before (RFC 7162 3.2.5).
struct Resync {
  uint32_t uid_validity = 0;
  uint64_t modseq = 0;
  std::optional<NumberSet> known_uids;  // nothing: all there may have been
  // A sample of sequence numbers and the UIDs they had, in parallel, ascending.
  NumberSet sample_numbers;
  NumberSet sample_uids;
};
struct Select {
  std::string mailbox;
  bool read_only = false;  // EXAMINE
  bool condstore = false;
  std::optional<Resync> resync;
};
struct Create {
  std::string mailbox;
  std::vector<std::string> special_uses;  // RFC 6154 3
};
struct Delete {
  std::string mailbox;
};
struct Rename {
  std::string from;
  std::string to;
};
struct Subscribe {
  std::string mailbox;
  bool subscribed = true;
};
struct List {
  std::string reference;
  std::vector<std::string> patterns;
  bool lsub = false;
  bool extended = false;
  // Selection options (RFC 5258 3.1)
  bool only_subscribed = false;
  bool only_special_use = false;
  bool recursive_match = false;
  // Return options
  bool return_subscribed = false;
  bool return_children = false;
  bool return_special_use = false;
  bool return_my_rights = false;  // RFC 8440
  std::vector<StatusItem> return_status;
};
struct Namespace {};
struct Status {
  std::string mailbox;
  std::vector<StatusItem> items;
};
// A piece of a message that is put together (RFC 4469): bytes of the command, or what a URL names.
struct CatenatePart {
  size_t offset = 0;  // in the text of the command
  size_t size = 0;
  std::optional<std::string> url;
};
struct Append {
  struct Message {
    std::vector<std::string> flags;
    std::optional<absl::Time> date;
    size_t offset = 0;  // in `text`
    size_t size = 0;
    std::vector<CatenatePart> parts = {};  // of CATENATE; then there are no bytes yet
  };
  std::string mailbox;
  std::vector<Message> messages;  // at least one (RFC 3502)
  // The messages stand in the text of their command, which is kept so that they are not copied.
  std::string text;
  std::string_view content(const Message& message) const {
    return std::string_view(text).substr(message.offset, message.size);
  }
};
// RFC 8508: APPEND of one message in the place of another, which goes.
struct Replace {
  Numbers numbers = Numbers::kSequence;
  NumberSet set;  // one number
  Append append;
};
struct Idle {};
struct GetQuota {
  std::string root;
};
struct GetQuotaRoot {
  std::string mailbox;
};
// RFC 5464. An empty mailbox is the account; entry names are in lower case.
struct GetMetadata {
  std::string mailbox;
  std::vector<std::string> entries;
  std::optional<uint64_t> max_size;
  enum class Depth { kSelf, kChildren, kAll };
  Depth depth = Depth::kSelf;
};
struct MetadataEntry {
  std::string name;
  std::optional<std::string> value;  // nothing: NIL, no such entry
};
struct SetMetadata {
  std::string mailbox;
  std::vector<MetadataEntry> entries;
};
// RFC 4314. An identifier is the address of a user, or "anyone".
struct SetAcl {
  std::string mailbox;
  std::string identifier;
  enum class Mode { kSet, kAdd, kRemove };
  Mode mode = Mode::kSet;
  mail::Rights rights;
};
struct DeleteAcl {
  std::string mailbox;
  std::string identifier;
};
struct GetAcl {
  std::string mailbox;
};
struct ListRights {
  std::string mailbox;
  std::string identifier;
};
struct MyRights {
  std::string mailbox;
};
// RFC 5465
enum NotifyEvent : unsigned {
  kMessageNew = 1,
  kMessageExpunge = 2,
  kFlagChange = 4,
  kMailboxName = 8,
  kSubscriptionChange = 16
};
inline constexpr unsigned kMessageEvents = kMessageNew | kMessageExpunge | kFlagChange;
struct NotifyGroup {
  enum class Filter {
    kSelected,
    kSelectedDelayed,
    kInboxes,
    kPersonal,
    kSubscribed,
    kSubtree,
    kMailboxes
  };
  Filter filter = Filter::kSelected;
  std::vector<std::string> mailboxes;  // of kSubtree and kMailboxes
  unsigned events = 0;                 // NotifyEvent bits
  std::vector<FetchItem> new_items;    // what to send of new messages of the selected mailbox
};
struct Notify {
  bool status = false;              // tell the state of the mailboxes first
  bool unsupported = false;         // an event we cannot tell was asked for
  std::vector<NotifyGroup> groups;  // none: NOTIFY NONE
};
struct Close {};
struct Unselect {};
struct Expunge {
  std::optional<NumberSet> uids;  // UID EXPUNGE
};
// A piece of a result: places from 1 up, or from the end down (RFC 9394 3.1). As written, in any
// order.
struct Partial {
  uint32_t first = 1;
  uint32_t last = 1;
  bool from_end = false;
  bool operator==(const Partial&) const = default;
};
struct Search {
  Numbers numbers = Numbers::kSequence;
  bool extended = false;  // RETURN was given: answer with ESEARCH
  unsigned returns = 0;   // SearchReturn bits
  std::optional<Partial> partial;
  std::vector<FetchItem> new_items;  // of UPDATE: what to send of new messages (RFC 5465 7)
  bool charset_given = false;
  SearchKey key;
};
// RFC 5267 4.3.5
struct CancelUpdate {
  std::vector<std::string> tags;
};
// RFC 5256
struct SortKey {
  enum class Field {
    kArrival,
    kCc,
    kDate,
    kFrom,
    kSize,
    kSubject,
    kTo,
    kDisplayFrom,
    kDisplayTo,
    kRelevancy  // RFC 6203 6
  };
  Field field = Field::kArrival;
  bool reverse = false;
  bool operator==(const SortKey&) const = default;
};
struct Sort {
  std::vector<SortKey> order;
  Search search;
};
struct Thread {
  enum class Algorithm { kOrderedSubject, kReferences };
  Algorithm algorithm = Algorithm::kReferences;
  Search search;
};
struct Fetch {
  Numbers numbers = Numbers::kSequence;
  NumberSet set;
  std::vector<FetchItem> items;
  std::optional<uint64_t> changed_since;
  std::optional<Partial> partial;
  bool vanished = false;  // tell what was expunged since then, too (RFC 7162 3.2.6)
};
struct Store {
  enum class Mode { kSet, kAdd, kRemove };
  Numbers numbers = Numbers::kSequence;
  NumberSet set;
  Mode mode = Mode::kSet;
  bool silent = false;
  std::vector<std::string> flags;
  std::optional<uint64_t> unchanged_since;
};
struct Copy {
  Numbers numbers = Numbers::kSequence;
  NumberSet set;
  std::string mailbox;
  bool move = false;
};

using CommandBody =
    std::variant<Capability, Noop, Check, Logout, StartTlsCommand, Login, Authenticate, Enable,
                 Compress, Id, Select, Create, Delete, Rename, Subscribe, List, Namespace, Status,
                 Append, Replace, Idle, GetQuota, GetQuotaRoot, GetMetadata, SetMetadata, SetAcl,
                 DeleteAcl, GetAcl, ListRights, MyRights, Notify, Close, Unselect, Expunge, Search,
                 CancelUpdate, Sort, Thread, Fetch, Store, Copy>;

}  // namespace pennypost::imap
