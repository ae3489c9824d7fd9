#include <cstdint>
#include <string_view>

#include "managesieve/session.h"

// A session fed in pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::managesieve;
  if (size < 2) return 0;
  size_t piece = data[1] + 1u;
  std::string_view input(reinterpret_cast<const char*>(data + 2), size - 2);
  SessionOptions options;
  options.tls = data[0] & 1;
  options.max_script = 100;
  ServerSession session(options);
  if (data[0] & 2) session.Feed("AUTHENTICATE \"PLAIN\" \"AGFubgBzZWNyZXQ=\"\r\n");
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
    if (auto* put = std::get_if<PutScript>(request)) {
      if (put->content.size() > 8 << 10) __builtin_trap();
      session.Resume(Refused{"", put->content});
    } else if (auto* get = std::get_if<GetScript>(request)) {
      session.Resume(ScriptContent{get->name});
    } else if (std::holds_alternative<ListScripts>(*request)) {
      session.Resume(ScriptList{{{"a", true}, {"\r\n", false}}});
    } else {
      session.Resume(Accepted{});
    }
  }
  return 0;
}
