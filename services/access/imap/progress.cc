#include "services/access/imap/progress.h"

#include <fmt/format.h>

namespace pennypost::access {

std::string ProgressLine(const std::string& tag) {
  // RFC 9585 4. A "]" in a tag would end the response code for a reader that looks for the first.
  bool told = !tag.empty() && tag.find(']') == std::string::npos;
  std::string detail = told ? fmt::format(" (\"{}\" NIL NIL)", tag) : "";
  return fmt::format("* OK [INPROGRESS{}] Still at work\r\n", detail);
}

net::Awaitable<void> ProgressTicker::Tick() {
  // Whether the client is still there shows when its answer is written.
  std::string line = ProgressLine(context_.tag);
  (void)co_await context_.sink.Write(line);
}

}  // namespace pennypost::access
