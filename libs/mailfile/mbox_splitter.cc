#include "mailfile/mbox.h"

namespace pennypost::mailfile {
namespace {

// A line may be longer than a message may be: more of it than this is taken in pieces.
constexpr size_t kMaxLine = 1 << 20;

bool IsEmptyLine(std::string_view line) {
  return line == "\n" || line == "\r\n";
}

std::string_view WithoutLineEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

// The next line with its end, or a piece of a very long one. False: more bytes are needed.
bool MboxSplitter::TakeLine(std::string_view* line) {
  size_t lf = buffer_.find('\n', scanned_);
  size_t end = lf == std::string::npos ? buffer_.size() : lf + 1;
  scanned_ = buffer_.size();
  bool whole = lf != std::string::npos || finished_ || end - at_ >= kMaxLine;
  if (!whole || end == at_) return false;
  *line = std::string_view(buffer_).substr(at_, end - at_);
  at_ = scanned_ = end;
  offset_ += line->size();
  return true;
}

bool MboxSplitter::IsFromLine(std::string_view line) const {
  if (!after_empty_ || !line.starts_with("From ")) return false;
  auto from = ParseFromLine(WithoutLineEnd(line));
  return from && (from->date || !needs_date_);
}

MboxSplitter::Message MboxSplitter::Cut() {
  Message message = *std::move(current_);
  current_.reset();
  // One empty line separates it from the next.
  std::string_view content = message.content;
  if (IsEmptyLine(content)) {
    content = "";
  } else if (content.ends_with("\n\r\n")) {
    content.remove_suffix(2);
  } else if (content.ends_with("\n\n")) {
    content.remove_suffix(1);
  }
  message.content.resize(content.size());
  return message;
}

MboxSplitter::Event MboxSplitter::Next() {
  if (ended_) return End{};
  std::string_view line;
  while (TakeLine(&line)) {
    if (!current_ && !line.starts_with("From ")) {
      // Empty lines before the first message do no harm.
      if (IsEmptyLine(line)) continue;
      ended_ = true;
      return NotMbox{};
    }
    if (!current_) needs_date_ = ParseFromLine(WithoutLineEnd(line))->date.has_value();
    if (!current_ || IsFromLine(line)) {
      std::optional<Message> done;
      if (current_) done = Cut();
      current_.emplace();
      current_->from = *ParseFromLine(WithoutLineEnd(line));
      current_->offset = offset_ - line.size();
      after_empty_ = false;
      buffer_.erase(0, at_);
      at_ = scanned_ = 0;
      if (done) return *std::move(done);
      continue;
    }
    after_empty_ = !mid_line_ && IsEmptyLine(line);
    mid_line_ = !line.ends_with('\n');
    if (current_->content.size() + line.size() > max_message_) current_->too_big = true;
    if (current_->too_big) {
      current_->content.clear();
    } else {
      current_->content += line;
    }
  }
  buffer_.erase(0, at_);
  scanned_ -= at_;
  at_ = 0;
  if (!finished_) return NeedMore{};
  ended_ = true;
  if (current_) return Cut();
  return End{};
}

}  // namespace pennypost::mailfile
