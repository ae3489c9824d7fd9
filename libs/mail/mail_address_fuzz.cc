// Oracles: what parses is canonical (parse, write, parse is equal), free of control characters and
// within the limits.
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "mail/address.h"

using pennypost::mail::Address;
using pennypost::mail::ParseAddress;
using pennypost::mail::ParsePath;
using pennypost::mail::PathKind;
using pennypost::mail::Utf8Policy;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckAddress(const Address& address, Utf8Policy utf8) {
  std::string text = address.ToString();
  Require(text.size() <= 2 * pennypost::mail::kMaxAddress);
  for (char c : text) Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  Require(pennypost::IsUtf8(text) && pennypost::IsAscii(address.domain));
  if (address.domain.empty()) return;
  auto again = ParseAddress(text, utf8);
  Require(again.ok() && *again == address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (Utf8Policy utf8 : {Utf8Policy::kRefuse, Utf8Policy::kAllow}) {
    auto address = ParseAddress(text, utf8);
    if (address.ok()) CheckAddress(*address, utf8);
    for (PathKind kind : {PathKind::kReverse, PathKind::kForward}) {
      auto path = ParsePath(text, kind, utf8);
      if (path.ok() && path->address) CheckAddress(*path->address, utf8);
    }
  }
  return 0;
}
