#include "mime/thread.h"

#include "base/text.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"

namespace pennypost::mime {
namespace {

// RFC 5256 5 subj-blob: "[" *BLOBCHAR "]" *WSP. The size of the blob at the start, 0 if there is
// none.
size_t BlobSize(std::string_view text) {
  if (!text.starts_with('[')) return 0;
  size_t end = text.find_first_of("[]", 1);
  if (end == std::string_view::npos || text[end] != ']') return 0;
  ++end;
  while (end < text.size() && IsWsp(text[end])) ++end;
  return end;
}

// RFC 5256 5 subj-refwd: ("re" / "fw" ["d"]) *WSP [subj-blob] ":".
size_t ReplyMarkSize(std::string_view text) {
  size_t at = text.starts_with("fwd")                            ? 3
              : text.starts_with("re") || text.starts_with("fw") ? 2
                                                                 : 0;
  if (at == 0) return 0;
  while (at < text.size() && IsWsp(text[at])) ++at;
  at += BlobSize(text.substr(at));
  return at < text.size() && text[at] == ':' ? at + 1 : 0;
}

// RFC 5256 5 subj-leader: any blobs before a reply mark, or white space.
size_t LeaderSize(std::string_view text) {
  if (!text.empty() && IsWsp(text[0])) return 1;
  size_t at = 0;
  while (size_t blob = BlobSize(text.substr(at))) at += blob;
  size_t mark = ReplyMarkSize(text.substr(at));
  return mark ? at + mark : 0;
}

// Steps 2 to 5 of RFC 5256 2.1. `reply` is set where a mark of a reply or forward goes.
void StripEnds(std::string_view& text, bool& reply) {
  for (;;) {
    text = Trim(text);
    if (!text.ends_with("(fwd)")) break;
    text.remove_suffix(5);
    reply = true;
  }
  for (;;) {
    if (size_t leader = LeaderSize(text)) {
      reply = reply || !IsWsp(text[0]);
      text.remove_prefix(leader);
      continue;
    }
    size_t blob = BlobSize(text);
    if (blob == 0 || blob == text.size()) break;
    text.remove_prefix(blob);
  }
}

}  // namespace

std::vector<std::string> ParseMessageIds(std::string_view field, size_t limit) {
  std::vector<std::string> ids;
  size_t at = 0;
  while ((at = field.find('<', at)) != std::string_view::npos) {
    size_t end = field.find_first_of("<>", at + 1);
    if (end == std::string_view::npos) break;
    if (field[end] == '>') {
      std::string id;
      for (char c : field.substr(at + 1, end - at - 1)) {
        if (!IsWsp(c) && c != '\r' && c != '\n') id.push_back(c);
      }
      if (!id.empty()) ids.push_back(std::move(id));
    }
    at = end;
  }
  if (ids.size() > limit) ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(limit));
  return ids;
}

Subject ParseSubject(std::string_view field) {
  std::string folded = FoldCase(DecodeHeader(field));
  // Step 1: runs of white space become one space.
  std::string subject;
  for (char c : folded) {
    if (!IsWsp(c))
      subject.push_back(c);
    else if (subject.empty() || subject.back() != ' ')
      subject.push_back(' ');
  }
  std::string_view text = subject;
  bool reply = false;
  for (;;) {
    StripEnds(text, reply);
    // Step 6: "[fwd: ...]" wraps a whole subject.
    if (!text.starts_with("[fwd:") || !text.ends_with(']')) break;
    text = text.substr(5, text.size() - 6);
    reply = true;
  }
  return {std::string(text), reply};
}

}  // namespace pennypost::mime
