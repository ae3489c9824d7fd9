#pragma once
// What an operator's change means for a delivery: shared by all stores.

#include <string>
#include <vector>

#include "services/relay/core/types.h"

namespace pennypost::relay {

// The states a change applies to. Finished deliveries stay what they are.
inline std::vector<State> ChangeableStates(Change change) {
  switch (change) {
    case Change::kHold:
      return {State::kQueued, State::kLeased};
    case Change::kRelease:
      return {State::kHeld};
    case Change::kRetry:
      return {State::kQueued, State::kHeld};
    case Change::kCancel:
      return {State::kQueued, State::kLeased, State::kHeld};
  }
  return {};
}

inline State ChangedState(Change change) {
  if (change == Change::kHold) return State::kHeld;
  return change == Change::kCancel ? State::kCancelled : State::kQueued;
}

inline std::string_view ChangeEvent(Change change) {
  constexpr std::string_view kKinds[] = {"held", "released", "retried", "cancelled"};
  return kKinds[static_cast<size_t>(change)];
}

}  // namespace pennypost::relay
