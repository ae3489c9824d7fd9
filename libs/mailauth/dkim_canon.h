#pragma once
// The canonical forms of RFC 6376 3.4: what is hashed is not quite what is sent.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::mailauth {

enum class Canon { kSimple, kRelaxed };

// One field with its name in the canonical form, CRLF at its end. `raw` is the field as it stands
// (RFC 6376 3.4.1, 3.4.2).
std::string CanonicalHeader(std::string_view raw, Canon canon);

// SHA-256 of the canonical body, in pieces of any size. One use: Add ..., then Finish once.
class BodyHasher {
 public:
  // With `limit` (tag l=) only that many canonical bytes count.
  explicit BodyHasher(Canon canon, std::optional<uint64_t> limit = {});
  ~BodyHasher();
  BodyHasher(BodyHasher&&) noexcept;
  BodyHasher& operator=(BodyHasher&&) noexcept;

  void Add(std::string_view bytes);
  // The 32 bytes of the hash.
  std::string Finish();
  // Canonical bytes of the whole body, beyond the limit too. After Finish.
  uint64_t canonical_size() const { return size_; }

 private:
  struct Digest;
  void Emit(std::string_view bytes);
  void EmitPending();
  void AddCharacters(std::string_view run);

  Canon canon_;
  std::optional<uint64_t> limit_;
  std::unique_ptr<Digest> digest_;
  uint64_t size_ = 0;
  uint64_t empty_lines_ = 0;  // line ends seen and not yet emitted: they count only if more follows
  bool space_ = false;        // relaxed: white space seen and not yet emitted
  bool cr_ = false;           // a CR at the end of the last piece
};

}  // namespace pennypost::mailauth
