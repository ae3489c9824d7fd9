#pragma once
// Segmentation invariance: every protocol core must behave the same however TCP cuts the bytes.

#include <cstdint>
#include <string_view>
#include <vector>

namespace pennypost::testing {

// The ways to feed one input: whole, byte by byte, then `random` seeded random cuts. Each way is a
// list of pieces that join to the input.
std::vector<std::vector<std::string_view>> Splits(std::string_view input, int random = 20,
                                                  uint32_t seed = 1);

}  // namespace pennypost::testing
