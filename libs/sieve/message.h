#pragma once
// The message a script looks at and may change (editheader). Header fields by libs/mail, parts by
// libs/mime; the tree is parsed when a test first asks for it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header.h"
#include "mime/structure.h"

namespace pennypost::sieve {

class Message {
 public:
  explicit Message(std::string bytes) { Replace(std::move(bytes)); }
  // The header points into the bytes.
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void Replace(std::string bytes);
  // What Revert goes back to is the message as it is now. Nothing is copied until it changes.
  void Mark() { marked_.reset(); }
  void Revert();
  const std::string& bytes() const { return bytes_; }
  const mail::HeaderBlock& header() const { return header_; }
  const mime::Structure& structure() const;

  // The values of all fields of that name in order, unfolded, encoded-words decoded.
  std::vector<std::string> Values(std::string_view name) const;
  // The same without decoding: for addresses, whose structure encoded-words would break.
  std::vector<std::string> RawValues(std::string_view name) const;
  // Of one MIME part.
  std::vector<std::string> PartValues(uint32_t part, std::string_view name) const;

  void AddField(std::string_view name, std::string_view value, bool at_end);
  // By the index in header().fields.
  void DeleteField(size_t index);

 private:
  std::string bytes_;
  std::optional<std::string> marked_;  // the bytes at Mark, once they are others
  mail::HeaderBlock header_;
  mutable std::optional<mime::Structure> structure_;
};

}  // namespace pennypost::sieve
