#include <cstdint>
#include <string_view>

#include "imap/session.h"

// A session before and after login, fed in pieces: never a crash, and every request gets an answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost::imap;
  if (size < 2) return 0;
  bool login = data[0] & 1;
  size_t piece = data[1] + 1u;
  std::string_view input(reinterpret_cast<const char*>(data + 2), size - 2);
  SessionOptions options;
  options.tls = true;
  options.max_message = 1 << 16;
  ServerSession session(options);
  if (login) session.Feed("a LOGIN u p\r\nb SELECT INBOX\r\n");
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
    auto* run = std::get_if<RunCommand>(request);
    if (!run) {
      session.Resume(LoggedIn{});
      continue;
    }
    Done done;
    done.result = Ok("");
    if (std::holds_alternative<Select>(run->body)) {
      MailboxView view(MailboxView::Info{});
      view.Load({{}, {"\\Seen"}}, {{3, 10, 1, 0, 0}, {5, 10, 2, 0, 1}});
      done.selection = Selection{std::move(view), false};
    }
    if (auto* search = std::get_if<Search>(&run->body);
        search && (search->returns & kReturnUpdate)) {
      UpdatedSearch kept{run->tag, search->numbers, search->key, {}, {3, 5}, {}};
      session.search_updates()->Add(std::move(kept), *session.view());
    }
    if (auto* notify = std::get_if<Notify>(&run->body)) session.SetNotify(*notify);
    if (std::holds_alternative<Noop>(run->body) && session.view()) {
      session.view()->Change({7, 11, 1, 0, {}});
      session.view()->Vanish({3});
    }
    if (auto* fetch = std::get_if<Fetch>(&run->body); fetch && session.view()) {
      (void)session.view()->Resolve(fetch->set, fetch->numbers);
    }
    session.Resume(std::move(done));
    session.PushUpdates();
  }
  return 0;
}
