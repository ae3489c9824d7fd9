// What transcripts cannot show: pushes into IDLE, drains.

#include "imap/session.h"

#include <gtest/gtest.h>

namespace pennypost::imap {
namespace {

std::string Output(ServerSession& session) {
  std::string out;
  for (;;) {
    Step step = session.Next();
    auto* output = std::get_if<imap::Output>(&step);
    if (!output) return out;
    out += output->bytes;
  }
}

ServerSession LoggedInSession() {
  SessionOptions options;
  options.tls = true;
  ServerSession session(options);
  session.Feed("a LOGIN u p\r\n");
  Output(session);
  session.Resume(LoggedIn{});
  Output(session);
  return session;
}

void Select(ServerSession& session) {
  session.Feed("b SELECT INBOX\r\n");
  Output(session);
  MailboxView view(MailboxView::Info{});
  view.Load({{}}, {{10, 5, 1, 0, 0}});
  session.Resume(Done{"* 1 EXISTS\r\n", Ok(""), Selection{std::move(view), false}});
  EXPECT_EQ(Output(session), "* 1 EXISTS\r\nb OK Done\r\n");
}

// RFC 5465 4, 6.1
TEST(Session, NotifyDecidesWhatIsPushed) {
  using Filter = NotifyGroup::Filter;
  constexpr unsigned kAll = kMessageEvents;
  constexpr unsigned kNoFlags = kMessageNew | kMessageExpunge;
  const std::string flags = "* 1 FETCH (UID 10 FLAGS (x))\r\n";
  const std::string expunge = "* 2 EXPUNGE\r\n";
  const std::string all = flags + expunge + "* 2 EXISTS\r\n";
  struct Row {
    std::vector<NotifyGroup> groups;
    std::string between;  // two commands
    std::string idle;     // what comes when the client idles then
    std::string rest;     // and when a command ends
  } rows[] = {
      {{{Filter::kSelected, {}, kAll, {}}}, all, "", ""},
      {{{Filter::kSelectedDelayed, {}, kAll, {}}}, flags + "* 3 EXISTS\r\n", expunge, ""},
      {{{Filter::kSelected, {}, kNoFlags, {}}}, expunge + "* 2 EXISTS\r\n", "", flags},
      {{{Filter::kPersonal, {}, kAll, {}}}, "", "", all},
      {{{Filter::kSelected, {}, 0, {}}}, "", "", all},
      {{}, "", "", all},
  };
  for (const Row& row : rows) {
    ServerSession session = LoggedInSession();
    Select(session);
    session.view()->Change({20, 5, 1, 0, {}});
    session.PushUpdates();
    EXPECT_EQ(Output(session), "") << "nobody listens";
    session.Feed("n NOOP\r\n");
    Output(session);
    session.Resume(Done{"", Ok(""), {}});
    EXPECT_EQ(Output(session), "* 2 EXISTS\r\nn OK Done\r\n");
    session.SetNotify({false, false, row.groups});
    session.view()->Change({10, 6, 1, 0, {"x"}});
    session.view()->Change({30, 6, 1, 0, {}});
    session.view()->Vanish({20});
    session.PushUpdates();
    EXPECT_EQ(Output(session), row.between);
    session.Feed("c IDLE\r\n");
    EXPECT_EQ(Output(session), "+ idling\r\n" + row.idle);
    session.Feed("DONE\r\nd NOOP\r\n");
    Output(session);
    session.Resume(Done{"", Ok(""), {}});
    EXPECT_EQ(Output(session), row.rest + "d OK Done\r\n");
  }
}

TEST(Session, IdlePushesChanges) {
  ServerSession session = LoggedInSession();
  Select(session);
  session.Feed("c IDLE\r\n");
  EXPECT_EQ(Output(session), "+ idling\r\n");
  ASSERT_TRUE(session.idling());
  session.view()->Change({11, 2, 5, 0, {}});
  session.PushUpdates();
  EXPECT_EQ(Output(session), "* 2 EXISTS\r\n");
  session.view()->Vanish({10});
  session.Feed("DONE\r\n");
  EXPECT_EQ(Output(session), "* 1 EXPUNGE\r\nc OK Idle completed\r\n");
  EXPECT_FALSE(session.idling());
}

TEST(Session, ShutdownSaysByeAtACommandBoundary) {
  ServerSession session = LoggedInSession();
  session.Feed("b NOOP\r\n");
  Step step = session.Next();
  ASSERT_TRUE(std::holds_alternative<Request>(step));
  session.Shutdown("[UNAVAILABLE] Server shutting down");
  EXPECT_EQ(Output(session), "");
  session.Resume(Done{"", Ok("fine"), {}});
  EXPECT_EQ(Output(session), "b OK fine\r\n* BYE [UNAVAILABLE] Server shutting down\r\n");
  EXPECT_TRUE(std::holds_alternative<CloseConnection>(session.Next()));
}

TEST(Session, LimitsOfSilence) {
  ServerSession session(SessionOptions{});
  EXPECT_EQ(session.IdleLimit(), absl::Seconds(60));
  EXPECT_GE(LoggedInSession().IdleLimit(), absl::Minutes(30));
}

}  // namespace
}  // namespace pennypost::imap
