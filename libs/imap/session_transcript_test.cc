// Plays testdata/session/*.imap against the pure session.

#include <gtest/gtest.h>

#include "base/text.h"
#include "imap/session.h"
#include "testing/transcript.h"

namespace pennypost::imap {
namespace {

using testing::TranscriptOption;
using testing::TranscriptSession;

SessionOptions OptionsFrom(std::string_view text) {
  SessionOptions options;
  options.host = "imap.example";
  options.tls = TranscriptOption(text, "tls", "yes") == "yes";
  options.max_message = ParseUint(TranscriptOption(text, "message")).value_or(1000);
  return options;
}

std::string Text(const Request& request) {
  if (auto* check = std::get_if<CheckPassword>(&request))
    return "check-password " + check->user + " " + check->password;
  if (auto* keys = std::get_if<FetchScramKeys>(&request)) return "scram-keys " + keys->user;
  if (auto* end = std::get_if<FinishScram>(&request))
    return "finish-scram " + end->user + (end->success ? " yes" : " no");
  const auto& run = std::get<RunCommand>(request);
  std::string text = "run " + std::string(run.row->name);
  if (auto* append = std::get_if<Append>(&run.body)) {
    for (const auto& message : append->messages)
      text += " " + std::string(append->content(message));
  }
  if (auto* replace = std::get_if<Replace>(&run.body))
    text += " " + std::string(replace->append.content(replace->append.messages[0]));
  return text;
}

class ImapTranscript : public TranscriptSession {
 public:
  explicit ImapTranscript(std::string_view options) : session_(OptionsFrom(options)) {
    if (TranscriptOption(options, "login") == "yes") session_.Feed("x LOGIN u p\r\n");
  }

  void Feed(std::string_view bytes) override { session_.Feed(bytes); }
  void TlsStarted() override { session_.TlsStarted(); }

  Event Next() override {
    Step step = session_.Next();
    if (auto* output = std::get_if<Output>(&step)) return {Kind::kOutput, output->bytes};
    if (auto* request = std::get_if<Request>(&step)) {
      login_ = !std::holds_alternative<RunCommand>(*request);
      auto* run = std::get_if<RunCommand>(request);
      if (auto* notify = run ? std::get_if<Notify>(&run->body) : nullptr) notify_ = *notify;
      return {Kind::kRequest, Text(*request)};
    }
    if (std::holds_alternative<StartTls>(step)) return {Kind::kStartTls, ""};
    if (std::holds_alternative<StartCompression>(step)) return {Kind::kClose, "compressed"};
    if (auto* close = std::get_if<CloseConnection>(&step)) return {Kind::kClose, close->reason};
    return {Kind::kNeedInput, ""};
  }

  // "accept", "no [CODE] text", "keys PASSWORD", "select N" (UIDs 10, 20, ...), "changes",
  // "keep TAG seq|uid UID ..." (RETURN (UPDATE) with that result), "match UID ..." (what the first
  // of these gives now, with the same changes), "notify" (takes the NOTIFY, with the same changes).
  void Resume(std::string_view outcome) override {
    auto words = Split(outcome, ' ');
    if (words[0] == "keys") {
      return session_.Resume(ScramKeysFound{sasl::DeriveScramKeys(words[1], "saltsaltsalt", 4096)});
    }
    if (words[0] == "accept" && login_) return session_.Resume(LoggedIn{});
    Done done;
    done.result = Ok("fine");
    if (words[0] == "no") {
      done.result = No(std::string(outcome.substr(outcome.find(']') + 2)),
                       std::string(words[1].substr(1, words[1].size() - 2)));
    } else if (words[0] == "select") {
      done.result = Ok("selected", "READ-WRITE");
      MailboxView view(MailboxView::Info{});
      for (uint32_t i = 1; i <= *ParseUint(words[1]); ++i) view.Change({i * 10, 1, 5, 0, {}});
      view.Settle();
      done.selection = Selection{std::move(view), false};
    } else if (words[0] == "keep") {
      UpdatedSearch search{std::string(words[1]), Numbers::kSequence, {}, {}, Uids(words, 3), {}};
      if (words[2] == "uid") search.numbers = Numbers::kUid;
      session_.search_updates()->Add(std::move(search), *session_.view());
    } else if (words[0] == "changes" || words[0] == "match" || words[0] == "notify") {
      if (words[0] == "notify") session_.SetNotify(notify_);
      if (words[0] == "match") session_.search_updates()->SetMatches(0, Uids(words, 1));
      session_.view()->Change({10, 9, 5, 0, {"\\Answered"}});
      session_.view()->Change({40, 9, 5, 0, {}});
      session_.view()->Vanish({20});
    }
    session_.Resume(std::move(done));
  }

 private:
  static std::vector<uint32_t> Uids(const std::vector<std::string_view>& words, size_t first) {
    std::vector<uint32_t> uids;
    for (size_t i = first; i < words.size(); ++i)
      uids.push_back(static_cast<uint32_t>(*ParseUint(words[i])));
    return uids;
  }

  ServerSession session_;
  bool login_ = false;
  Notify notify_;
};

TEST(SessionTranscript, All) {
  testing::PlayTranscripts("libs/imap/testdata/session", ".imap", [](std::string_view options) {
    return std::make_unique<ImapTranscript>(options);
  });
}

}  // namespace
}  // namespace pennypost::imap
