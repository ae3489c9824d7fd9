// Scripts at delivery, over the service and the store in memory, with a directory and a relay that
// are functions.

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "rpc/blocking_call.h"
#include "services/mailbox/mailbox_service.h"
#include "services/mailbox/store/memory_store.h"

namespace pennypost::mailbox {
namespace {

using directory::v1::ResolveRecipientRequest;
using directory::v1::ResolveRecipientResponse;

constexpr int64_t kAnn = 1, kBob = 2;

class ScriptsTest : public ::testing::Test {
 protected:
  ScriptsTest() : service_(store_, QueueOptions{}, 2, TheOthers()) {}

  MailboxServiceImpl::Scripting TheOthers() {
    auto resolve = [this](const ResolveRecipientRequest& r) { return Resolve(r); };
    auto enqueue = [this](const relay::v1::EnqueueRequest& r) { return Take(r); };
    return {"mail.test", resolve, enqueue};
  }

  absl::StatusOr<ResolveRecipientResponse> Resolve(const ResolveRecipientRequest& request) {
    if (!directory_.ok()) return directory_;
    ResolveRecipientResponse response;
    response.set_kind(ResolveRecipientResponse::KIND_REMOTE_DOMAIN);
    std::string name = request.address().substr(0, request.address().find('@'));
    if (!request.address().ends_with("@b.test")) return response;
    response.set_kind(ResolveRecipientResponse::KIND_UNKNOWN_USER);
    if (name != "ann" && name != "bob") return response;
    response.set_kind(ResolveRecipientResponse::KIND_DELIVERABLE);
    auto* target = response.add_targets();
    target->set_account_id(name == "ann" ? kAnn : kBob);
    target->set_address(request.address());
    return response;
  }

  // Relay: one mail an id.
  absl::Status Take(const relay::v1::EnqueueRequest& request) {
    std::lock_guard lock(mutex_);
    ++handed_over_;
    if (!relay_.ok()) return relay_;
    sent_[request.mail_id()] = request;
    return absl::OkStatus();
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(rpc::Method<v1::MailboxService, Request, Response> method,
                                const Request& request) {
    return rpc::CallAndWait(static_cast<v1::MailboxService&>(service_), method, request,
                            absl::Seconds(30));
  }

  void Activate(const std::string& content, int64_t account = kAnn) {
    v1::PutScriptRequest put;
    put.set_account_id(account);
    put.set_name("main");
    put.set_content(content);
    auto stored = Call(&v1::MailboxService::PutScript, put);
    ASSERT_TRUE(stored.ok()) << Describe(stored.status());
    v1::SetActiveScriptRequest activate;
    activate.set_account_id(account);
    activate.set_name("main");
    ASSERT_TRUE(Call(&v1::MailboxService::SetActiveScript, activate).ok());
  }

  void PutForDomain(const std::string& name, const std::string& content) {
    v1::PutScriptRequest put;
    put.set_domain("B.test");
    put.set_name(name);
    put.set_content(content);
    auto stored = Call(&v1::MailboxService::PutScript, put);
    ASSERT_TRUE(stored.ok()) << Describe(stored.status());
  }
  void DeleteForDomain(const std::string& name) {
    v1::DeleteScriptRequest gone;
    gone.set_domain("b.test");
    gone.set_name(name);
    ASSERT_TRUE(Call(&v1::MailboxService::DeleteScript, gone).ok());
  }

  v1::DeliverRequest Mail(const std::string& header = "", const std::string& body = "hello\r\n") {
    v1::DeliverRequest request;
    request.set_mail_id(NewUuidV7(absl::Now()).ToString());
    request.mutable_envelope()->set_sender("s@far.test");
    request.set_content("Return-Path: <s@far.test>\r\n" + header +
                        "From: s@far.test\r\nTo: ann@b.test\r\nSubject: x\r\nMessage-ID: <" +
                        request.mail_id() + "@far.test>\r\n\r\n" + body);
    auto* recipient = request.add_recipients();
    recipient->set_account_id(kAnn);
    recipient->set_address("ann@b.test");
    return request;
  }
  absl::StatusOr<v1::DeliverResponse> Deliver(const v1::DeliverRequest& request) {
    return Call(&v1::MailboxService::Deliver, request);
  }
  void DeliverOk(const v1::DeliverRequest& request) {
    auto done = Deliver(request);
    EXPECT_TRUE(done.ok()) << Describe(done.status());
  }

  std::vector<MessageRow> In(const std::string& mailbox, int64_t account = kAnn) {
    v1::Mailbox found;
    std::vector<MessageRow> rows;
    (void)store_.OpenMailbox(account, mailbox, &found, &rows);
    return rows;
  }
  std::string ContentOf(const std::string& mailbox, uint32_t uid = 1) {
    v1::Mailbox found;
    if (!store_.FindMailbox(kAnn, mailbox, &found).ok()) return "no mailbox";
    auto contents = store_.Fetch(kAnn, found.id(), {uid}, {false, false, true});
    return contents.ok() && !contents->empty() ? (*contents)[0].content : "no message";
  }
  // What relay has, once the outbox has run.
  std::vector<relay::v1::EnqueueRequest> Sent() {
    Outbox outbox(store_, [this](const auto& r) { return Take(r); });
    outbox.RunOnce();
    std::lock_guard lock(mutex_);
    std::vector<relay::v1::EnqueueRequest> out;
    for (auto& [id, request] : sent_) out.push_back(request);
    return out;
  }
  std::string Events(const v1::DeliverRequest& mail) {
    v1::GetHistoryRequest request;
    request.set_mail_id(mail.mail_id());
    v1::GetHistoryResponse history;
    EXPECT_TRUE(store_.GetHistory(request, &history).ok());
    std::string out;
    for (const auto& event : history.events()) out += event.kind() + ": " + event.detail() + "\n";
    return out;
  }

  absl::Status directory_, relay_;
  std::mutex mutex_;
  std::map<std::string, relay::v1::EnqueueRequest> sent_;
  int handed_over_ = 0;
  MemoryStore store_;
  MailboxServiceImpl service_;
};

TEST_F(ScriptsTest, FileIntoKeepAndFlags) {
  Activate(
      "require [\"fileinto\", \"copy\", \"imap4flags\", \"mailbox\", \"special-use\", "
      "\"mailboxid\"];\r\n"
      "fileinto :copy :create :flags \"\\\\Seen\" \"Lists/a\";\r\n"
      "fileinto :copy :specialuse \"\\\\Junk\" \"Nowhere\";\r\n"
      "fileinto :copy :mailboxid \"F1-6\" \"Nowhere\";\r\n"
      "addflag \"\\\\Flagged\";\r\n");
  DeliverOk(Mail());
  ASSERT_EQ(In("Lists/a").size(), 1u);
  EXPECT_EQ(In("Lists/a")[0].flags, "\\Seen");
  EXPECT_EQ(In("Junk").size(), 1u);
  EXPECT_EQ(In("Trash").size(), 1u);
  ASSERT_EQ(In("INBOX").size(), 1u);
  EXPECT_EQ(In("INBOX")[0].flags, "\\Flagged");
  EXPECT_TRUE(Sent().empty());
}

TEST_F(ScriptsTest, WithoutTheMailboxItIsKeptOnce) {
  Activate("require [\"fileinto\"]; keep; fileinto \"Nowhere\";");
  auto mail = Mail();
  DeliverOk(mail);
  EXPECT_EQ(In("INBOX").size(), 1u);
  EXPECT_NE(Events(mail).find("there is no mailbox 'Nowhere'; kept"), std::string::npos);
}

TEST_F(ScriptsTest, DiscardIsDoneOnce) {
  Activate("discard;");
  auto mail = Mail();
  DeliverOk(mail);
  EXPECT_TRUE(In("INBOX").empty());
  EXPECT_EQ(Events(mail), "script: discarded\nhandled: \n");
  // Tried again after the script is gone: it was dealt with.
  v1::SetActiveScriptRequest off;
  off.set_account_id(kAnn);
  ASSERT_TRUE(Call(&v1::MailboxService::SetActiveScript, off).ok());
  auto again = Deliver(mail);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->results(0).duplicate());
  EXPECT_TRUE(In("INBOX").empty());
}

TEST_F(ScriptsTest, ChangesOfTheScriptCountFromTheNextMail) {
  Activate("discard;");
  DeliverOk(Mail());
  Activate("keep;");
  DeliverOk(Mail());
  EXPECT_EQ(In("INBOX").size(), 1u);
  Activate("require \"fileinto\"; fileinto \"Junk\";");
  DeliverOk(Mail());
  EXPECT_EQ(In("INBOX").size(), 1u);
  EXPECT_EQ(In("Junk").size(), 1u);
}

TEST_F(ScriptsTest, ARecipientWithAndOneWithout) {
  Activate("discard;");
  auto mail = Mail();
  auto* other = mail.add_recipients();
  other->set_account_id(kBob);
  other->set_address("bob@b.test");
  DeliverOk(mail);
  EXPECT_TRUE(In("INBOX").empty());
  EXPECT_EQ(In("INBOX", kBob).size(), 1u);
}

// ROBUSTNESS F3
TEST_F(ScriptsTest, AFailingScriptKeepsTheMail) {
  Activate(
      "require [\"variables\", \"fileinto\", \"include\"];\r\nfileinto \"Junk\";\r\n"
      "include \"missing\";\r\n");
  auto mail = Mail();
  DeliverOk(mail);
  EXPECT_EQ(In("INBOX").size(), 1u);
  EXPECT_TRUE(In("Junk").empty());
  EXPECT_NE(Events(mail).find("script 'main' failed: line 3, column 1: include: there is no script "
                              "'missing'; kept"),
            std::string::npos)
      << Events(mail);
}

TEST_F(ScriptsTest, IncludeReadsTheAccountsOtherScripts) {
  v1::PutScriptRequest put;
  put.set_account_id(kAnn);
  put.set_name("other");
  put.set_content("require \"fileinto\"; fileinto \"Junk\";");
  ASSERT_TRUE(Call(&v1::MailboxService::PutScript, put).ok());
  Activate("require \"include\"; include \"other\";");
  DeliverOk(Mail());
  EXPECT_EQ(In("Junk").size(), 1u);
  put.set_content("require \"fileinto\"; fileinto \"Trash\";");
  ASSERT_TRUE(Call(&v1::MailboxService::PutScript, put).ok());
  DeliverOk(Mail());
  EXPECT_EQ(In("Junk").size(), 1u);
  EXPECT_EQ(In("Trash").size(), 1u);
}

TEST_F(ScriptsTest, EditsOfTheHeaderAreStored) {
  Activate("require [\"editheader\"]; addheader \"X-Seen\" \"yes\"; deleteheader \"Subject\";");
  auto mail = Mail();
  auto* other = mail.add_recipients();
  other->set_account_id(kBob);
  other->set_address("bob@b.test");
  DeliverOk(mail);
  EXPECT_NE(ContentOf("INBOX").find("X-Seen: yes\r\n"), std::string::npos);
  EXPECT_EQ(ContentOf("INBOX").find("Subject:"), std::string::npos);
  auto bobs = store_.Fetch(kBob, 1, {1}, {false, false, true});
  EXPECT_EQ((*bobs)[0].content, mail.content());
}

TEST_F(ScriptsTest, ReplacedAndEnclosedIsStoredAndSentUnenclosed) {
  Activate(
      "require [\"replace\", \"enclose\", \"copy\"]; replace \"new text\";"
      "enclose :subject \"Look\" \"For you\"; redirect :copy \"x@far.test\";");
  DeliverOk(Mail());
  std::string stored = ContentOf("INBOX");
  EXPECT_NE(stored.find("Subject: Look\r\n"), std::string::npos);
  EXPECT_NE(stored.find("For you"), std::string::npos);
  EXPECT_NE(stored.find("new text"), std::string::npos);
  EXPECT_EQ(stored.find("hello"), std::string::npos);
  auto sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].content().find("Look"), std::string::npos);
  EXPECT_NE(sent[0].content().find("new text"), std::string::npos);
}

// ROBUSTNESS F3
TEST_F(ScriptsTest, AScriptOverItsBudgetIsSwitchedOff) {
  std::string script = "require \"body\";";
  for (int i = 0; i < 400; ++i) script += "if body :raw :matches \"*x*y*z\" { stop; }";
  Activate(script);
  std::string body(1 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    auto mail = Mail("", body + "\r\n");
    DeliverOk(mail);
    EXPECT_NE(Events(mail).find("script takes more than 1000000 steps; kept"), std::string::npos);
    EXPECT_EQ(Events(mail).find("switched off") != std::string::npos, i == 2);
  }
  EXPECT_EQ(In("INBOX").size(), 3u);
  EXPECT_EQ(store_.GetActiveScript(kAnn)->generation, 0u);
  auto mail = Mail();
  DeliverOk(mail);
  EXPECT_EQ(Events(mail).find("script:"), std::string::npos);
}

TEST_F(ScriptsTest, RedirectIsSentOnceWhateverIsRepeated) {
  Activate("require \"copy\"; redirect :copy \"x@far.test\"; redirect \"bob@b.test\";");
  auto mail = Mail();
  DeliverOk(mail);
  DeliverOk(mail);
  auto sent = Sent();
  ASSERT_EQ(sent.size(), 2u);
  std::set<std::string> to;
  for (const auto& request : sent) {
    EXPECT_EQ(request.envelope().sender(), "s@far.test");
    EXPECT_TRUE(request.content().starts_with("Delivered-To: ann@b.test\r\nReceived: by mail.test"))
        << request.content();
    EXPECT_EQ(request.content().find("Return-Path"), std::string::npos);
    EXPECT_NE(request.content().find("\r\n\r\nhello\r\n"), std::string::npos);
    to.insert(request.recipients(0).address() + " " +
              std::to_string(request.recipients(0).account_id()));
  }
  EXPECT_EQ(to, (std::set<std::string>{"bob@b.test 2", "x@far.test 0"}));
  EXPECT_TRUE(In("INBOX").empty());
}

TEST_F(ScriptsTest, RelayAwayIsTriedAgainWithTheSameId) {
  Activate("redirect \"x@far.test\";");
  relay_ = UnavailableError("away");
  DeliverOk(Mail());
  EXPECT_TRUE(Sent().empty());
  EXPECT_GE(handed_over_, 1);
}

// S15: each of these would go round and round.
TEST_F(ScriptsTest, RedirectsThatWouldLoopAreKept) {
  Activate("redirect \"x@far.test\";");
  DeliverOk(Mail("Delivered-To: Ann@b.test\r\n"));
  EXPECT_EQ(In("INBOX").size(), 1u);
  std::string hops;
  for (int i = 0; i < 50; ++i) hops += "Received: from a by b; today\r\n";
  auto far = Mail(hops);
  DeliverOk(far);
  EXPECT_EQ(In("INBOX").size(), 2u);
  EXPECT_NE(Events(far).find("too many hops; kept"), std::string::npos);
  auto first = Mail(), second = Mail();
  second.set_content(first.content());
  DeliverOk(first);
  DeliverOk(second);
  EXPECT_EQ(In("INBOX").size(), 3u) << "the same Message-ID goes there once";
  EXPECT_EQ(Sent().size(), 1u);
  Activate("redirect \"ann@b.test\";");
  DeliverOk(Mail());
  EXPECT_EQ(In("INBOX").size(), 4u);
  Activate("redirect \"nobody@b.test\";");
  auto unknown = Mail();
  DeliverOk(unknown);
  EXPECT_EQ(In("INBOX").size(), 5u);
  EXPECT_NE(Events(unknown).find("not redirected to nobody@b.test: no such user; kept"),
            std::string::npos);
}

TEST_F(ScriptsTest, WithoutTheDirectoryTheMailWaits) {
  Activate("redirect \"x@far.test\";");
  directory_ = UnavailableError("away");
  auto mail = Mail();
  EXPECT_EQ(Deliver(mail).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(In("INBOX").empty());
  directory_ = absl::OkStatus();
  DeliverOk(mail);
  EXPECT_EQ(Sent().size(), 1u);
}

TEST_F(ScriptsTest, OneVacationAnswerForTwoMails) {
  Activate("require \"vacation\"; vacation :subject \"Weg \xC3\xBC\" \"Back on Monday\";");
  DeliverOk(Mail());
  DeliverOk(Mail());
  EXPECT_EQ(In("INBOX").size(), 2u);
  auto sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].envelope().sender(), "");
  EXPECT_EQ(sent[0].recipients(0).address(), "s@far.test");
  EXPECT_TRUE(sent[0].recipients(0).dsn().notify_never());
  const std::string& content = sent[0].content();
  for (const char* line :
       {"From: ann@b.test\r\n", "To: s@far.test\r\n", "Auto-Submitted: auto-replied (vacation)\r\n",
        "Subject: =?utf-8?B?V2VnIMO8?=\r\n", "\r\n\r\nBack on Monday\r\n"})
    EXPECT_NE(content.find(line), std::string::npos) << line << content;
  EXPECT_NE(content.find("In-Reply-To: <"), std::string::npos);
}

TEST_F(ScriptsTest, ManyMailsAtOnceGetOneAnswer) {
  Activate("require \"vacation\"; vacation \"Back on Monday\";");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { DeliverOk(Mail()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(In("INBOX").size(), 8u);
  EXPECT_EQ(Sent().size(), 1u);
}

TEST_F(ScriptsTest, NoAnswerToMachines) {
  Activate("require \"vacation\"; vacation \"Back\";");
  DeliverOk(Mail("Auto-Submitted: auto-replied\r\n"));
  DeliverOk(Mail("List-Id: <x>\r\n"));
  DeliverOk(Mail("Precedence: bulk\r\n"));
  auto bounce = Mail();
  bounce.mutable_envelope()->clear_sender();
  DeliverOk(bounce);
  EXPECT_EQ(In("INBOX").size(), 4u);
  EXPECT_TRUE(Sent().empty());
}

// S8
TEST_F(ScriptsTest, NoTextMakesAHeaderField) {
  Activate(
      "require [\"vacation\", \"variables\", \"encoded-character\"];"
      "vacation :subject \"x${hex:0d 0a}Bcc: e@far.test\" \"y\";");
  DeliverOk(Mail());
  auto sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].content().find("\nBcc:"), std::string::npos) << sent[0].content();
}

TEST_F(ScriptsTest, RejectSendsAReport) {
  Activate("require \"reject\"; reject \"No birdseed\";");
  auto mail = Mail();
  DeliverOk(mail);
  DeliverOk(mail);
  EXPECT_TRUE(In("INBOX").empty());
  auto sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].envelope().sender(), "");
  EXPECT_NE(sent[0].content().find("Content-Type: multipart/report; report-type=delivery-status"),
            std::string::npos);
  EXPECT_NE(sent[0].content().find("Action: failed"), std::string::npos);
  EXPECT_NE(sent[0].content().find("No birdseed"), std::string::npos);
  auto bounce = Mail();
  bounce.mutable_envelope()->clear_sender();
  DeliverOk(bounce);
  EXPECT_EQ(Sent().size(), 1u) << "nobody is told";
}

TEST_F(ScriptsTest, NotifyByMail) {
  Activate(
      "require \"enotify\"; notify :importance \"1\" :message \"You have mail\" "
      "\"mailto:x@far.test?cc=evil@far.test&body=look%20there\";");
  DeliverOk(Mail());
  DeliverOk(Mail("Auto-Submitted: auto-generated\r\n"));
  auto sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  ASSERT_EQ(sent[0].recipients_size(), 1);
  EXPECT_EQ(sent[0].recipients(0).address(), "x@far.test");
  const std::string& content = sent[0].content();
  for (const char* text : {"Subject: You have mail\r\n", "Importance: High\r\n", "look there\r\n",
                           "Auto-Submitted: auto-notified"})
    EXPECT_NE(content.find(text), std::string::npos) << text << content;
  EXPECT_EQ(In("INBOX").size(), 2u);
}

TEST_F(ScriptsTest, DuplicatesAreKnown) {
  Activate(
      "require [\"duplicate\", \"fileinto\"];"
      "if duplicate :header \"X-Id\" { fileinto \"Junk\"; }"
      "if duplicate :header \"X-Id\" { fileinto \"Junk\"; }");
  DeliverOk(Mail("X-Id: 1\r\n"));
  DeliverOk(Mail("X-Id: 1\r\n"));
  DeliverOk(Mail("X-Id: 2\r\n"));
  EXPECT_EQ(In("INBOX").size(), 2u);
  EXPECT_EQ(In("Junk").size(), 1u);
}

TEST_F(ScriptsTest, ScriptsOfTheDomainRunAroundTheAccounts) {
  PutForDomain("before",
               "require [\"fileinto\", \"imap4flags\"];"
               "if header :is \"X-Spam\" \"yes\" { fileinto \"Junk\"; stop; }"
               "addflag \"seen-by-before\";");
  DeliverOk(Mail("X-Spam: yes\r\n"));
  EXPECT_EQ(In("Junk").size(), 1u) << "no account needs a script of its own";
  EXPECT_TRUE(In("INBOX").empty());
  Activate("require \"fileinto\"; if header :is \"X-To\" \"a\" { fileinto \"Archive\"; }");
  DeliverOk(Mail("X-Spam: yes\r\nX-To: a\r\n"));
  EXPECT_EQ(In("Junk").size(), 2u);
  EXPECT_TRUE(In("Archive").empty()) << "what before filed does not come to the account's script";
  DeliverOk(Mail("X-To: a\r\n"));
  EXPECT_EQ(In("Archive").size(), 1u);
  PutForDomain("after", "require \"fileinto\"; fileinto \"Trash\";");
  DeliverOk(Mail("X-To: a\r\n"));
  EXPECT_EQ(In("Archive").size(), 2u);
  DeliverOk(Mail());
  EXPECT_EQ(In("Trash").size(), 1u);
  EXPECT_TRUE(In("INBOX").empty());
  DeleteForDomain("after");
  DeliverOk(Mail());
  ASSERT_EQ(In("INBOX").size(), 1u);
  EXPECT_EQ(In("INBOX")[0].flags, "seen-by-before");
}

TEST_F(ScriptsTest, AFailingScriptOfTheDomainStopsNothing) {
  PutForDomain("before", "require \"include\"; include \"missing\";");
  PutForDomain("shared", "require \"fileinto\"; fileinto \"Archive\";");
  Activate("require \"include\"; include :global \"shared\";");
  auto mail = Mail();
  DeliverOk(mail);
  EXPECT_EQ(In("Archive").size(), 1u);
  EXPECT_NE(Events(mail).find("script 'before of b.test' failed"), std::string::npos);
}

TEST_F(ScriptsTest, AppendRunsNoScript) {
  Activate("discard;");
  v1::AppendRequest append;
  append.set_account_id(kAnn);
  append.set_request_id(NewUuidV7(absl::Now()).ToString());
  append.set_mailbox("INBOX");
  append.set_content("Subject: x\r\n\r\ny\r\n");
  ASSERT_TRUE(Call(&v1::MailboxService::Append, append).ok());
  EXPECT_EQ(In("INBOX").size(), 1u);
}

}  // namespace
}  // namespace pennypost::mailbox
