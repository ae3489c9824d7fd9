#include "services/filter/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("filter", argc, argv, {&pennypost::filter::Create});
}
