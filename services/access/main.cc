#include "services/access/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("access", argc, argv, {&pennypost::access::Create});
}
