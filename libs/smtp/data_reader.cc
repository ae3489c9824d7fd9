#include "smtp/data_reader.h"

#include <cstring>

namespace pennypost::smtp {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool Holds(const char* data, size_t size, char c) {
  return size != 0 && std::memchr(data, c, size) != nullptr;
}

}  // namespace

void DataReader::Emit(char* data, size_t from, size_t to) {
  if (bare_ == BareLineFeeds::kNormalize) {
    normalized_.append(data + from, to - from);
    return;
  }
  if (written_ != from) std::memmove(data + written_, data + from, to - from);
  written_ += to - from;
}

// The bytes up to and with the LF at `lf`.
void DataReader::TakeLine(char* data, size_t from, size_t lf) {
  bool true_end = lf > from && data[lf - 1] == '\r';
  size_t text_end = true_end ? lf - 1 : lf;
  if (Holds(data + from, text_end - from, '\r')) malformed_ = true;
  if (true_end) {
    Emit(data, from, lf + 1);
  } else if (bare_ == BareLineFeeds::kNormalize) {
    Emit(data, from, lf);
    normalized_ += "\r\n";
  } else {
    malformed_ = true;
    Emit(data, from, lf + 1);
  }
  line_start_ = true_end;
}

DataReader::Result DataReader::Read(char* data, size_t size) {
  written_ = 0;
  normalized_.clear();
  size_t at = 0;
  bool done = false;
  while (at < size) {
    if (line_start_ && data[at] == '.') {
      size_t left = size - at;
      // Not decided yet: show these bytes again together with the next ones.
      if (left == 1 || (left == 2 && data[at + 1] == '\r')) break;
      if (data[at + 1] == '\r' && data[at + 2] == '\n') {
        at += 3;
        done = true;
        break;
      }
      ++at;  // RFC 5321 4.5.2
    }
    line_start_ = false;
    auto* lf = static_cast<char*>(std::memchr(data + at, '\n', size - at));
    if (lf == nullptr) {
      // A CR at the very end may be half of a CRLF.
      size_t end = data[size - 1] == '\r' ? size - 1 : size;
      if (Holds(data + at, end - at, '\r')) malformed_ = true;
      Emit(data, at, end);
      at = end;
      break;
    }
    auto lf_at = static_cast<size_t>(lf - data);
    TakeLine(data, at, lf_at);
    at = lf_at + 1;
  }
  std::string_view body(data, written_);
  if (bare_ == BareLineFeeds::kNormalize) body = normalized_;
  if (Holds(body.data(), body.size(), '\0')) malformed_ = true;
  return {at, body, done};
}

std::string_view ChunkReader::Read(std::string_view bytes) {
  normalized_.clear();
  const char* data = bytes.data();
  if (Holds(data, bytes.size(), '\0')) malformed_ = true;
  size_t copied = 0;
  for (size_t at = 0; at < bytes.size();) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes[at] == '\n') {
        ++at;
        continue;
      }
      malformed_ = true;
    }
    size_t lf = bytes.find('\n', at);
    size_t end = lf == kNone ? bytes.size() : lf;
    bool cr_before_end = end > at && bytes[end - 1] == '\r';
    if (Holds(data + at, end - at - (cr_before_end ? 1 : 0), '\r')) malformed_ = true;
    if (lf == kNone) {
      after_cr_ = cr_before_end;
      break;
    }
    if (!cr_before_end && bare_ == BareLineFeeds::kNormalize) {
      normalized_.append(bytes, copied, lf - copied);
      normalized_ += "\r\n";
      copied = lf + 1;
    } else if (!cr_before_end) {
      malformed_ = true;
    }
    at = lf + 1;
  }
  if (copied == 0) return bytes;
  normalized_.append(bytes, copied);
  return normalized_;
}

}  // namespace pennypost::smtp
