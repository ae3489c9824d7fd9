#include "services/mailbox/store/memory_store.h"

#include "services/mailbox/store/deleted_contract.h"
#include "services/mailbox/store/keeping_contract.h"
#include "services/mailbox/store/rights_contract.h"
#include "services/mailbox/store/robustness_contract.h"
#include "services/mailbox/store/script_contract.h"
#include "services/mailbox/store/search_contract.h"
#include "services/mailbox/store/store_contract.h"

namespace pennypost::mailbox {
namespace {

TEST(MailboxMemoryStore, Contract) {
  MemoryStore store;
  StoreContract(store).Run();
  DeletedContract(store).Run();
  KeepingContract(store, [&store](const Uuid& id) { store.CorruptForTest(id.ToString()); }).Run();
  RightsContract(store).Run();
  RobustnessContract(store).Run();
  SearchContract(store).Run();
  ScriptContract(store).Run();
}

}  // namespace
}  // namespace pennypost::mailbox
