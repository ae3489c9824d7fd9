#pragma once
// Rows of a statement, in binary form. Views live as long as the result.

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

struct pg_result;

namespace pennypost::pg {

class Result {
 public:
  Result() = default;
  explicit Result(pg_result* result);

  int rows() const;
  bool empty() const { return rows() == 0; }
  // Rows an INSERT, UPDATE or DELETE touched.
  int64_t affected() const;

  bool IsNull(int row, int column) const;
  // Any integer type; 0 for NULL.
  int64_t Int(int row, int column) const;
  bool Bool(int row, int column) const { return Int(row, column) != 0; }
  // text, bytea, uuid as they are; empty for NULL.
  std::string_view Bytes(int row, int column) const;
  std::string Text(int row, int column) const { return std::string(Bytes(row, column)); }
  Uuid Id(int row, int column) const;
  absl::Time Time(int row, int column) const;
  std::vector<int64_t> Ints(int row, int column) const;
  std::vector<std::string> Texts(int row, int column) const;

 private:
  std::shared_ptr<pg_result> result_;
};

}  // namespace pennypost::pg
