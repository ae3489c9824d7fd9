#include "mailfile/mbox.h"

#include <gtest/gtest.h>

#include "testing/splits.h"

namespace pennypost::mailfile {
namespace {

std::vector<MboxSplitter::Message> Split(const std::vector<std::string>& pieces, bool* is_mbox,
                                         size_t max = 1 << 20) {
  MboxSplitter splitter(max);
  std::vector<MboxSplitter::Message> messages;
  *is_mbox = true;
  for (size_t next = 0;;) {
    auto event = splitter.Next();
    if (auto* message = std::get_if<MboxSplitter::Message>(&event)) {
      messages.push_back(*std::move(message));
    } else if (std::holds_alternative<MboxSplitter::NeedMore>(event)) {
      if (next < pieces.size()) {
        splitter.Feed(pieces[next++]);
      } else {
        splitter.Finish();
      }
    } else {
      *is_mbox = std::holds_alternative<MboxSplitter::End>(event);
      return messages;
    }
  }
}

// g++ 12 sees faults in chains of "+" on strings.
std::string Join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) out += part;
  return out;
}

std::vector<MboxSplitter::Message> Split(const std::string& file, size_t max = 1 << 20) {
  bool is_mbox = false;
  auto messages = Split(std::vector<std::string>{file}, &is_mbox, max);
  EXPECT_TRUE(is_mbox);
  // However the file is read, the messages are the same.
  std::vector<std::string> bytes;
  for (char c : file) bytes.emplace_back(1, c);
  auto again = Split(bytes, &is_mbox, max);
  EXPECT_EQ(again.size(), messages.size());
  for (size_t i = 0; i < std::min(again.size(), messages.size()); ++i) {
    EXPECT_EQ(again[i].content, messages[i].content);
    EXPECT_EQ(again[i].offset, messages[i].offset);
  }
  return messages;
}

const std::string kFrom = "From a@b.test Thu Nov 26 05:22:05 2026\n";

TEST(Mbox, CutsAtFromLinesBehindEmptyLines) {
  auto messages =
      Split(Join({kFrom, "Subject: 1\n\nFrom here on it is text\n\nFrom now on as well\n\n", kFrom,
                  "Subject: 2\n\nbody\nFrom a@b.test Thu Nov 26 05:22:05 2026\n\n\n"}));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].content, "Subject: 1\n\nFrom here on it is text\n\nFrom now on as well\n");
  EXPECT_EQ(messages[0].from.sender, "a@b.test");
  EXPECT_EQ(absl::ToUnixSeconds(*messages[0].from.date), 1795670525);
  // No empty line before it; and one of two at the end is the message's.
  EXPECT_EQ(messages[1].content, "Subject: 2\n\nbody\nFrom a@b.test Thu Nov 26 05:22:05 2026\n\n");
  EXPECT_EQ(messages[1].offset, 97u);
}

TEST(Mbox, TakesWhatProgramsWrite) {
  auto crlf = Split(
      "From - Thu Nov 26 05:22:05 2026\r\nA: b\r\n\r\nx\r\n\r\n"
      "From - Thu Nov 26 05:22:05 2026\r\nC: d\r\n\r\n\r\n");
  ASSERT_EQ(crlf.size(), 2u);
  EXPECT_EQ(crlf[0].content, "A: b\r\n\r\nx\r\n");
  EXPECT_EQ(crlf[1].content, "C: d\r\n\r\n");
  // Where the first has no date, none needs one.
  auto dateless = Split("From a\nA: b\n\nx\n\nFrom c\nC: d\n");
  ASSERT_EQ(dateless.size(), 2u);
  EXPECT_FALSE(dateless[0].from.date);
  EXPECT_EQ(dateless[1].content, "C: d\n");
  EXPECT_EQ(Split("").size(), 0u);
  EXPECT_EQ(Split("\n\n").size(), 0u);
  auto empty = Split(Join({kFrom, "\n", kFrom, "\n"}));
  ASSERT_EQ(empty.size(), 2u);
  EXPECT_EQ(empty[0].content, "");
  bool is_mbox = true;
  EXPECT_EQ(Split({"Subject: x\n\nno mbox\n"}, &is_mbox).size(), 0u);
  EXPECT_FALSE(is_mbox);
}

TEST(Mbox, FromLines) {
  for (const char* line :
       {"From x Thu Nov 26 05:22:05 2026", "From x Thu Nov 26 05:22:05 +0000 2026",
        "From x Thu Nov 26 06:22:05 2026 +0100", "From  x  Thu Nov 26 05:22:05 UTC 2026"}) {
    auto from = ParseFromLine(line);
    ASSERT_TRUE(from && from->date) << line;
    EXPECT_EQ(absl::ToUnixSeconds(*from->date), 1795670525) << line;
    EXPECT_EQ(from->sender, "x");
  }
  EXPECT_TRUE(ParseFromLine("From \"a b\"@c.test Thu Nov  6 05:22 2026")->date);
  EXPECT_FALSE(ParseFromLine("From me Thu and so on")->date);
  EXPECT_FALSE(ParseFromLine("From x Thu Nov 99 05:22:05 2026")->date);
  EXPECT_FALSE(ParseFromLine(">From x Thu Nov 26 05:22:05 2026"));
  EXPECT_EQ(MakeFromLine(" a b\n", absl::FromUnixSeconds(1795670525)),
            "From ab Thu Nov 26 05:22:05 2026");
}

TEST(Mbox, DatesOfHeaders) {
  auto seconds = [](std::string_view message) {
    auto date = DateOfHeader(message);
    return date ? absl::ToUnixSeconds(*date) : 0;
  };
  EXPECT_EQ(seconds("Received: by x;\n\tThu, 26 Nov 2026 05:22:05 +0000 (UTC)\nDate: Wed, 1 Jan "
                    "2020 00:00:00 GMT\n\n"),
            1795670525);
  EXPECT_EQ(seconds("Received: nonsense\nDate: 1 Jan 2020 00:00 +0000\n\n"), 1577836800);
  EXPECT_EQ(seconds("Date: yesterday\n\n"), 0);
  EXPECT_EQ(seconds("Subject: none\n\nDate: Wed, 1 Jan 2020 00:00:00 +0000\n"), 0);
}

TEST(Mbox, OneMessageTooBigLosesNoOther) {
  auto messages =
      Split(Join({kFrom, "A: b\n\n", std::string(300, 'x'), "\n\n", kFrom, "C: d\n\n"}), 100);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_TRUE(messages[0].too_big);
  EXPECT_EQ(messages[0].content, "");
  EXPECT_EQ(messages[1].content, "C: d\n");
}

TEST(Mbox, ALineOfAnyLength) {
  std::string file = Join({kFrom, "A: b\n\n", std::string(1 << 20, 'x'), "\n", kFrom});
  bool is_mbox = false;
  for (size_t chunk : {size_t{7777}, file.size()}) {
    std::vector<std::string> pieces;
    for (size_t at = 0; at < file.size(); at += chunk) pieces.push_back(file.substr(at, chunk));
    auto messages = Split(pieces, &is_mbox, 4 << 20);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0].content, file.substr(kFrom.size()));
  }
}

TEST(Mbox, FlagsComeOffAndGoOn) {
  MboxMail mail = DecodeMbox(
      "Status: RO\nSubject: x\nX-Status: AF\nX-Keywords: $Label1\n\tNonJunk bad{flag\nX-UID: 7\n\n"
      ">From a\n>>From b\nStatus: text\n",
      MboxQuoting::kMboxrd);
  EXPECT_EQ(mail.content, "Subject: x\n\nFrom a\n>From b\nStatus: text\n");
  EXPECT_EQ(mail.flags,
            (std::vector<std::string>{"\\Seen", "\\Answered", "\\Flagged", "$Label1", "NonJunk"}));
  EXPECT_EQ(DecodeMbox("\n>From a\n>>From b\n", MboxQuoting::kMboxo).content,
            "\nFrom a\n>>From b\n");
  EXPECT_EQ(DecodeMbox("\n>From a\n", MboxQuoting::kNone).content, "\n>From a\n");

  mail = DecodeMbox(
      "X-Mozilla-Status: 1007\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label2     \nA: b\n\n",
      MboxQuoting::kMboxrd);
  EXPECT_EQ(mail.content, "A: b\n\n");
  EXPECT_EQ(mail.flags, (std::vector<std::string>{"\\Seen", "\\Answered", "\\Flagged", "$Forwarded",
                                                  "$label2"}));
  EXPECT_TRUE(DecodeMbox("X-Mozilla-Status: 0009\n\n", MboxQuoting::kMboxrd).not_mail);
  EXPECT_TRUE(
      DecodeMbox("Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nx\n",
                 MboxQuoting::kMboxrd)
          .not_mail);
}

TEST(Mbox, WhatIsEncodedComesBack) {
  std::vector<std::string> flags = {"\\Answered", "\\Deleted", "\\Draft", "\\Flagged",
                                    "\\Seen",     "$Label1",   "work"};
  for (std::string content :
       {"", "\n", "A: b\n", "A: b\n\n", "A: b\n\nFrom x\n>From y\n>>>From z\n\n\n", "no header\n",
        "From x@y Thu Nov 26 05:22:05 2026\n", "From : odd field\n\nx\n", " leading\nA: b\n\n",
        "A: b\n folded\n\n\x01\xff\n", "A: b\r\n\r\nx\r\n"}) {
    std::string file = EncodeMbox(content, "a@b", absl::FromUnixSeconds(1795670525), flags);
    auto messages = Split(file + file);
    ASSERT_EQ(messages.size(), 2u) << content;
    for (const auto& message : messages) {
      MboxMail mail = DecodeMbox(message.content, MboxQuoting::kMboxrd);
      EXPECT_EQ(mail.content, content);
      EXPECT_EQ(mail.flags.size(), content.starts_with(' ') ? 0 : flags.size()) << content;
      EXPECT_EQ(absl::ToUnixSeconds(*message.from.date), 1795670525);
    }
  }
}

}  // namespace
}  // namespace pennypost::mailfile
