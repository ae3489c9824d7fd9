#include <arpa/inet.h>

#include "base/text.h"
#include "services/resolver/core/dns.h"

namespace pennypost::resolver {
namespace {

uint8_t Byte(std::string_view data, size_t at) {
  return static_cast<uint8_t>(data[at]);
}

// RFC 1035 3.1: length and bytes of each label, ended by an empty one. libunbound leaves nothing
// compressed.
bool DecodeName(std::string_view data, std::string& name) {
  name.clear();
  while (!data.empty()) {
    size_t length = Byte(data, 0);
    if (length == 0) return true;
    if (length > 63 || data.size() <= length) return false;
    if (!name.empty()) name.push_back('.');
    for (char c : data.substr(1, length)) {
      if (IsAlpha(c) || IsDigit(c) || c == '-' || c == '_') {
        name.push_back(c);
        continue;
      }
      int value = static_cast<uint8_t>(c);
      name += {'\\', static_cast<char>('0' + value / 100), static_cast<char>('0' + value / 10 % 10),
               static_cast<char>('0' + value % 10)};
    }
    data.remove_prefix(length + 1);
  }
  return false;
}

// RFC 1035 3.3.14: strings with a length byte each.
bool DecodeStrings(std::string_view data, std::string& joined) {
  while (!data.empty()) {
    size_t length = Byte(data, 0);
    if (data.size() <= length) return false;
    joined.append(data.substr(1, length));
    data.remove_prefix(length + 1);
  }
  return true;
}

bool DecodeAddress(std::string_view data, int family, size_t size, std::string& out) {
  char text[INET6_ADDRSTRLEN] = {};
  if (data.size() != size || inet_ntop(family, data.data(), text, sizeof text) == nullptr)
    return false;
  out = text;
  return true;
}

}  // namespace

bool DecodeRecord(Type type, std::string_view data, Record& record) {
  switch (type) {
    case Type::kA:
      return DecodeAddress(data, AF_INET, 4, record.value);
    case Type::kAaaa:
      return DecodeAddress(data, AF_INET6, 16, record.value);
    case Type::kMx:
      if (data.size() < 3) return false;
      record.preference = static_cast<uint16_t>(Byte(data, 0) << 8 | Byte(data, 1));
      return DecodeName(data.substr(2), record.value);
    case Type::kTxt:
      return DecodeStrings(data, record.value);
    case Type::kTlsa:
      if (data.size() < 4) return false;
      record.usage = Byte(data, 0);
      record.selector = Byte(data, 1);
      record.matching = Byte(data, 2);
      record.value = std::string(data.substr(3));
      return true;
    case Type::kPtr:
    case Type::kCname:
    case Type::kNs:
    case Type::kSoa:
      return DecodeName(data, record.value);
  }
  return false;
}

}  // namespace pennypost::resolver
