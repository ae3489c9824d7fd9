// All services in one process: the same parts, wired to each other directly.

#include "services/access/app.h"
#include "services/directory/app.h"
#include "services/filter/app.h"
#include "services/ingress/app.h"
#include "services/mailbox/app.h"
#include "services/relay/app.h"
#include "services/resolver/app.h"
#include "services/web/app.h"

int main(int argc, char** argv) {
  using namespace pennypost;  // NOLINT: a parts list
  return runtime::Run("standalone", argc, argv,
                      {&resolver::Create, &filter::Create, &directory::Create, &mailbox::Create,
                       &relay::Create, &ingress::Create, &access::Create, &web::Create});
}
