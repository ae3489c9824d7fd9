#include "http/server.h"

#include <boost/beast/http.hpp>

#include "base/text.h"

namespace pennypost::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

std::string PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (auto byte = HexDecode(text.substr(i + 1, 2))) {
        out += *byte;
        i += 2;
        continue;
      }
    }
    out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
  }
  return out;
}

Request ToRequest(const Parser::value_type& message, const net::Peer& peer) {
  Request request;
  request.method = std::string(message.method_string());
  std::string target(message.target());
  size_t question = target.find('?');
  request.path = PercentDecode(std::string_view(target).substr(0, question), false);
  if (question != std::string::npos) {
    for (std::string_view pair : Split(std::string_view(target).substr(question + 1), '&')) {
      size_t equals = pair.find('=');
      std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
      request.query.emplace_back(PercentDecode(pair.substr(0, equals), true),
                                 PercentDecode(value, true));
    }
  }
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = message.body();
  request.peer = peer.address;
  return request;
}

std::string Render(const Response& response, bool head, bool keep_alive) {
  auto reason = beast::http::obsolete_reason(
      beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string(reason));
  out += fmt::format("Content-Length: {}\r\nContent-Type: {}\r\n", response.body.size(),
                     response.content_type);
  out += "X-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : response.headers) out += fmt::format("{}: {}\r\n", name, value);
  out += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  if (!head) out += response.body;
  return out;
}

std::string RenderError(const beast::error_code& error) {
  int status = 400;
  if (error == beast::http::error::header_limit) status = 431;
  if (error == beast::http::error::body_limit) status = 413;
  return Render({.status = status, .body = error.message() + "\n", .headers = {}}, false, false);
}

enum class ReadResult { kRequest, kClosed, kRefused };

// Reads until the parser has a whole request. `buffer` keeps what came behind it.
net::Awaitable<ReadResult> ReadRequest(net::Stream& stream, std::string& buffer, Parser& parser,
                                       const Limits& limits) {
  char chunk[16384];
  bool need_input = buffer.empty();
  while (!parser.is_done()) {
    if (need_input) {
      bool idle = buffer.empty() && !parser.got_some();
      auto n = co_await stream.Read(chunk, sizeof chunk, idle ? limits.idle : limits.request);
      if (!n.ok() || *n == 0) co_return ReadResult::kClosed;
      buffer.append(chunk, *n);
    }
    beast::error_code error;
    auto source = boost::asio::buffer(buffer.data(), buffer.size());
    size_t used = parser.put(source, error);
    buffer.erase(0, used);
    need_input = error == beast::http::error::need_more || used == 0;
    if (error && error != beast::http::error::need_more) {
      std::string answer = RenderError(error);
      co_await stream.Write(answer, limits.request);
      co_return ReadResult::kRefused;
    }
  }
  co_return ReadResult::kRequest;
}

}  // namespace

std::string Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return "";
}

std::string Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

net::Awaitable<void> Serve(std::shared_ptr<net::Stream> stream, net::Peer peer,
                           const net::DrainSignal& drain, Handler handler, Limits limits) {
  std::string buffer;
  while (!drain.draining()) {
    Parser parser;
    parser.eager(true);
    parser.header_limit(static_cast<uint32_t>(limits.header_bytes));
    parser.body_limit(limits.body_bytes);
    ReadResult result = co_await ReadRequest(*stream, buffer, parser, limits);
    if (result != ReadResult::kRequest) co_return;
    bool keep_alive = parser.get().keep_alive() && !drain.draining();
    Request request = ToRequest(parser.get(), peer);
    bool head = request.method == "HEAD";
    Response response = co_await handler(std::move(request));
    std::string bytes = Render(response, head, keep_alive);
    absl::Status written = co_await stream->Write(bytes, limits.request);
    if (!written.ok() || !keep_alive) co_return;
  }
}

}  // namespace pennypost::http
