#pragma once
// The grammar of an SPF record (RFC 7208 12): text to terms. Any syntax error anywhere makes the
// whole record void (RFC 7208 4.6), so parsing ends before evaluation starts.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/ip.h"

namespace pennypost::mailauth {

// A <macro-string> in pieces.
struct SpfMacro {
  char letter = 0;          // 0: `literal` is plain text; else lower case
  bool url_escape = false;  // the letter was in upper case
  bool reverse = false;
  int keep = 0;  // right-hand parts to keep, 0 for all
  std::string delimiters = ".";
  std::string literal;
};
using SpfMacroString = std::vector<SpfMacro>;

enum class SpfMechanism { kAll, kInclude, kA, kMx, kPtr, kIp4, kIp6, kExists };
enum class SpfQualifier { kPass, kFail, kSoftFail, kNeutral };

struct SpfDirective {
  SpfQualifier qualifier = SpfQualifier::kPass;
  SpfMechanism mechanism = SpfMechanism::kAll;
  std::optional<SpfMacroString> domain;
  int prefix4 = 32;
  int prefix6 = 128;
  IpNetwork network;  // of ip4 and ip6
};

struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<SpfMacroString> redirect;
  std::optional<SpfMacroString> exp;
};

// RFC 7208 4.5: true for the TXT records that are SPF records at all.
bool IsSpfRecord(std::string_view txt);

// Nothing for a syntax error.
std::optional<SpfRecord> ParseSpfRecord(std::string_view txt);

// Where a macro-string stands decides what it may hold.
enum class SpfMacroPlace { kDomainSpec, kModifier, kExplanation };
std::optional<SpfMacroString> ParseSpfMacros(std::string_view text, SpfMacroPlace place);

}  // namespace pennypost::mailauth
