#pragma once
// Address lists of From, To and the like (RFC 5322 3.4), obsolete and broken forms taken as well as
// they can be read.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mime {

// One entry of a list, in the shape of an IMAP ENVELOPE address (RFC 9051 7.5.2).
struct Address {
  enum class Kind : uint8_t {
    kMailbox,
    kGroupStart,  // `mailbox` is the name of the group
    kGroupEnd,
  };
  Kind kind = Kind::kMailbox;
  std::string name;     // display name, encoded-words left; the comment if there is no other name
  std::string route;    // obsolete source route, "@a,@b"
  std::string mailbox;  // local part without quotes
  std::string host;     // empty where the list gives none
  bool operator==(const Address&) const = default;
};
using AddressList = std::vector<Address>;

// Entries after the first `limit` are left out. Linear time.
AddressList ParseAddressList(std::string_view field, size_t limit = 4096);

}  // namespace pennypost::mime
