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
  PgStore store(dsn, 2);
  RunStoreContract(store);
}

}  // namespace
}  // namespace pennypost::directory
