// :copy for fileinto and redirect (RFC 3894): the implicit keep stays.

#include "sieve/extensions/extensions.h"

namespace pennypost::sieve {

Extension CopyExtension() {
  return {.capabilities = {{"copy"}},
          .tags = {{.verb = "fileinto", .tag = {.name = "copy", .capability = "copy"}},
                   {.verb = "redirect", .tag = {.name = "copy", .capability = "copy"}}}};
}

}  // namespace pennypost::sieve
