#include "testing/transcript.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "testing/splits.h"

namespace pennypost::testing {
namespace {

struct Expectation {
  int line = 0;
  std::string pattern;
  bool skip_to = false;            // S+
  std::string outcome = "accept";  // of a request
};

// Bytes of the client, and what must come of them.
struct Exchange {
  int line = 0;
  std::string bytes;
  std::vector<Expectation> requests;
  std::vector<Expectation> output;
};

struct Conversation {
  int line = 0;
  std::string options;
  std::vector<Exchange> exchanges;
};

std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    char c = text[++i];
    if (c == 'x') {
      out += HexDecode(text.substr(i + 1, 2)).value_or("?");
      i += 2;
    } else {
      out.push_back(c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c);
    }
  }
  return out;
}

// The session under test is the client: what the file calls S comes from its peer.
bool IsClient(const Conversation& conversation) {
  return TranscriptOption(conversation.options, "role") == "client";
}

// Parsed into conversations, or a complaint.
std::string Parse(std::string_view text, std::vector<Conversation>& out) {
  int number = 0;
  bool sending = false;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (Trim(line).empty() || line[0] == '#') continue;
    std::string_view kind = line.substr(0, line[0] == 'C' || line[0] == 'S' ? 2 : 1);
    std::string_view rest = line.substr(kind.size());
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    if (kind == "@") {
      out.push_back({number,
                     std::string(rest),
                     {{.line = number, .bytes = "", .requests = {}, .output = {}}}});
      sending = false;
      continue;
    }
    if (out.empty()) return fmt::format("{}: no session is open", number);
    auto& exchanges = out.back().exchanges;
    std::string swapped(kind);
    if (IsClient(out.back())) swapped[0] = kind[0] == 'C' ? 'S' : kind[0] == 'S' ? 'C' : kind[0];
    kind = swapped;
    if (kind == "C:" || kind == "C-") {
      if (!sending)
        exchanges.push_back({.line = number, .bytes = "", .requests = {}, .output = {}});
      exchanges.back().bytes += kind == "C:" ? std::string(rest) + "\r\n" : Unescaped(rest);
      sending = true;
      continue;
    }
    sending = false;
    Expectation expectation{.line = number, .pattern = std::string(rest)};
    if (kind == "S:" || kind == "S+") {
      expectation.skip_to = kind == "S+";
      exchanges.back().output.push_back(expectation);
    } else if (kind == "?") {
      exchanges.back().requests.push_back(expectation);
    } else if (kind == "!" && !exchanges.back().requests.empty()) {
      exchanges.back().requests.back().outcome = rest;
    } else {
      return fmt::format("{}: cannot read this line", number);
    }
  }
  return "";
}

// One conversation in one split.
class Player {
 public:
  Player(const Conversation& conversation, const TranscriptFactory& factory)
      : conversation_(conversation), session_(factory(conversation.options)) {}

  std::string Play(size_t way) {
    if (!session_) return fmt::format("{}: the adapter refused the session", conversation_.line);
    for (const Exchange& exchange : conversation_.exchanges) {
      requests_.assign(exchange.requests.begin(), exchange.requests.end());
      unexpected_.clear();
      Drain();
      auto ways = Splits(exchange.bytes, 6, static_cast<uint32_t>(exchange.line));
      if (!exchange.bytes.empty()) {
        for (std::string_view piece : ways[way % ways.size()]) {
          session_->Feed(piece);
          Drain();
        }
      }
      std::string problem = Check(exchange);
      if (!problem.empty()) return problem;
    }
    return "";
  }

 private:
  void Drain() {
    for (;;) {
      TranscriptSession::Event event = session_->Next();
      switch (event.kind) {
        case TranscriptSession::Kind::kNeedInput:
          return;
        case TranscriptSession::Kind::kOutput:
          output_ += event.text;
          break;
        case TranscriptSession::Kind::kRequest:
          session_->Resume(OutcomeFor(event.text));
          break;
        case TranscriptSession::Kind::kStartTls:
          output_ += "[starttls]\r\n";
          session_->TlsStarted();
          break;
        case TranscriptSession::Kind::kClose:
          if (!closed_) output_ += "[close " + event.text + "]\r\n";
          closed_ = true;
          return;
      }
    }
  }

  std::string OutcomeFor(const std::string& request) {
    if (requests_.empty() || !GlobMatch(requests_.front().pattern, request)) {
      unexpected_ += "\n  raised: " + request;
      return "accept";
    }
    std::string outcome = requests_.front().outcome;
    requests_.pop_front();
    return outcome;
  }

  std::string Check(const Exchange& exchange) {
    if (!requests_.empty()) {
      return fmt::format("{}: request was not raised: {}{}", requests_.front().line,
                         requests_.front().pattern, unexpected_);
    }
    for (const Expectation& expected : exchange.output) {
      for (;;) {
        size_t end = output_.find("\r\n");
        if (end == std::string::npos) {
          return fmt::format("{}: no output left for: {}\n  rest: {}", expected.line,
                             expected.pattern, Escaped(output_));
        }
        std::string line = output_.substr(0, end);
        output_.erase(0, end + 2);
        if (GlobMatch(expected.pattern, line)) break;
        if (!expected.skip_to) {
          return fmt::format("{}: expected {}\n  got: {}", expected.line, expected.pattern, line);
        }
      }
    }
    // Lines of output that nobody asked for are left over only after an S+ of a longer reply.
    if (!output_.empty() && (exchange.output.empty() || !exchange.output.back().skip_to)) {
      return fmt::format("{}: output that was not expected: {}", exchange.line, Escaped(output_));
    }
    output_.clear();
    return "";
  }

  const Conversation& conversation_;
  std::unique_ptr<TranscriptSession> session_;
  std::deque<Expectation> requests_;
  std::string unexpected_;
  std::string output_;
  bool closed_ = false;
};

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c >= ' ' && c <= '~') {
      out.push_back(c);
    } else {
      out += "\\x" + HexEncode(std::string_view(&c, 1));
    }
  }
  return out;
}

std::string TranscriptOption(std::string_view options, std::string_view key,
                             std::string_view fallback) {
  for (std::string_view word : Split(options, ' ')) {
    size_t equals = word.find('=');
    if (equals != std::string_view::npos && word.substr(0, equals) == key) {
      return std::string(word.substr(equals + 1));
    }
  }
  return std::string(fallback);
}

std::string PlayTranscript(std::string_view name, std::string_view text,
                           const TranscriptFactory& factory) {
  constexpr size_t kWays = 8;  // whole, byte by byte, six random
  std::vector<Conversation> conversations;
  std::string problem = Parse(text, conversations);
  if (!problem.empty()) return fmt::format("{}:{}", name, problem);
  for (const Conversation& conversation : conversations) {
    size_t ways = TranscriptOption(conversation.options, "split") == "no" ? 1 : kWays;
    for (size_t way = 0; way < ways; ++way) {
      problem = Player(conversation, factory).Play(way);
      if (!problem.empty()) return fmt::format("{}:{} (split {})", name, problem, way);
    }
  }
  return "";
}

void PlayTranscripts(std::string_view directory, std::string_view ending,
                     const TranscriptFactory& factory) {
  std::filesystem::path root = std::filesystem::path(PP_SOURCE_DIR) / directory;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() == ending) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  EXPECT_FALSE(files.empty()) << "no transcripts in " << root;
  for (const auto& file : files) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    std::string problem = PlayTranscript(file.filename().string(), text.str(), factory);
    EXPECT_TRUE(problem.empty()) << problem;
  }
}

}  // namespace pennypost::testing
