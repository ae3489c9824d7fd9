#include "services/mailbox/store/pg_store.h"

#include <cstdlib>

#include "mailbox_sql.h"
#include "services/mailbox/store/store_contract.h"

namespace pennypost::mailbox {
namespace {

TEST(MailboxPgStore, Contract) {
  std::string dsn = getenv("PENNYPOST_TEST_DSN");
  auto connection = pg::Connection::Open(dsn);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(pg::Migrate(**connection, "mailbox", sql::Migrations()).ok());
  PgStore store(dsn, 4, 4);
  StoreContract(store).Run();
  auto orphans = (*connection)
                     ->Execute(
                         "DO $$ BEGIN IF EXISTS (SELECT 1 FROM mailbox_blobs b WHERE NOT EXISTS "
                         "(SELECT 1 FROM mailbox_emails e WHERE "
                         "e.blob_id = b.blob_id)) THEN RAISE 'orphan blobs'; END IF; END $$");
  EXPECT_TRUE(orphans.ok());
}

}  // namespace
}  // namespace pennypost::mailbox
