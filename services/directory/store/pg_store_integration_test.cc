#include "services/directory/store/pg_store.h"

#include <cstdlib>

#include "directory_sql.h"
#include "services/directory/store/store_contract.h"

namespace pennypost::directory {
namespace {

TEST(DirectoryPgStore, Contract) {
  std::string dsn = getenv("PENNYPOST_TEST_DSN");
  auto connection = pg::Connection::Open(dsn);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(pg::Migrate(**connection, "directory", sql::Migrations()).ok());
  PgStore store(dsn, 4);
  RunStoreContract(store);

  // Nobody takes back what the audit log says, not even by hand.
  for (const char* statement : {"DELETE FROM directory_audit", "TRUNCATE directory_audit",
                                "UPDATE directory_audit SET actor = 'nobody'"}) {
    EXPECT_FALSE((*connection)->Execute(statement).ok()) << statement;
  }
}

// Two that want one address at the same time: one gets it.
TEST(DirectoryPgStore, AnAddressHasOneOwner) {
  std::string dsn = getenv("PENNYPOST_TEST_DSN");
  auto connection = pg::Connection::Open(dsn);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(pg::Migrate(**connection, "directory", sql::Migrations()).ok());
  PgStore store(dsn, 4);
  AuditRow audit = ContractEntry("contract", "x");
  DomainRow domain = ContractDomain("race.test");
  ASSERT_TRUE(store.InsertDomain(domain, audit).ok());
  for (int round = 0; round < 20; ++round) {
    std::string address = fmt::format("r{}@race.test", round);
    std::atomic<int> made{0};
    std::thread one([&] {
      AccountRow account = ContractAccount(address);
      made += store.InsertAccount("race.test", account, audit).ok() ? 1 : 0;
    });
    std::thread two([&] {
      made += store.InsertAlias("race.test", {address, {"x@y.test"}, false}, audit).ok() ? 1 : 0;
    });
    std::thread three([&] {
      GroupRow group;
      group.address = address;
      made += store.InsertGroup("race.test", group, audit).ok() ? 1 : 0;
    });
    one.join();
    two.join();
    three.join();
    EXPECT_EQ(made, 1) << address;
  }
}

}  // namespace
}  // namespace pennypost::directory
