#include "services/relay/store/memory_store.h"

#include "services/relay/store/store_contract.h"

namespace pennypost::relay {
INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, ::testing::Values([]() -> std::unique_ptr<Store> {
                           return std::make_unique<MemoryStore>(SystemClock());
                         }));
}  // namespace pennypost::relay
