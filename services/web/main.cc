#include "services/web/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("web", argc, argv, {&pennypost::web::Create});
}
