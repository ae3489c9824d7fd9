// Validation of any ARC chain, with the key record as the input's first line, and what sealing
// makes of the same message.

#include "mailauth/arc_seal.h"
#include "mailauth/arc_verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::mailauth;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  std::string_view message = input.substr(line + 1);
  pennypost::mail::HeaderBlock block = pennypost::mail::ParseHeaderBlock(message);
  ArcVerifier arc(message.substr(0, block.size), {.unix_seconds = 1'700'000'000});
  arc.Body(message.substr(block.size));
  arc.EndBody();
  int queries = 0;
  while (arc.Next() != nullptr) {
    if (++queries > 3 * kMaxArcInstance) __builtin_trap();
    arc.Resume({DnsStatus::kOk, {std::string(input.substr(0, line))}, false});
  }
  if (arc.result().status == ArcStatus::kPass && arc.result().sealers.empty()) __builtin_trap();

  static const DkimPrivateKey key = *DkimPrivateKey::Generate(DkimAlgorithm::kEd25519Sha256);
  ArcSealOptions options{"mx.test", "example.org", "s", 1, {"from", "subject"}};
  std::optional<ArcStatus> recorded = RecordedArcStatus(block, options.authserv_id);
  auto fields = ArcSeal(message, recorded.value_or(arc.result().status), key, options);
  if (!fields.ok()) return 0;
  for (const std::string* text : {&fields->results, &fields->message_signature, &fields->seal}) {
    // No line end but a fold's: the field cannot be ended from inside.
    for (size_t i = 0; i < text->size(); ++i) {
      bool fold = (*text)[i] == '\r' && text->compare(i, 3, "\r\n ") == 0;
      if (fold) ++i;
      if (!fold && ((*text)[i] == '\r' || (*text)[i] == '\n')) __builtin_trap();
    }
  }
  return 0;
}
