#include "services/mailbox/store/pg_store.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <cstdlib>

#include "mailbox_sql.h"
#include "services/mailbox/store/deleted_contract.h"
#include "services/mailbox/store/keeping_contract.h"
#include "services/mailbox/store/memory_blob_store.h"
#include "services/mailbox/store/pg_test_database.h"
#include "services/mailbox/store/rights_contract.h"
#include "services/mailbox/store/robustness_contract.h"
#include "services/mailbox/store/script_contract.h"
#include "services/mailbox/store/search_contract.h"
#include "services/mailbox/store/store_contract.h"

namespace pennypost::mailbox {
namespace {

std::string Answer(pg::Connection& connection, const std::string& query) {
  PGresult* result = PQexec(connection.native(), query.c_str());
  EXPECT_EQ(PQresultStatus(result), PGRES_TUPLES_OK) << PQresultErrorMessage(result);
  std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  return value;
}

void RunContracts(PgStore& store, pg::Connection& connection, KeepingContract::Corrupt corrupt) {
  StoreContract(store).Run();
  DeletedContract(store).Run();
  KeepingContract(store, std::move(corrupt)).Run();
  RightsContract(store).Run();
  RobustnessContract(store).Run();
  SearchContract(store).Run();
  ScriptContract(store).Run();
  // When all that was deleted is expired and collected, nothing is left that nobody has.
  while (store.ExpireDeleted(absl::ZeroDuration(), 500).value() > 0) {
  }
  while (store.CollectContents(absl::ZeroDuration(), 500).value() > 0) {
  }
  EXPECT_EQ(Answer(connection,
                   "SELECT count(*) FROM mailbox_blobs b WHERE NOT EXISTS "
                   "(SELECT 1 FROM mailbox_emails e WHERE e.blob_id = b.blob_id)"),
            "0");
  EXPECT_EQ(Answer(connection,
                   "SELECT count(*) FROM mailbox_emails e WHERE NOT EXISTS (SELECT 1 FROM "
                   "mailbox_blobs b WHERE e.blob_id = b.blob_id)"),
            "0");
  EXPECT_EQ(Answer(connection,
                   "SELECT count(*) FROM mailbox_emails e WHERE NOT EXISTS (SELECT 1 FROM "
                   "mailbox_messages m WHERE (m.account_id, m.email_id) = "
                   "(e.account_id, e.email_id))"),
            "0");
  EXPECT_EQ(Answer(connection, "SELECT count(*) FROM mailbox_loose_blobs"), "0");
  EXPECT_EQ(Answer(connection,
                   "SELECT count(*) FROM mailbox_search s WHERE NOT EXISTS (SELECT 1 FROM "
                   "mailbox_emails e WHERE (e.account_id, e.email_id) = "
                   "(s.account_id, s.email_id))"),
            "0");
}

TEST(MailboxPgStore, Contract) {
  std::string dsn = NewTestDatabase("inside");
  auto connection = *pg::Connection::Open(dsn);
  PgStore store(dsn, 4, 4);
  auto flip = [&connection](const Uuid& id) {
    ASSERT_TRUE(connection
                    ->Execute(fmt::format("UPDATE mailbox_blobs SET content = set_byte(content, "
                                          "octet_length(content) - 1, get_byte(content, "
                                          "octet_length(content) - 1) # 1) WHERE blob_id = '{}'",
                                          id.ToString()))
                    .ok());
  };
  RunContracts(store, *connection, flip);
}

TEST(MailboxPgStore, ContractWithAllContentsOutside) {
  std::string dsn = NewTestDatabase("outside");
  auto connection = *pg::Connection::Open(dsn);
  auto blobs = std::make_unique<MemoryBlobStore>();
  MemoryBlobStore& objects = *blobs;
  PgStore store(dsn, 4, 4, std::move(blobs), 1);
  auto flip = [&](const Uuid& id) {
    std::string query = "SELECT object FROM mailbox_blobs WHERE blob_id = '" + id.ToString() + "'";
    objects.Flip(Answer(*connection, query));
  };
  RunContracts(store, *connection, flip);
  // Each object is some content's: housekeeping removed the others with their rows.
  EXPECT_NE(Answer(*connection, "SELECT count(*) FROM mailbox_blobs WHERE object <> ''"), "0");
  while (!store.CollectOutside(absl::ZeroDuration(), "").value().last.empty()) {
  }
  auto page = objects.List("", 10'000);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(std::to_string(page->objects.size()),
            Answer(*connection, "SELECT count(*) FROM mailbox_blobs WHERE object <> ''"));
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
