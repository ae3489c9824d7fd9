#include "services/ingress/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("ingress", argc, argv, {&pennypost::ingress::Create});
}
