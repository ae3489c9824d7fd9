// :user and :detail (RFC 5233), parted by "+" as our aliases are.

#include "sieve/extensions/extensions.h"

namespace pennypost::sieve {

Extension SubaddressExtension() {
  return {
      .capabilities = {{"subaddress"}},
      .tags = {{.trait = kAddressPart,
                .tag = {.name = "user", .capability = "subaddress", .group = "address-part"}},
               {.trait = kAddressPart,
                .tag = {.name = "detail", .capability = "subaddress", .group = "address-part"}}}};
}

}  // namespace pennypost::sieve
