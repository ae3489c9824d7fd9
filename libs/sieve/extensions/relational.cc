// :value and :count (RFC 5231) with i;ascii-numeric (RFC 4790 9.1): match.cc compares.

#include "sieve/extensions/extensions.h"

namespace pennypost::sieve {

Extension RelationalExtension() {
  return {.capabilities = {{"relational"}, {"comparator-i;ascii-numeric"}},
          .tags = {{.trait = kMatch,
                    .tag = {.name = "value",
                            .capability = "relational",
                            .value = ValueType::kString,
                            .group = "match"}},
                   {.trait = kMatch,
                    .tag = {.name = "count",
                            .capability = "relational",
                            .value = ValueType::kString,
                            .group = "match"}}}};
}

}  // namespace pennypost::sieve
