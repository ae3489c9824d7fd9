#include "services/relay/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("relay", argc, argv, {&pennypost::relay::Create});
}
