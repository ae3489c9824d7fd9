#include "testing/splits.h"

#include <random>

namespace pennypost::testing {

std::vector<std::vector<std::string_view>> Splits(std::string_view input, int random,
                                                  uint32_t seed) {
  std::vector<std::vector<std::string_view>> ways;
  ways.push_back({input});
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  ways.push_back(bytes);
  std::mt19937 rng(seed);
  for (int way = 0; way < random; ++way) {
    std::vector<std::string_view> pieces;
    // Half of the ways cut small, half large, so that both CRLF and whole commands get split.
    size_t largest = way % 2 == 0 ? 4 : 64;
    for (size_t at = 0; at < input.size();) {
      size_t n = std::min<size_t>(1 + rng() % largest, input.size() - at);
      pieces.push_back(input.substr(at, n));
      at += n;
    }
    ways.push_back(pieces);
  }
  return ways;
}

}  // namespace pennypost::testing
