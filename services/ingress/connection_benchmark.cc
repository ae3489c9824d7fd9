// What ingress costs a message, without sockets and with services that answer at once: driver,
// policy, protobuf.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "log/log.h"
#include "net/memory_stream.h"
#include "services/ingress/connection.h"
#include "services/ingress/fake_services.h"
#include "testing/fake_clock.h"

namespace pennypost::ingress {
namespace {

class DiscardingMailbox : public FakeMailbox {
 public:
  void Deliver(RpcController*, const mailbox::v1::DeliverRequest* request,
               mailbox::v1::DeliverResponse*, Closure* done) override {
    benchmark::DoNotOptimize(request->content().data());
    done->Run();
  }
};

class AllowingFilter : public filter::v1::FilterService {
 public:
  void Check(RpcController*, const filter::v1::CheckRequest*, filter::v1::CheckResponse* response,
             Closure* done) override {
    response->set_action(filter::v1::CheckResponse::ACTION_ALLOW);
    done->Run();
  }
};

void BM_Message(benchmark::State& state) {
  if (!log::Init("ingress", "error", "json").ok()) return state.SkipWithError("log");
  FakeDirectory directory;
  DiscardingMailbox mailbox;
  FakeRelay relay;
  AllowingFilter filter;
  clients::Clients clients;
  clients.directory = &directory;
  clients.mailbox = &mailbox;
  clients.relay = &relay;
  clients.filter = &filter;
  testing::FakeClock clock;
  IngressOptions options;
  options.hostname = "mx.example.org";
  options.connections_per_minute = 1'000'000'000;
  Platform platform(options, clients, clock, nullptr);
  std::string content = "From: <a@b.example>\r\nSubject: a benchmark\r\n\r\n";
  while (content.size() < static_cast<size_t>(state.range(0))) {
    content += "The quick brown fox jumps over the lazy dog, as it did on every other day.\r\n";
  }
  content += ".\r\n";
  constexpr int kMessages = 100;
  for (auto _ : state) {
    std::deque<std::string> pieces{"EHLO client.example\r\n"};
    for (int i = 0; i < kMessages; ++i) {
      pieces.push_back("MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
      pieces.push_back(content);
    }
    auto stream = std::make_shared<net::MemoryStream>(std::move(pieces));
    boost::asio::io_context io;
    auto run = RunConnection(stream, net::Peer{}, ListenerKind::kSmtp, platform);
    boost::asio::co_spawn(io, std::move(run), boost::asio::detached);
    io.run();
  }
  state.SetItemsProcessed(state.iterations() * kMessages);
}
BENCHMARK(BM_Message)->Arg(256)->Arg(4096)->Arg(65536);

}  // namespace
}  // namespace pennypost::ingress
