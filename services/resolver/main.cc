#include "services/resolver/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("resolver", argc, argv, {&pennypost::resolver::Create});
}
