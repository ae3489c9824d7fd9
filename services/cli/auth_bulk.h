#pragma once
// pennypost auth-check --jsonl: SPF, DKIM, ARC, DMARC and sealing in bulk, without a network. The
// code that judges is the one of the services; DNS comes with each line.

#include <istream>
#include <ostream>
#include <string>
#include <string_view>

namespace pennypost::cli {

// A longer line is answered with an error and its bytes are thrown away as they come.
inline constexpr size_t kMaxAuthLine = 64 << 20;

// The answer to one line of JSON, without a line end. Whatever the line holds, there is one.
std::string AuthCheckLine(std::string_view line);

// Answers `in` line by line, in order, each flushed.
void AuthCheckLines(std::istream& in, std::ostream& out);

}  // namespace pennypost::cli
