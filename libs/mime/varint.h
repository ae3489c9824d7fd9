#pragma once
// Bytes of the serialized structure: varints and length-prefixed strings.

#include <cstdint>
#include <string>
#include <string_view>

namespace pennypost::mime {

class Writer {
 public:
  void Byte(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void Number(uint64_t value) {
    while (value >= 0x80) {
      Byte(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    Byte(static_cast<uint8_t>(value));
  }
  void Text(std::string_view value) {
    Number(value.size());
    out_ += value;
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first error everything reads as zero or empty; the caller asks ok() once, or where a
// loop needs it.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint8_t Byte() {
    if (rest_.empty()) return Fail();
    auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  uint64_t Number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte = Byte();
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (!(byte & 0x80)) return value;
    }
    return Fail();
  }
  std::string_view Text() {
    uint64_t size = Number();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  // A count of things that take at least one byte each, so that no count makes us allocate more
  // than was sent.
  uint64_t Count() {
    uint64_t count = Number();
    return count <= rest_.size() ? count : Fail();
  }
  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  uint8_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace pennypost::mime
