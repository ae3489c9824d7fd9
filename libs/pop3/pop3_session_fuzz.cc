#include <cstdint>
#include <string_view>

#include "pop3/session.h"

// A session fed in pieces; message bytes come from the input too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::pop3;
  if (size < 2) return 0;
  size_t piece = data[1] + 1u;
  std::string_view input(reinterpret_cast<const char*>(data + 2), size - 2);
  std::string_view whole = input;
  SessionOptions options;
  options.tls = data[0] & 1;
  ServerSession session(options);
  if (data[0] & 2) session.Feed("USER u\r\nPASS p\r\n");
  for (;;) {
    Step step = session.Next();
    if (std::holds_alternative<CloseConnection>(step)) break;
    if (std::holds_alternative<StartTls>(step)) session.TlsStarted();
    if (std::holds_alternative<NeedInput>(step)) {
      if (input.empty()) break;
      session.Feed(input.substr(0, piece));
      input.remove_prefix(std::min(piece, input.size()));
    }
    auto* request = std::get_if<Request>(&step);
    if (!request) continue;
    if (std::holds_alternative<OpenMaildrop>(*request)) {
      session.Resume(Maildrop{1, {{1, 10}, {2, 20}}});
    } else if (auto* read = std::get_if<ReadMessage>(request)) {
      std::string_view rest = whole.substr(std::min<size_t>(whole.size(), read->offset));
      session.Resume(MessageBytes{std::string(rest.substr(0, 7)), rest.size() <= 7});
    } else {
      session.Resume(Accepted{});
    }
  }
  return 0;
}
