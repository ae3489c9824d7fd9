#pragma once
// The sets of ARC fields in a header (RFC 8617 4): found, numbered and in one piece, or not.

#include <string>
#include <string_view>
#include <vector>

#include "mail/header.h"
#include "mailauth/dkim_signature.h"

namespace pennypost::mailauth {

inline constexpr int kMaxArcInstance = 50;  // RFC 8617 4.2.1

// RFC 8617 4.4: what a chain is worth.
enum class ArcStatus { kNone, kPass, kFail };
std::string_view ArcStatusName(ArcStatus status);  // "pass"
std::optional<ArcStatus> ParseArcStatus(std::string_view name);

struct ArcSet {
  const mail::HeaderField* results = nullptr;            // ARC-Authentication-Results
  const mail::HeaderField* message_signature = nullptr;  // ARC-Message-Signature
  const mail::HeaderField* seal = nullptr;               // ARC-Seal
  TagList signature_tags, seal_tags;                     // of the last two
};

struct ArcChain {
  bool present = false;      // there is an ARC field at all
  int highest = 0;           // instance seen, of whatever field
  std::vector<ArcSet> sets;  // instance 1 first; all complete where `problem` is empty
  std::string problem;       // why the fields are no chain
};

// Pointers lead into `block`.
ArcChain ReadArcChain(const mail::HeaderBlock& block);

}  // namespace pennypost::mailauth
