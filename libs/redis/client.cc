#include "redis/client.h"

#include <hiredis/hiredis.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>

#include "log/log.h"
#include "metrics/metrics.h"
#include "net/address.h"
#include "net/tcp_stream.h"

namespace pennypost::redis {
namespace {

namespace asio = boost::asio;
constexpr absl::Duration kBreaker = absl::Seconds(1);
constexpr size_t kMaxWaiting = 10000;

Reply Convert(const redisReply* reply) {
  Reply out;
  switch (reply->type) {
    case REDIS_REPLY_INTEGER:
      out.kind = Reply::Kind::kInteger;
      out.integer = reply->integer;
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = Reply::Kind::kArray;
      for (size_t i = 0; i < reply->elements; ++i) out.items.push_back(Convert(reply->element[i]));
      break;
    case REDIS_REPLY_NIL:
      break;
    default:
      out.kind = Reply::Kind::kString;
      out.text.assign(reply->str, reply->len);
  }
  return out;
}

// ["message", channel, what was published]: no answer to a command.
bool IsMessage(const redisReply& reply) {
  return reply.type == REDIS_REPLY_ARRAY && reply.elements == 3 &&
         reply.element[0]->type == REDIS_REPLY_STRING &&
         std::string_view(reply.element[0]->str, reply.element[0]->len) == "message" &&
         reply.element[2]->type == REDIS_REPLY_STRING;
}

std::string Format(const std::vector<std::string>& arguments) {
  std::string out = fmt::format("*{}\r\n", arguments.size());
  for (const std::string& argument : arguments)
    out += fmt::format("${}\r\n{}\r\n", argument.size(), argument);
  return out;
}

void CountFallback() {
  static auto& fallbacks = metrics::Counter("pennypost_redis_fallback_total",
                                            "Commands that went on without an answer of Redis");
  fallbacks.Increment();
}

// One command under way. The timer is how its coroutine waits; the answer cancels it.
struct Waiter {
  explicit Waiter(const net::Executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  std::optional<absl::StatusOr<Reply>> result;
};

}  // namespace

// All of it runs on one strand.
struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(asio::io_context& io, std::string where, std::string secret,
       std::function<void(const std::string&)> listener)
      : strand(asio::make_strand(io)),
        address(std::move(where)),
        password(std::move(secret)),
        on_message(std::move(listener)) {}

  asio::strand<asio::io_context::executor_type> strand;
  const std::string address;
  const std::string password;
  const std::function<void(const std::string&)> on_message;
  std::shared_ptr<net::Stream> stream;
  bool connecting = false;
  uint64_t generation = 0;  // of the connection; a late Connect of an older one gives up
  bool writing = false;
  std::string out;
  std::deque<std::shared_ptr<Waiter>> waiting;  // nullptr: nobody wants the answer
  absl::Time closed_until = absl::InfinitePast();

  static void Finish(const std::shared_ptr<Waiter>& waiter, absl::StatusOr<Reply> result) {
    if (!waiter) return;
    if (!result.ok()) CountFallback();
    waiter->result = std::move(result);
    waiter->timer.cancel();
  }

  void Fail(const absl::Status& why) {
    if (stream || connecting) log::Warning("redis.away", {{"err", MessageOf(why)}});
    closed_until = absl::Now() + kBreaker;
    stream.reset();
    ++generation;
    connecting = false;
    writing = false;
    out.clear();
    std::deque<std::shared_ptr<Waiter>> lost;
    lost.swap(waiting);
    for (const auto& waiter : lost) Finish(waiter, UnavailableError("redis is away"));
  }

  void Enqueue(const std::vector<std::string>& arguments, std::shared_ptr<Waiter> waiter) {
    if (address.empty() || absl::Now() < closed_until || waiting.size() >= kMaxWaiting) {
      Finish(waiter, UnavailableError("redis is away"));
      return;
    }
    out += Format(arguments);
    waiting.push_back(std::move(waiter));
    if (!stream && !connecting) {
      connecting = true;
      // AUTH goes first on a new connection.
      if (!password.empty()) {
        out.insert(0, Format({"AUTH", password}));
        waiting.push_front(nullptr);
      }
      asio::co_spawn(strand, Connect(shared_from_this()), asio::detached);
    } else if (stream && !writing) {
      writing = true;
      asio::co_spawn(strand, Write(shared_from_this(), stream), asio::detached);
    }
  }

  static net::Awaitable<void> Connect(std::shared_ptr<Impl> self) {
    uint64_t mine = self->generation;
    absl::StatusOr<std::unique_ptr<net::Stream>> opened = UnavailableError("no address");
    constexpr std::string_view kUnix = "unix:";
    if (self->address.starts_with(kUnix)) {
      std::string path = self->address.substr(kUnix.size());
      opened = co_await net::ConnectUnix(path, absl::Seconds(1));
    } else {
      auto at = net::ParseHostPort(self->address);
      if (at.ok()) {
        opened = co_await net::ConnectHost(at->host, at->port, absl::Seconds(1));
      } else {
        opened = at.status();
      }
    }
    if (self->generation != mine) co_return;
    if (!opened.ok()) {
      self->Fail(opened.status());
      co_return;
    }
    self->stream = *std::move(opened);
    self->connecting = false;
    self->writing = true;
    asio::co_spawn(self->strand, Write(self, self->stream), asio::detached);
    co_await Read(self, self->stream);
  }

  static net::Awaitable<void> Write(std::shared_ptr<Impl> self,
                                    std::shared_ptr<net::Stream> stream) {
    while (self->stream == stream && !self->out.empty()) {
      std::string batch;
      batch.swap(self->out);
      absl::Status status = co_await stream->Write(batch, absl::Seconds(5));
      if (!status.ok() && self->stream == stream) self->Fail(status);
    }
    if (self->stream == stream) self->writing = false;
  }

  static net::Awaitable<void> Read(std::shared_ptr<Impl> self,
                                   std::shared_ptr<net::Stream> stream) {
    std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreate(),
                                                                    &redisReaderFree);
    char buffer[16384];
    for (;;) {
      auto n = co_await stream->Read(buffer, sizeof buffer, absl::InfiniteDuration());
      if (self->stream != stream) co_return;
      if (!n.ok() || *n == 0) {
        self->Fail(n.ok() ? UnavailableError("connection closed") : n.status());
        co_return;
      }
      if (!self->TakeReplies(reader.get(), buffer, *n)) {
        self->Fail(UnavailableError("not the Redis protocol"));
        co_return;
      }
    }
  }

  bool TakeReplies(redisReader* reader, const char* bytes, size_t size) {
    if (redisReaderFeed(reader, bytes, size) != REDIS_OK) return false;
    for (;;) {
      void* raw = nullptr;
      if (redisReaderGetReply(reader, &raw) != REDIS_OK) return false;
      if (raw == nullptr) return true;
      std::unique_ptr<void, decltype(&freeReplyObject)> guard(raw, &freeReplyObject);
      const auto* reply = static_cast<const redisReply*>(raw);
      if (on_message && IsMessage(*reply)) {
        on_message(std::string(reply->element[2]->str, reply->element[2]->len));
        continue;
      }
      if (waiting.empty()) return false;
      auto waiter = waiting.front();
      waiting.pop_front();
      if (reply->type == REDIS_REPLY_ERROR) {
        Finish(waiter, BugError(std::string_view(reply->str, reply->len)));
      } else {
        Finish(waiter, Convert(reply));
      }
    }
  }
};

Client::Client(asio::io_context& io, std::string address, std::string password,
               std::function<void(const std::string&)> on_message)
    : impl_(std::make_shared<Impl>(io, std::move(address), std::move(password),
                                   std::move(on_message))) {}

// The connection ends with the io_context; nothing is sent any more.
Client::~Client() = default;

bool Client::configured() const {
  return !impl_->address.empty();
}

void Client::Send(std::vector<std::string> arguments) {
  asio::post(impl_->strand, [impl = impl_, arguments = std::move(arguments)] {
    impl->Enqueue(arguments, nullptr);
  });
}

net::Awaitable<absl::StatusOr<Reply>> Client::Command(std::vector<std::string> arguments,
                                                      absl::Duration timeout) {
  // The waiter's timer lives on the strand too, so that the answer cannot come between setting and
  // waiting.
  auto impl = impl_;
  auto run = [](std::shared_ptr<Impl> self, std::vector<std::string> words,
                absl::Duration at_most) -> net::Awaitable<absl::StatusOr<Reply>> {
    auto waiter = std::make_shared<Waiter>(self->strand);
    waiter->timer.expires_after(absl::ToChronoNanoseconds(at_most));
    self->Enqueue(words, waiter);
    if (!waiter->result) {
      boost::system::error_code ignored;
      std::tie(ignored) = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (!waiter->result) {
      // Too slow: later answers would be as late. Drop the connection and leave it alone for a
      // while.
      absl::Status slow = UnavailableError("redis did not answer in time");
      self->Fail(slow);
      co_return slow;
    }
    absl::StatusOr<Reply> result = *std::move(waiter->result);
    co_return result;
  };
  auto task = run(impl, std::move(arguments), timeout);
  absl::StatusOr<Reply> result =
      co_await asio::co_spawn(impl->strand, std::move(task), asio::use_awaitable);
  co_return result;
}

}  // namespace pennypost::redis
