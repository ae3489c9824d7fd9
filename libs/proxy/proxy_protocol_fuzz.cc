// Oracle O1: what a whole header says, its bytes one by one say at the same length.
#include <cstdint>
#include <cstdlib>

#include "proxy/proxy_protocol.h"

using namespace pennypost::proxy;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  ProxyHeader whole;
  size_t length = 0;
  ProxyResult result = ParseProxyHeader(input, whole, length);
  if (result == ProxyResult::kNeedInput && size > kMaxProxyHeader) std::abort();
  ProxyHeader part;
  size_t part_length = 0;
  ProxyResult first = ProxyResult::kNeedInput;
  for (size_t n = 1; n <= size && first == ProxyResult::kNeedInput; ++n) {
    first = ParseProxyHeader(input.substr(0, n), part, part_length);
  }
  if (size == 0) return 0;
  if (first != result) std::abort();
  if (result == ProxyResult::kDone && (part_length != length || part.client != whole.client)) {
    std::abort();
  }
  return 0;
}
