#pragma once
// Writes the content of a message after DATA (RFC 5321 4.5.2).
//
// Invariant (S2): whatever comes in, what goes out holds no lone CR or LF and no NUL, and CRLF.CRLF
// only as its end. A lone CR or LF becomes CRLF, a NUL is left out; changed() then tells that
// signatures over the content are void. The caller normalizes before it signs; this is the last
// line.

#include <string>
#include <string_view>

namespace pennypost::smtp {

class DotWriter {
 public:
  // Appends the wire form of the next piece of content to `out`.
  void Write(std::string_view content, std::string& out);
  // Appends the end of data, after a CRLF if the content did not end with one.
  void Finish(std::string& out);

  bool changed() const { return changed_; }

 private:
  void WriteText(std::string_view text, std::string& out);
  void EndLine(std::string& out);

  bool line_start_ = true;
  bool after_cr_ = false;  // a CR at the end of the last piece is not written yet
  bool changed_ = false;
};

}  // namespace pennypost::smtp
