#include "services/relay/core/types.h"

#include "base/text.h"

namespace pennypost::relay {
namespace {
constexpr std::string_view kStates[] = {"queued",    "leased",  "held",
                                        "delivered", "bounced", "cancelled"};
}

std::string_view StateName(State state) {
  return kStates[static_cast<size_t>(state)];
}

std::optional<State> StateFromName(std::string_view name) {
  for (size_t i = 0; i < std::size(kStates); ++i) {
    if (kStates[i] == name) return static_cast<State>(i);
  }
  return std::nullopt;
}

std::string DomainOf(std::string_view address) {
  size_t at = address.rfind('@');
  return at == std::string_view::npos ? "" : ToLower(address.substr(at + 1));
}

std::string RouteOf(const Recipient& recipient) {
  return recipient.account_id != 0 ? std::string(kLocalRoute) : DomainOf(recipient.address);
}

}  // namespace pennypost::relay
