#include "mime/structure.h"

#include <cstring>

#include "base/text.h"
#include "mime/fields.h"

namespace pennypost::mime {
namespace {

constexpr size_t kMaxHeader = 1 << 20;

// An open multipart, or an open message/rfc822 (without a boundary).
struct Frame {
  uint32_t part;
  std::string boundary;
  bool closed = false;  // its last boundary was seen; the epilogue follows
};

// A line that ends the part before it.
struct BoundaryLine {
  size_t begin = 0;  // of its "--"
  size_t end = 0;    // behind its line end
  size_t frame = 0;  // index of the frame it belongs to
  bool last = false;
};

class Parser {
 public:
  Parser(std::string_view message, const StructureLimits& limits)
      : text_(message), limits_(limits) {}

  Structure Parse() {
    out_.size = text_.size();
    out_.envelopes.emplace_back();
    size_t at = OpenEntity(0, 0, "text", "plain");
    while (!frames_.empty()) {
      std::optional<BoundaryLine> line = FindBoundary(at);
      if (!line) break;
      // RFC 2046 5.1.1: the line end before a boundary line belongs to the boundary.
      CloseFrames(line->frame + 1, BeforeLineEnd(line->begin));
      CloseLeaf(BeforeLineEnd(line->begin));
      if (line->last) {
        frames_.back().closed = true;
        at = line->end;
        continue;
      }
      uint32_t parent = frames_.back().part;
      bool digest = out_.parts[parent].subtype == "digest";
      at = OpenEntity(parent, line->end, digest ? "message" : "text", digest ? "rfc822" : "plain");
    }
    CloseFrames(0, text_.size());
    return std::move(out_);
  }

 private:
  // Parses the header at `at`, adds the part and, for containers, opens a frame. Returns where its
  // content starts.
  size_t OpenEntity(uint32_t parent, size_t at, const char* type, const char* subtype) {
    for (;;) {
      auto index = static_cast<uint32_t>(out_.parts.size());
      out_.parts.emplace_back();
      if (index != 0) out_.parts[parent].children.push_back(index);
      Part& part = out_.parts[index];
      part.parent = parent;
      part.type = type;
      part.subtype = subtype;
      part.header_offset = at;
      mail::HeaderBlock header = mail::ParseHeaderBlock(text_.substr(at, HeaderEnd(at) - at));
      if (header.truncated) out_.truncated = true;
      ReadContentFields(header, part);
      if (index == 0) {
        out_.envelopes[0] = ReadEnvelope(header);
      } else if (out_.parts[parent].type == "message") {
        out_.parts[parent].envelope = static_cast<uint32_t>(out_.envelopes.size());
        out_.envelopes.push_back(ReadEnvelope(header));
      }
      part.header_size = header.size;
      part.body_offset = at + header.size;
      lines_at_open_ = CountLinesTo(part.body_offset);
      at = part.body_offset;
      leaf_ = index;
      if (!OpenContainer(part, index)) return at;
      if (out_.parts[index].type != "message") return at;
      // The inner message of a message/rfc822 starts right here.
      parent = index;
      type = "text";
      subtype = "plain";
    }
  }

  // True if the part is a container whose frame is now open.
  bool OpenContainer(Part& part, uint32_t index) {
    bool message = part.type == "message" && (part.subtype == "rfc822" || part.subtype == "global");
    if (!message && !part.IsMultipart()) return false;
    // RFC 2046 5.2.1, RFC 2045 6.4: containers are never encoded. What claims to be is shown as it
    // stands.
    bool identity = part.encoding == "7bit" || part.encoding == "8bit" || part.encoding == "binary";
    if (message && !identity) return false;
    std::string mark = message ? "" : Boundary(part);
    if (!message && mark.empty()) {
      // Nothing separates its parts: text is the best a reader can be given.
      part.type = "text";
      part.subtype = "plain";
      return false;
    }
    // The rest of a message with too many parts is one leaf: nothing may split it.
    if (frames_.size() >= limits_.max_depth || out_.parts.size() >= limits_.max_parts) {
      part.type = "application";
      part.subtype = "octet-stream";
      part.params.clear();
      out_.truncated = true;
      return false;
    }
    frames_.push_back({index, std::move(mark)});
    opened_lines_.push_back(lines_at_open_);
    leaf_.reset();
    return true;
  }

  static std::string Boundary(const Part& part) {
    const std::string* plain = FindParam(part.params, "boundary");
    std::string mark = plain ? *plain : DecodedParam(part.params, "boundary").value_or("");
    // RFC 2046 5.1.1: a boundary does not end in white space, so a line's trailing space is not
    // part of it.
    while (!mark.empty() && IsWsp(mark.back())) mark.pop_back();
    return mark;
  }

  void CloseLeaf(size_t end) {
    if (!leaf_) return;
    Finish(*leaf_, end, lines_at_open_);
    leaf_.reset();
  }

  // Ends the content of all frames from `keep` on, innermost first.
  void CloseFrames(size_t keep, size_t end) {
    CloseLeaf(end);
    while (frames_.size() > keep) {
      Finish(frames_.back().part, end, opened_lines_.back());
      frames_.pop_back();
      opened_lines_.pop_back();
    }
  }

  void Finish(uint32_t index, size_t end, uint64_t lines_before) {
    Part& part = out_.parts[index];
    end = std::max<size_t>(end, part.body_offset);
    part.body_size = end - part.body_offset;
    part.lines = CountLinesTo(end) - lines_before;
  }

  // Where a header at `at` must end at the latest: behind an empty line, before a boundary, at the
  // limit.
  size_t HeaderEnd(size_t at) const {
    size_t limit = std::min(text_.size(), at + kMaxHeader + 1);
    for (size_t line = at; line < limit;) {
      size_t lf = text_.find('\n', line);
      size_t end = lf == std::string_view::npos ? text_.size() : lf + 1;
      size_t length = end - line;
      if (length == 1 || (length == 2 && text_[line] == '\r')) return end;
      if (text_[line] == '-' && !frames_.empty() && MatchBoundary(line, end)) return line;
      line = end;
    }
    return limit;
  }

  std::optional<BoundaryLine> FindBoundary(size_t at) {
    if (out_.parts.size() >= limits_.max_parts) {
      out_.truncated = true;
      return std::nullopt;
    }
    bool any = false;
    for (const Frame& frame : frames_) any = any || (!frame.closed && !frame.boundary.empty());
    if (!any) return std::nullopt;
    while (at < text_.size()) {
      const void* found = std::memchr(text_.data() + at, '\n', text_.size() - at);
      size_t end = found ? static_cast<size_t>(static_cast<const char*>(found) - text_.data()) + 1
                         : text_.size();
      if (text_[at] == '-') {
        if (auto line = MatchBoundary(at, end)) return line;
      }
      at = end;
    }
    return std::nullopt;
  }

  // RFC 2046 5.1.1. Where one open boundary is the beginning of another, the longer one is meant.
  std::optional<BoundaryLine> MatchBoundary(size_t begin, size_t end) const {
    std::string_view line = text_.substr(begin, end - begin);
    if (!line.starts_with("--")) return std::nullopt;
    line.remove_prefix(2);
    std::optional<BoundaryLine> best;
    size_t best_length = 0;
    for (size_t i = frames_.size(); i-- > 0;) {
      const std::string& mark = frames_[i].boundary;
      if (mark.size() <= best_length || frames_[i].closed || !line.starts_with(mark)) continue;
      std::string_view rest = line.substr(mark.size());
      bool last = rest.starts_with("--");
      if (!last && !Trim(rest).empty()) continue;
      best = BoundaryLine{begin, end, i, last};
      best_length = mark.size();
    }
    return best;
  }

  size_t BeforeLineEnd(size_t at) const {
    if (at > 0 && text_[at - 1] == '\n') --at;
    if (at > 0 && text_[at - 1] == '\r') --at;
    return at;
  }

  // Line ends before `at`; only ever asked forwards, so that one pass serves all parts.
  uint64_t CountLinesTo(size_t at) {
    while (counted_to_ < at) {
      const void* found = std::memchr(text_.data() + counted_to_, '\n', at - counted_to_);
      if (!found) {
        counted_to_ = at;
        break;
      }
      counted_to_ = static_cast<size_t>(static_cast<const char*>(found) - text_.data()) + 1;
      ++lines_;
    }
    return lines_;
  }

  std::string_view text_;
  const StructureLimits limits_;
  Structure out_;
  std::vector<Frame> frames_;
  std::vector<uint64_t> opened_lines_;  // beside frames_: lines before the content of each
  std::optional<uint32_t> leaf_;        // the part whose end is not known yet
  uint64_t lines_at_open_ = 0;
  size_t counted_to_ = 0;
  uint64_t lines_ = 0;
};

}  // namespace

Structure ParseStructure(std::string_view message, const StructureLimits& limits) {
  return Parser(message, limits).Parse();
}

std::optional<uint32_t> FindPart(const Structure& structure, std::span<const uint32_t> path) {
  uint32_t at = 0;
  bool inside = true;  // `at` is a message whose own body the next number addresses
  for (uint32_t number : path) {
    if (number == 0) return std::nullopt;
    if (!inside && structure.parts[at].IsMessage()) {
      at = structure.parts[at].children[0];
      inside = true;
    }
    const Part& part = structure.parts[at];
    if (part.IsMultipart()) {
      if (number > part.children.size()) return std::nullopt;
      at = part.children[number - 1];
    } else if (!inside || number != 1) {
      return std::nullopt;
    }
    inside = false;
  }
  return at;
}

std::string FileName(const Part& part) {
  if (auto name = DecodedParam(part.disposition_params, "filename")) return *name;
  return DecodedParam(part.params, "name").value_or("");
}

}  // namespace pennypost::mime
