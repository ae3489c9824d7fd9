#pragma once
// SQL as constants; tools/embed_sql.py makes them from sql/queries/*.sql and sql/migrations/*.sql.

#include <string_view>

namespace pennypost::pg {

// One statement, prepared on each connection at its first use. The name is that of its file.
struct Statement {
  std::string_view name;
  std::string_view sql;
};

// One forward-only step of a schema.
struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

}  // namespace pennypost::pg
