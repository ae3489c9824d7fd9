#pragma once
// Sizes both ends of a call agree on.

namespace pennypost::rpc {

// A message travels whole: the largest mail (64 MiB) with its envelope.
constexpr int kMaxMessageBytes = 72 << 20;

}  // namespace pennypost::rpc
