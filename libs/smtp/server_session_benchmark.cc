// What the pure session costs: one mail of the given size, pipelined as a busy peer sends it.
#include <benchmark/benchmark.h>

#include "smtp/server_session.h"

namespace pennypost::smtp {
namespace {

std::string MakeContent(size_t size) {
  std::string content = "From: <a@b.example>\r\nSubject: a benchmark\r\n\r\n";
  while (content.size() < size)
    content.append(std::string_view(
        "The quick brown fox jumps over the lazy dog, as it did on every other day.\r\n"));
  content += ".\r\n";
  return content;
}

void Drain(ServerSession& session, std::string& body) {
  for (;;) {
    Step step = session.Next();
    if (auto* request = std::get_if<Request>(&step)) {
      if (auto* chunk = std::get_if<MessageChunk>(request)) body += chunk->bytes;
      if (std::holds_alternative<EndMessage>(*request)) body.clear();
      session.Resume(Accept{});
    } else if (std::holds_alternative<Output>(step)) {
      benchmark::DoNotOptimize(std::get<Output>(step).bytes.data());
    } else {
      return;
    }
  }
}

void BM_OneMail(benchmark::State& state) {
  SessionOptions options;
  options.hostname = "mx.example.org";
  ServerSession session(options);
  std::string body;
  Drain(session, body);
  session.Feed("EHLO client.example\r\n");
  Drain(session, body);
  std::string content = MakeContent(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    session.Feed(
        "MAIL FROM:<sender@client.example> SIZE=4096\r\n"
        "RCPT TO:<recipient@example.org>\r\nDATA\r\n");
    Drain(session, body);
    for (size_t at = 0; at < content.size(); at += 16384) {
      session.Feed(std::string_view(content).substr(at, 16384));
      Drain(session, body);
    }
    session.ClearAnswered();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * content.size()));
}
BENCHMARK(BM_OneMail)->Arg(256)->Arg(4096)->Arg(65536)->Arg(1 << 20);

}  // namespace
}  // namespace pennypost::smtp
