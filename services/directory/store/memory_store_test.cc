#include "services/directory/store/memory_store.h"

#include "services/directory/store/store_contract.h"

namespace pennypost::directory {
namespace {

TEST(DirectoryMemoryStore, Contract) {
  MemoryStore store;
  RunStoreContract(store);
}

}  // namespace
}  // namespace pennypost::directory
