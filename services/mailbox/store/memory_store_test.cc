#include "services/mailbox/store/memory_store.h"

#include "services/mailbox/store/script_contract.h"
#include "services/mailbox/store/store_contract.h"

namespace pennypost::mailbox {
namespace {

TEST(MailboxMemoryStore, Contract) {
  MemoryStore store;
  StoreContract(store).Run();
  ScriptContract(store).Run();
}

}  // namespace
}  // namespace pennypost::mailbox
