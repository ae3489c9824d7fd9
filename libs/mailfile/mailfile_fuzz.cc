#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "mailfile/flags.h"
#include "mailfile/line_ends.h"
#include "mailfile/maildir.h"
#include "mailfile/mbox.h"

namespace {

using namespace pennypost::mailfile;

void Require(bool condition) {
  if (!condition) std::abort();
}

// All messages of a file that comes in pieces of `piece` bytes.
std::string Contents(std::string_view file, size_t piece) {
  MboxSplitter splitter(1 << 12);
  std::string all;
  for (;;) {
    auto event = splitter.Next();
    if (std::holds_alternative<MboxSplitter::NeedMore>(event)) {
      splitter.Feed(file.substr(0, piece));
      file.remove_prefix(std::min(piece, file.size()));
      if (file.empty()) splitter.Finish();
    } else if (auto* message = std::get_if<MboxSplitter::Message>(&event)) {
      Require(message->content.size() <= 1 << 12);
      all += message->content + '\0';
      DecodeMbox(message->content, MboxQuoting::kMboxrd);
    } else {
      return all;
    }
  }
}

}  // namespace

// Files of mail and names in a Maildir of any bytes: pieces do not matter, and what is encoded
// comes back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Require(Contents(input, size + 1) == Contents(input, 1));
  // A message in an mbox ends with a line end.
  std::string text(input);
  text.push_back('\n');
  MboxMail plain = DecodeMbox(text, MboxQuoting::kNone);
  std::string entry = EncodeMbox(plain.content, "a@b", absl::UnixEpoch(), {"\\Seen", "x"});
  MboxSplitter splitter(1 << 24);
  splitter.Feed(entry);
  splitter.Finish();
  auto event = splitter.Next();
  auto* message = std::get_if<MboxSplitter::Message>(&event);
  Require(message != nullptr);
  Require(DecodeMbox(message->content, MboxQuoting::kMboxrd).content == plain.content);
  Require(std::holds_alternative<MboxSplitter::End>(splitter.Next()));
  if (input.find('\r') == std::string_view::npos) Require(ToLf(ToCrlf(input)) == input);
  KeywordTable keywords = KeywordTable::Parse(input);
  CleanFlags(ParseMaildirName(input, keywords).flags);
  if (auto folder = FolderOfDirectory(input)) {
    if (pennypost::IsUtf8(*folder) && *folder != "INBOX")
      Require(FolderOfDirectory(DirectoryOfFolder(*folder)) == *folder);
  }
  return 0;
}
