#pragma once
// Addresses of the envelope: the one parser of RFC 5321 Mailbox and Path, used by every service.
//
// What we hold is canonical, so that two spellings of one mailbox compare equal: the local part
// without its quoting, the domain in lower case and as A-labels. Whoever writes an address out
// again uses ToString(), which quotes what needs it.
//
// Invariants:
//   A source route is an error, never a hint (RFC 5321 3.6.1 lets us ignore it; an open relay hides
//   there). Percent signs, exclamation marks and a second @ inside a local part mean nothing. No
//   local part or domain holds a control character.

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::mail {

// RFC 5321 4.5.3.1: octets.
inline constexpr size_t kMaxLocalPart = 64;
inline constexpr size_t kMaxDomain = 255;
inline constexpr size_t kMaxAddress = 254;  // a path of 256 without its angle brackets

// Whether an address may hold UTF-8 (RFC 6531 3.3): only a client that said SMTPUTF8 may send one.
enum class Utf8Policy { kRefuse, kAllow };

struct Address {
  std::string local_part;  // unquoted; never empty
  std::string
      domain;  // lower case, A-labels; "[192.0.2.1]" for a literal; empty only for <postmaster>
  bool is_literal = false;

  bool operator==(const Address&) const = default;
  // "local@domain", the local part quoted where it is no dot-string.
  std::string ToString() const;
  // True where writing it out takes SMTPUTF8: the local part is not ASCII.
  bool NeedsUtf8() const;
};

// All of `text` as RFC 5321 4.1.2 Mailbox.
absl::StatusOr<Address> ParseAddress(std::string_view text, Utf8Policy utf8 = Utf8Policy::kRefuse);

// A domain name on its own, to lower case and A-labels (RFC 5891 5); an error for what is no host
// name.
absl::StatusOr<std::string> NormalizeDomain(std::string_view domain,
                                            Utf8Policy utf8 = Utf8Policy::kAllow);

// "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3), in canonical spelling.
absl::StatusOr<std::string> NormalizeAddressLiteral(std::string_view literal);

enum class PathKind {
  kReverse,  // of MAIL: "<>" is the null sender
  kForward,  // of RCPT: "<postmaster>" needs no domain
};

struct Path {
  std::optional<Address> address;  // nothing for "<>"
  std::string_view rest;           // what follows the ">"
};

// The path in angle brackets at the start of `text`. Quoted strings may hold ">" and spaces.
absl::StatusOr<Path> ParsePath(std::string_view text, PathKind kind,
                               Utf8Policy utf8 = Utf8Policy::kRefuse);

// RFC 5321 4.1.2 Dot-string (with UTF-8 as RFC 6531 extends atext).
bool IsDotString(std::string_view text);

}  // namespace pennypost::mail
