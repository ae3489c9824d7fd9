#include "pg/result.h"

#include <libpq-fe.h>

#include "base/text.h"
#include "pg/params.h"

namespace pennypost::pg {
namespace {

int64_t BigEndian(std::string_view bytes) {
  if (bytes.empty()) return 0;
  int64_t value = static_cast<signed char>(bytes[0]);
  for (size_t i = 1; i < bytes.size(); ++i)
    value = value * 256 + static_cast<unsigned char>(bytes[i]);
  return value;
}

// Elements of a one-dimensional array in binary form; NULL elements come as empty.
std::vector<std::string_view> Elements(std::string_view array) {
  std::vector<std::string_view> out;
  if (array.size() < 20 || BigEndian(array.substr(0, 4)) == 0) return out;
  size_t at = 20;
  while (at + 4 <= array.size()) {
    int64_t length = BigEndian(array.substr(at, 4));
    at += 4;
    auto size = length < 0 ? size_t{0} : static_cast<size_t>(length);
    out.push_back(array.substr(at, size));
    at += size;
  }
  return out;
}

}  // namespace

Result::Result(pg_result* result) : result_(result, &PQclear) {}

int Result::rows() const {
  return result_ ? PQntuples(result_.get()) : 0;
}

int64_t Result::affected() const {
  return result_ ? static_cast<int64_t>(ParseUint(PQcmdTuples(result_.get())).value_or(0)) : 0;
}

bool Result::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Result::Bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Result::Int(int row, int column) const {
  return BigEndian(Bytes(row, column));
}

Uuid Result::Id(int row, int column) const {
  return Uuid::FromBytes(Bytes(row, column)).value_or(Uuid{});
}

absl::Time Result::Time(int row, int column) const {
  return IsNull(row, column) ? absl::InfinitePast() : FromPgMicros(Int(row, column));
}

std::vector<int64_t> Result::Ints(int row, int column) const {
  std::vector<int64_t> out;
  for (std::string_view element : Elements(Bytes(row, column))) out.push_back(BigEndian(element));
  return out;
}

std::vector<std::string> Result::Texts(int row, int column) const {
  std::vector<std::string> out;
  for (std::string_view element : Elements(Bytes(row, column))) out.emplace_back(element);
  return out;
}

}  // namespace pennypost::pg
