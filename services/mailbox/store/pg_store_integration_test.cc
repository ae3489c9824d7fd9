#include "services/mailbox/store/pg_store.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <cstdlib>

#include "mailbox_sql.h"
#include "services/mailbox/store/script_contract.h"
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
  ScriptContract(store).Run();
  auto orphans = (*connection)
                     ->Execute(
                         "DO $$ BEGIN IF EXISTS (SELECT 1 FROM mailbox_blobs b WHERE NOT EXISTS "
                         "(SELECT 1 FROM mailbox_emails e WHERE "
                         "e.blob_id = b.blob_id)) THEN RAISE 'orphan blobs'; END IF; END $$");
  EXPECT_TRUE(orphans.ok());
}

// Statements are planned once, often while the store is empty: what was cheap then must stay so.
TEST(MailboxPgStore, NoStatementReadsATable) {
  std::string dsn = getenv("PENNYPOST_TEST_DSN");
  auto connection = pg::Connection::Open(dsn);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE((*connection)->Execute("CREATE SCHEMA plans; SET search_path TO plans").ok());
  for (const pg::Migration& migration : sql::Migrations())
    ASSERT_TRUE((*connection)->Execute(std::string(migration.sql)).ok()) << migration.name;
  for (const pg::Statement& statement : sql::Statements()) {
    std::string text(statement.sql);
    if (text.starts_with("BEGIN") || text.starts_with("COMMIT")) continue;
    int count = 0;
    while (text.find(fmt::format("${}", count + 1)) != std::string::npos) ++count;
    std::string nulls = count == 0 ? "" : "(NULL";
    for (int i = 1; i < count; ++i) nulls += ", NULL";
    if (count > 0) nulls += ")";
    std::string prepare = fmt::format("PREPARE planned AS {}", text);
    std::string execute = fmt::format("EXPLAIN (COSTS OFF) EXECUTE planned{}", nulls);
    ASSERT_TRUE((*connection)->Execute(prepare).ok()) << statement.name;
    PGresult* plan = PQexec((*connection)->native(), execute.c_str());
    ASSERT_EQ(PQresultStatus(plan), PGRES_TUPLES_OK) << statement.name;
    std::string lines;
    for (int row = 0; row < PQntuples(plan); ++row)
      lines += fmt::format("{}\n", PQgetvalue(plan, row, 0));
    PQclear(plan);
    EXPECT_EQ(lines.find("Seq Scan"), std::string::npos) << statement.name << "\n" << lines;
    EXPECT_EQ(lines.find("Filter: (uid"), std::string::npos) << statement.name << "\n" << lines;
    ASSERT_TRUE((*connection)->Execute("DEALLOCATE planned").ok());
  }
  ASSERT_TRUE((*connection)->Execute("DROP SCHEMA plans CASCADE").ok());
}

}  // namespace
}  // namespace pennypost::mailbox
