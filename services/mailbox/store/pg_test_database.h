#pragma once
// For tests: a migrated database of its own, since contracts want an empty store.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "mailbox_sql.h"
#include "pg/connection.h"
#include "pg/pool.h"

namespace pennypost::mailbox {

// With the first `steps` migrations, or all.
inline std::string NewTestDatabase(const std::string& name, size_t steps = SIZE_MAX) {
  std::string dsn = getenv("PENNYPOST_TEST_DSN");
  auto server = pg::Connection::Open(dsn);
  EXPECT_TRUE(server.ok());
  if (server.ok()) {
    EXPECT_TRUE((*server)->Execute("CREATE DATABASE " + name).ok());
  }
  dsn += " dbname=" + name;
  auto connection = pg::Connection::Open(dsn);
  EXPECT_TRUE(connection.ok());
  if (connection.ok()) {
    std::vector<pg::Migration> migrations = sql::Migrations();
    if (steps < migrations.size()) migrations.resize(steps);
    EXPECT_TRUE(pg::Migrate(**connection, "mailbox", migrations).ok());
  }
  return dsn;
}

}  // namespace pennypost::mailbox
