// Oracle O5: without the right secret no sequence of responses ends in Success.
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "sasl/server.h"

using namespace pennypost::sasl;

// First byte: mechanism; then responses parted by 0xFF bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ScramKeys keys = DeriveScramKeys("long and secret", "saltsalt", 4096);
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto mechanism = NewServerMechanism(ServerMechanismNames()[data[0] % 3], "nonce");
  auto responses = pennypost::Split(text.substr(1), '\xFF');
  ServerStep step =
      mechanism->Start(data[0] & 4 ? std::nullopt : std::optional<std::string_view>(responses[0]));
  for (size_t i = 1; i < responses.size(); ++i) {
    if (auto* check = std::get_if<NeedPasswordCheck>(&step)) {
      bool right = check->user == "user" && check->password == "long and secret";
      if (right) return 0;
      step = mechanism->PasswordChecked(PasswordResult::kWrong);
    } else if (std::holds_alternative<NeedScramKeys>(step)) {
      step = mechanism->ScramKeysFetched(keys);
    } else {
      step = mechanism->Respond(responses[i]);
    }
    if (std::holds_alternative<Success>(step)) std::abort();
  }
  return 0;
}
