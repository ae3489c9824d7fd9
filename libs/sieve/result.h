#pragma once
// What a script wants done. Nothing of it has happened yet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sieve/ast.h"

namespace pennypost::sieve {

struct Keep {
  std::vector<std::string> flags;
};

struct Discard {};

struct FileInto {
  std::string mailbox;      // UTF-8
  std::string special_use;  // RFC 8579: "\\Junk"; wins over the name where such a mailbox exists
  std::string mailbox_id;   // RFC 9042: the same for an OBJECTID
  bool create = false;      // RFC 5490
  std::vector<std::string> flags;
};

struct Redirect {
  std::string address;  // canonical
};

struct Reject {
  std::string reason;
  bool extended = false;  // ereject: refuse at SMTP time where that is possible (RFC 5429 2.1)
};

// Passed the rules of RFC 5230 4 that the script and message decide; that one sender is answered
// once a period is for the caller, by `handle`.
struct Vacation {
  std::string recipient;  // the envelope sender
  std::string from;       // as given with :from, else the address that was written to
  std::string subject;    // UTF-8
  std::string body;       // with its own header fields where `mime`
  bool mime = false;
  std::string handle;
  uint64_t period_seconds = 0;  // 0: answer each time (RFC 6131)
  std::string in_reply_to;      // Message-ID with its angle brackets; may be empty
  std::string references;       // for the new message's References
};

struct Notify {
  std::string method;  // URI
  std::string from;
  std::string message;
  std::vector<std::string> options;
  int importance = 2;  // 1 high to 3 low
};

// RFC 7352: remember this id once the mail is stored.
struct RememberDuplicate {
  std::string id;
  uint64_t seconds = 0;
};

using Action =
    std::variant<Keep, Discard, FileInto, Redirect, Reject, Vacation, Notify, RememberDuplicate>;

// The name as in a script.
std::string_view NameOf(const Action& action);

struct HeaderEdit {
  enum class Kind { kAdd, kDelete };
  Kind kind = Kind::kAdd;
  std::string name;
  std::string value;
  bool at_end = false;
};

struct Result {
  std::vector<Action> actions;
  // No action cancelled it (RFC 5228 2.10.2): the mail goes to the inbox with these flags.
  bool implicit_keep = true;
  std::vector<std::string> implicit_flags;
  // In order; the Message given to Execute holds them already.
  std::vector<HeaderEdit> edits;
  // replace or enclose changed more than the header; the Message given to Execute holds it.
  bool content_changed = false;
  // The message before the first enclose: what a redirect sends (RFC 5703 6).
  std::optional<std::string> before_enclose;
  // The run failed: no actions, no edits, implicit keep.
  std::optional<ScriptError> error;
  bool over_budget = false;  // it failed for taking too many steps
  uint64_t steps = 0;
};

}  // namespace pennypost::sieve
