#include "net/deflate_stream.h"

#include <zlib.h>

namespace pennypost::net {
namespace {

// A smaller window and hash than zlib's defaults: a mailbox front end holds many connections. What
// others send may use the full window.
constexpr int kOwnWindow = -12;
constexpr int kPeerWindow = -15;
constexpr int kMemoryLevel = 5;

Bytef* Zlib(char* bytes) {
  return reinterpret_cast<Bytef*>(bytes);
}

}  // namespace

struct DeflateStream::Codec {
  z_stream out{};
  z_stream in{};
  char input[2 << 10];
  // The peer ended its stream of blocks: nothing that follows can be read.
  bool ended = false;
  // The last inflate filled the caller's buffer: more may be ready without a new byte.
  bool more_ready = false;
};

DeflateStream::DeflateStream(std::shared_ptr<Stream> inner)
    : inner_(std::move(inner)), codec_(std::make_unique<Codec>()) {
  // These fail only without memory, where new has no hope either.
  bool ready = deflateInit2(&codec_->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kOwnWindow,
                            kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK &&
               inflateInit2(&codec_->in, kPeerWindow) == Z_OK;
  if (!ready) throw std::bad_alloc();
}

DeflateStream::~DeflateStream() {
  deflateEnd(&codec_->out);
  inflateEnd(&codec_->in);
}

Awaitable<absl::StatusOr<size_t>> DeflateStream::Read(char* buffer, size_t size,
                                                      absl::Duration timeout) {
  z_stream& in = codec_->in;
  for (;;) {
    if (codec_->ended) co_return size_t{0};
    if (in.avail_in > 0 || codec_->more_ready) {
      in.next_out = Zlib(buffer);
      in.avail_out = static_cast<uInt>(size);
      int result = inflate(&in, Z_SYNC_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        co_return UnavailableError("what came is not compressed");
      codec_->ended = result == Z_STREAM_END;
      codec_->more_ready = in.avail_out == 0;
      size_t got = size - in.avail_out;
      if (got > 0) co_return got;
      if (codec_->ended) continue;
    }
    auto read = co_await inner_->Read(codec_->input, sizeof codec_->input, timeout);
    if (!read.ok() || *read == 0) co_return read;
    in.next_in = Zlib(codec_->input);
    in.avail_in = static_cast<uInt>(*read);
  }
}

Awaitable<absl::Status> DeflateStream::Write(std::string_view bytes, absl::Duration timeout) {
  if (bytes.empty()) co_return absl::OkStatus();
  z_stream& out = codec_->out;
  constexpr size_t kPiece = 64 << 10;
  std::string piece;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, kPiece);
    bytes.remove_prefix(part.size());
    // zlib reads through a pointer to non-const, and writes nothing there.
    out.next_in = Zlib(const_cast<char*>(part.data()));
    out.avail_in = static_cast<uInt>(part.size());
    size_t made = 0;
    do {
      piece.resize(made + (4 << 10));
      out.next_out = Zlib(piece.data() + made);
      out.avail_out = static_cast<uInt>(piece.size() - made);
      // What is written is there for the peer to read, not held back for what follows.
      deflate(&out, bytes.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      made = piece.size() - out.avail_out;
    } while (out.avail_out == 0);
    if (made == 0) continue;
    absl::Status written = co_await inner_->Write(std::string_view(piece).substr(0, made), timeout);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

Awaitable<absl::Status> DeflateStream::StartTlsServer(const TlsServerContext&, absl::Duration) {
  co_return absl::FailedPreconditionError("TLS cannot start inside compression");
}

Awaitable<absl::Status> DeflateStream::StartTlsClient(const TlsClientContext&, const std::string&,
                                                      PeerVerification, absl::Duration) {
  co_return absl::FailedPreconditionError("TLS cannot start inside compression");
}

}  // namespace pennypost::net
