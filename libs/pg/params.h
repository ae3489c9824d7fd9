#pragma once
// Parameters of a statement, in PostgreSQL's binary form with their types, so that nothing is
// quoted or parsed.

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace pennypost::pg {

class Params {
 public:
  Params& Int(int64_t value);
  Params& Text(std::string_view value);
  // The bytes must live until the statement has run: a message body is not copied.
  Params& Bytes(std::string_view value);
  Params& Bool(bool value);
  Params& Id(const Uuid& value);
  Params& Time(absl::Time value);
  Params& Null();

  Params& Ints(const std::vector<int64_t>& values);
  Params& Texts(const std::vector<std::string>& values);
  Params& Ids(const std::vector<Uuid>& values);
  Params& Times(const std::vector<absl::Time>& values);
  // Copied once, into the array.
  Params& ByteArrays(const std::vector<std::string_view>& values);

  // For libpq: parallel arrays.
  size_t size() const { return types_.size(); }
  const std::vector<uint32_t>& types() const { return types_; }
  std::vector<const char*> values() const;
  const std::vector<int>& lengths() const { return lengths_; }

 private:
  struct Slot {
    std::string owned;
    const char* borrowed = nullptr;
    bool null = false;
  };
  Params& Add(uint32_t type, std::string owned);

  std::vector<Slot> slots_;
  std::vector<uint32_t> types_;
  std::vector<int> lengths_;
};

// PostgreSQL counts microseconds from 2000-01-01.
int64_t ToPgMicros(absl::Time time);
absl::Time FromPgMicros(int64_t micros);

}  // namespace pennypost::pg
