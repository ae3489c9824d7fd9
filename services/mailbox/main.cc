#include "services/mailbox/app.h"

int main(int argc, char** argv) {
  return pennypost::runtime::Run("mailbox", argc, argv, {&pennypost::mailbox::Create});
}
