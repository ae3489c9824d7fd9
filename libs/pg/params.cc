#include "pg/params.h"

#include "base/text.h"

namespace pennypost::pg {
namespace {

// Type numbers of pg_type.dat; they never change.
constexpr uint32_t kBool = 16, kBytea = 17, kInt8 = 20, kText = 25, kTimestamptz = 1184,
                   kUuid = 2950;
constexpr uint32_t kByteaArray = 1001, kTextArray = 1009, kInt8Array = 1016,
                   kTimestamptzArray = 1185, kUuidArray = 2951;
constexpr int64_t kEpochSeconds = 946'684'800;  // 2000-01-01 in Unix time

template <class Number>
void AppendBigEndian(std::string& out, Number value) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

// array_recv: dimensions, has-null flag, element type, length, lower bound, then length-prefixed
// elements.
std::string ArrayHeader(uint32_t element_type, size_t count) {
  std::string out;
  AppendBigEndian<int32_t>(out, count == 0 ? 0 : 1);
  AppendBigEndian<int32_t>(out, 0);
  AppendBigEndian<uint32_t>(out, element_type);
  if (count > 0) {
    AppendBigEndian<int32_t>(out, static_cast<int32_t>(count));
    AppendBigEndian<int32_t>(out, 1);
  }
  return out;
}

void AppendElement(std::string& out, std::string_view bytes) {
  AppendBigEndian<int32_t>(out, static_cast<int32_t>(bytes.size()));
  out += bytes;
}

std::string EightBytes(int64_t value) {
  std::string out;
  AppendBigEndian<int64_t>(out, value);
  return out;
}

}  // namespace

int64_t ToPgMicros(absl::Time time) {
  return absl::ToInt64Microseconds(time - absl::FromUnixSeconds(kEpochSeconds));
}
absl::Time FromPgMicros(int64_t micros) {
  return absl::FromUnixSeconds(kEpochSeconds) + absl::Microseconds(micros);
}

Params& Params::Add(uint32_t type, std::string owned) {
  types_.push_back(type);
  lengths_.push_back(static_cast<int>(owned.size()));
  slots_.push_back({.owned = std::move(owned), .borrowed = nullptr, .null = false});
  return *this;
}

Params& Params::Int(int64_t value) {
  return Add(kInt8, EightBytes(value));
}
Params& Params::Text(std::string_view value) {
  return Add(kText, std::string(value));
}
Params& Params::Bool(bool value) {
  return Add(kBool, std::string(1, value ? '\1' : '\0'));
}
Params& Params::Id(const Uuid& value) {
  return Add(kUuid, std::string(value.AsBytes()));
}
Params& Params::Time(absl::Time value) {
  return Add(kTimestamptz, EightBytes(ToPgMicros(value)));
}

Params& Params::Bytes(std::string_view value) {
  types_.push_back(kBytea);
  lengths_.push_back(static_cast<int>(value.size()));
  slots_.push_back({.owned = "", .borrowed = value.data(), .null = false});
  return *this;
}

Params& Params::Null() {
  types_.push_back(0);
  lengths_.push_back(0);
  slots_.push_back({.owned = "", .borrowed = nullptr, .null = true});
  return *this;
}

Params& Params::Ints(const std::vector<int64_t>& values) {
  std::string out = ArrayHeader(kInt8, values.size());
  for (int64_t value : values) AppendElement(out, EightBytes(value));
  return Add(kInt8Array, std::move(out));
}

Params& Params::Texts(const std::vector<std::string>& values) {
  std::string out = ArrayHeader(kText, values.size());
  for (const std::string& value : values) AppendElement(out, value);
  return Add(kTextArray, std::move(out));
}

Params& Params::Ids(const std::vector<Uuid>& values) {
  std::string out = ArrayHeader(kUuid, values.size());
  for (const Uuid& value : values) AppendElement(out, value.AsBytes());
  return Add(kUuidArray, std::move(out));
}

Params& Params::Times(const std::vector<absl::Time>& values) {
  std::string out = ArrayHeader(kTimestamptz, values.size());
  for (absl::Time value : values) AppendElement(out, EightBytes(ToPgMicros(value)));
  return Add(kTimestamptzArray, std::move(out));
}

Params& Params::ByteArrays(const std::vector<std::string_view>& values) {
  size_t size = 20;
  for (std::string_view value : values) size += 4 + value.size();
  std::string out = ArrayHeader(kBytea, values.size());
  out.reserve(size);
  for (std::string_view value : values) AppendElement(out, value);
  return Add(kByteaArray, std::move(out));
}

std::vector<const char*> Params::values() const {
  std::vector<const char*> out;
  out.reserve(slots_.size());
  for (const Slot& slot : slots_) {
    out.push_back(slot.null                  ? nullptr
                  : slot.borrowed != nullptr ? slot.borrowed
                                             : slot.owned.data());
  }
  return out;
}

}  // namespace pennypost::pg
