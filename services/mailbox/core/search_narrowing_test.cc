// A search that asks the index finds what the search that reads every message finds: over generated
// mail and generated keys.

#include <absl/strings/escaping.h>
#include <gtest/gtest.h>

#include <random>

#include "mime/structure.h"
#include "search/document.h"
#include "services/mailbox/core/search.h"

namespace pennypost::mailbox {
namespace {

using Key = v1::SearchKey;

constexpr const char* kWords[] = {"invoice",
                                  "Meeting",
                                  "re:",
                                  "a",
                                  "the",
                                  "Stra\u00dfe",
                                  "GR\u00dcSSE",
                                  "caf\u00e9",
                                  "na\u00efve",
                                  "\u0130stanbul",
                                  "\u4f1a\u8bae",
                                  "\u4eac\u90fd",
                                  "\u3053\u3093\u306b\u3061\u306f",
                                  "\u041f\u0440\u0438\u0432\u0435\u0442",
                                  "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
                                  "\U0001f600",
                                  "x=1&y",
                                  "100%",
                                  "foo@bar.example",
                                  "\ufb01n",
                                  "e\u0301"};

class NarrowingTest : public ::testing::Test {
 protected:
  size_t Below(size_t n) { return random_() % n; }

  std::string Words(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) text += Below(9) == 0 ? "\r\n" : " ";
      text += kWords[Below(std::size(kWords))];
      if (Below(4) == 0) text += std::to_string(Below(50));
    }
    return text;
  }
  static std::string Latin1(const std::string& utf8) {
    std::string out;
    for (size_t i = 0; i < utf8.size(); ++i) {
      auto c = static_cast<unsigned char>(utf8[i]);
      if (c < 0x80) out += utf8[i];
      if (c == 0xC3)
        out += static_cast<char>(0xC0 | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
    }
    return out;
  }
  static std::string Quoted(const std::string& bytes) {
    std::string out;
    for (char c : bytes) {
      if (c == '=' || static_cast<unsigned char>(c) >= 0x80)
        out += fmt::format("={:02X}", static_cast<unsigned char>(c));
      else
        out += c;
      if (out.size() - (out.rfind('\n') == std::string::npos ? 0 : out.rfind('\n')) > 70)
        out += "=\r\n";
    }
    return out;
  }
  static std::string Base64(const std::string& bytes) {
    std::string coded = absl::Base64Escape(bytes), out;
    for (size_t i = 0; i < coded.size(); i += 76) out += coded.substr(i, 76) + "\r\n";
    return out;
  }

  std::string Part(size_t words) {
    std::string text = Words(words);
    switch (Below(6)) {
      case 0:
        return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
               "base64\r\n\r\n" +
               Base64(text);
      case 1:
        return "Content-Type: text/plain; charset=iso-8859-1\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
               Quoted(Latin1(text));
      case 2:
        return "Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + text + "<br>R&amp;D <i>" +
               Words(3) + "</i><script>hidden</script>";
      case 3:
        return "Content-Type: text/plain\r\n\r\n" + Latin1(text);  // no charset, no UTF-8
      case 4:
        return "Content-Type: application/octet-stream\r\n\r\n" + text;
      default:
        return "Content-Type: text/plain; charset=\"utf-8\"\r\n\r\n" + text;
    }
  }
  std::string Message() {
    std::string subject = Words(1 + Below(6));
    for (char& c : subject) c = c == '\r' || c == '\n' ? ' ' : c;
    std::string header = "From: Ann <ann@x.example>\r\n";
    if (Below(2) == 0)
      header += "Subject: =?utf-8?b?" + absl::Base64Escape(subject) + "?=\r\n";
    else
      header += "Subject: " + subject + "\r\n folded " + Latin1(subject) + "\r\n";
    if (Below(5) == 0) header += "X-T\xe4st" + std::to_string(Below(3)) + ": " + subject + "\r\n";
    size_t words = Below(8) == 0 ? 3000 : Below(60);
    switch (Below(8)) {
      case 0:
        return header + "\r\n";
      case 1:
        return header;  // no end
      case 2:
        return "no header at all\r\n" + Words(20);
      case 3:
      case 4:
        return header +
               "Content-Type: multipart/alternative; boundary=q\r\n\r\npreamble\r\n--q\r\n" +
               Part(words) + "\r\n--q\r\n" + Part(Below(40)) +
               "\r\n--q\r\nContent-Type: message/rfc822\r\n\r\n" + header + Part(20) +
               "\r\n--q--\r\n";
      default:
        return header + Part(words);
    }
  }

  // A piece of what a message says, so that keys match: whole characters, in any case.
  std::string Piece() {
    const std::string& message = contents_[static_cast<uint32_t>(1 + Below(contents_.size()))];
    mail::HeaderBlock block = mail::ParseHeaderBlock(message);
    std::string text = search::BodyText(message, mime::ParseStructure(message));
    if (Below(3) == 0 && !block.fields.empty())
      text = search::HeaderLine(block.fields[Below(block.fields.size())]);
    if (text.empty()) return "x";
    auto inside = [&text](size_t at) {
      return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    };
    size_t begin = Below(text.size()), end = std::min(text.size(), begin + 1 + Below(40));
    while (inside(begin)) --begin;
    while (inside(end)) ++end;
    std::string piece = text.substr(begin, end - begin);
    if (Below(2) == 0) {
      for (char& c : piece) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    return piece;
  }

  Key RandomKey(int depth) {
    Key key;
    switch (Below(depth > 0 ? 8 : 5)) {
      case 5:
      case 6:
        key.set_op(Below(2) == 0 ? Key::OP_OR : Key::OP_AND);
        for (size_t i = 0; i < 2 + Below(2); ++i) *key.add_children() = RandomKey(depth - 1);
        return key;
      case 7:
        key.set_op(Key::OP_NOT);
        *key.add_children() = RandomKey(depth - 1);
        return key;
      case 0:
        key.set_op(Key::OP_HEADER);
        key.set_header(Below(3) == 0 ? "from" : "subject");
        break;
      case 1:
        key.set_op(Key::OP_BODY);
        break;
      case 2:
        key.set_op(Key::OP_FLAG);
        key.set_text("\\Seen");
        return key;
      default:
        key.set_op(Key::OP_TEXT);
    }
    key.set_text(Below(3) == 0 ? kWords[Below(std::size(kWords))] : Piece());
    return key;
  }

  void MakeFuzzy(Key& key) {
    key.set_fuzzy(Below(4) > 0);
    for (Key& child : *key.mutable_children()) MakeFuzzy(child);
  }

  void Fill(size_t messages) {
    for (uint32_t uid = 1; uid <= messages; ++uid) {
      contents_[uid] = Message();
      rows_.push_back(
          {uid, uid, contents_[uid].size(), absl::UnixEpoch(), Below(2) ? "\\Seen" : ""});
      // The last ones are not indexed yet.
      if (uid <= messages * 9 / 10) signatures_[uid] = search::Signatures(contents_[uid], 60'000);
    }
  }
  std::vector<uint32_t> Find(const Key& key, const Narrower& narrower) {
    auto load = [this](const std::vector<uint32_t>& uids,
                       Store::Want want) -> absl::StatusOr<std::vector<MessageContent>> {
      std::vector<MessageContent> out;
      for (uint32_t uid : uids) {
        ++loads_;
        MessageContent content;
        content.uid = uid;
        if (want.content) content.content = contents_[uid];
        if (want.header)
          content.header = contents_[uid].substr(0, mail::ParseHeaderBlock(contents_[uid]).size);
        out.push_back(content);
      }
      return out;
    };
    auto found = Search(key, rows_, absl::UnixEpoch(), load, narrower);
    EXPECT_TRUE(found.ok());
    std::vector<uint32_t> uids;
    for (const MessageRow& row : *found) uids.push_back(row.uid);
    return uids;
  }
  std::vector<uint32_t> MayHold(const std::vector<search::Gram>& grams) {
    std::vector<uint32_t> uids;
    for (const MessageRow& row : rows_) {
      auto indexed = signatures_.find(row.uid);
      bool may_hold = indexed == signatures_.end();
      for (size_t i = 0; !may_hold && i < indexed->second.size(); ++i)
        may_hold = search::MayHold(indexed->second[i], grams);
      if (may_hold) uids.push_back(row.uid);
    }
    std::shuffle(uids.begin(), uids.end(), random_);  // no order is promised
    return uids;
  }

  std::mt19937 random_{4711};
  std::map<uint32_t, std::string> contents_;
  std::vector<MessageRow> rows_;
  std::map<uint32_t, std::vector<std::string>> signatures_;
  int loads_ = 0;
};

TEST_F(NarrowingTest, FindsWhatReadingEveryMessageFinds) {
  Fill(300);
  auto may_hold = [this](const std::vector<search::Gram>& grams) { return MayHold(grams); };
  size_t matches = 0;
  for (int i = 0; i < 150; ++i) {
    Key key = RandomKey(3);
    auto all = Find(key, nullptr);
    ASSERT_EQ(Find(key, may_hold), all) << key.ShortDebugString();
    matches += all.size();
  }
  EXPECT_GT(matches, 1000u) << "the keys find something";
}

TEST_F(NarrowingTest, FuzzyKeysToo) {
  Fill(150);
  auto may_hold = [this](const std::vector<search::Gram>& grams) { return MayHold(grams); };
  for (int i = 0; i < 40; ++i) {
    Key key = RandomKey(2);
    MakeFuzzy(key);
    ASSERT_EQ(Find(key, may_hold), Find(key, nullptr)) << key.ShortDebugString();
  }
}

TEST_F(NarrowingTest, ReadsFewMessages) {
  Fill(300);
  Key key;
  key.set_op(Key::OP_TEXT);
  key.set_text("nobody wrote this");
  loads_ = 0;
  EXPECT_TRUE(Find(key, nullptr).empty());
  EXPECT_EQ(loads_, 300);
  loads_ = 0;
  auto may_hold = [this](const std::vector<search::Gram>& grams) { return MayHold(grams); };
  EXPECT_TRUE(Find(key, may_hold).empty());
  EXPECT_LT(loads_, 60) << "those not indexed, those with too much text, and a few by chance";
  Key negated;
  negated.set_op(Key::OP_NOT);
  *negated.add_children() = key;
  loads_ = 0;
  EXPECT_EQ(Find(negated, may_hold).size(), 300u);
  EXPECT_LT(loads_, 60);
}

TEST_F(NarrowingTest, AnErrorOfTheIndexIsAnErrorOfTheSearch) {
  Fill(20);
  Key key;
  key.set_op(Key::OP_TEXT);
  key.set_text("word");
  auto fails = [](const std::vector<search::Gram>&) -> absl::StatusOr<std::vector<uint32_t>> {
    return UnavailableError("no database");
  };
  auto load = [](const std::vector<uint32_t>&,
                 Store::Want) -> absl::StatusOr<std::vector<MessageContent>> {
    return std::vector<MessageContent>();
  };
  EXPECT_FALSE(Search(key, rows_, absl::UnixEpoch(), load, fails).ok());
}

}  // namespace
}  // namespace pennypost::mailbox
