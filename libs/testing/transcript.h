#pragma once
// Protocol conversations as test files, played against a pure session core.
//
// clang-format off
//   # a comment
//   @ smtp inbound host=mx.example.org   opens a session; the words are for the protocol's adapter
//   S: 220 *                             the next line of output; * is a wildcard
//   S+ 250 *                             skips output up to the first line that matches
//   C: EHLO client.example               sent with CRLF; C lines without anything between go in one segment
//   C- a\nb\x00                          sent as it is, with the escapes \r \n \t \\ \xNN
//   ? check-sender a@client.example      the core must raise this request (* is a wildcard)
//   ! refuse 550 5.7.1 no                what the policy answers; without it the request is accepted
// clang-format on
//
// With role=client on the @ line the session is the client: S lines are sent to it (S- with
// escapes), C lines are expected of it (C+ skips).
//
// What no "?" names is accepted. "[starttls]" and "[close reason]" appear as lines of output. The
// order of S lines among themselves and of ? lines among themselves counts, between two groups of C
// lines; replies are gathered, so their order against requests does not. Each file is played whole,
// byte by byte and with seeded random splits, unless its @ line says split=no (bytes that must come
// in one segment).

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pennypost::testing {

// What a protocol's test gives the runner: its session behind one face.
class TranscriptSession {
 public:
  enum class Kind { kNeedInput, kOutput, kRequest, kStartTls, kClose };
  struct Event {
    Kind kind = Kind::kNeedInput;
    std::string text;  // output bytes, the request as text, or the reason of the close
  };

  virtual ~TranscriptSession() = default;
  virtual void Feed(std::string_view bytes) = 0;
  virtual Event Next() = 0;
  // `outcome` as written after "!", "accept" if nothing was.
  virtual void Resume(std::string_view outcome) = 0;
  virtual void TlsStarted() = 0;
};

using TranscriptFactory =
    std::function<std::unique_ptr<TranscriptSession>(std::string_view options)>;

// Plays one transcript in all splits. Empty if all is well, else what went wrong, with file and
// line.
std::string PlayTranscript(std::string_view name, std::string_view text,
                           const TranscriptFactory& factory);

// Plays every file of `directory` (relative to the source root) with that ending; a GoogleTest
// failure for each problem.
void PlayTranscripts(std::string_view directory, std::string_view ending,
                     const TranscriptFactory& factory);

// The value of "key=value" among the words of `options`; `fallback` if there is none.
std::string TranscriptOption(std::string_view options, std::string_view key,
                             std::string_view fallback = "");

// True where `text` is matched by `pattern`, whose * stands for any characters.
bool GlobMatch(std::string_view pattern, std::string_view text);

// Control characters, quotes and bytes over 126 as \r \n \t \\ \xNN.
std::string Escaped(std::string_view text);

}  // namespace pennypost::testing
