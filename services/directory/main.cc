#include "services/directory/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("directory", argc, argv, {&pennypost::directory::Create});
}
