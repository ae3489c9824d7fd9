#pragma once
// A message as a multi-line response (RFC 1939 3), piece by piece.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::pop3 {

class DotStuffer {
 public:
  // With `body_lines`: the header, the empty line and so many lines of the body (TOP).
  explicit DotStuffer(std::optional<uint64_t> body_lines) : body_lines_(body_lines) {}

  // True once what follows is not wanted any more.
  bool Write(std::string_view bytes, std::string& out);
  // The last line.
  void Finish(std::string& out) const;

 private:
  void EndLine();

  std::optional<uint64_t> body_lines_;
  bool in_body_ = false;
  bool line_start_ = true;
  bool line_empty_ = true;
  bool done_ = false;
};

}  // namespace pennypost::pop3
