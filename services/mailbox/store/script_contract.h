#pragma once
// What every Store does with Sieve scripts and what they want done. Run after StoreContract, whose
// accounts it uses.

#include "services/mailbox/core/scripts.h"
#include "services/mailbox/store/store_fixture.h"

namespace pennypost::mailbox {

class ScriptContract : private StoreFixture {
 public:
  explicit ScriptContract(Store& store) : StoreFixture(store) {}

  void Run() {
    Scripts();
    ScriptOutcomes();
    OutcomesThatNoLongerHold();
    DomainScriptsChange();
  }

 private:
  absl::Status Put(const std::string& name, const std::string& content) {
    v1::PutScriptRequest request;
    request.set_account_id(kBob);
    request.set_name(name);
    request.set_content(content);
    return store_.PutScript(request);
  }
  absl::Status Activate(const std::string& name) {
    v1::SetActiveScriptRequest request;
    request.set_account_id(kBob);
    request.set_name(name);
    return store_.SetActiveScript(request);
  }
  ActiveScript Active(int64_t account = kBob) {
    auto active = store_.GetActiveScript(account);
    EXPECT_TRUE(active.ok()) << Describe(active.status());
    return active.value_or(ActiveScript{});
  }
  // "name*" for the active one.
  std::vector<std::string> ScriptNames() {
    v1::ListScriptsResponse list;
    EXPECT_TRUE(store_.ListScripts(kBob, &list).ok());
    std::vector<std::string> names;
    for (const v1::Script& script : list.scripts()) {
      EXPECT_GT(script.modseq(), 0u);
      names.push_back(script.name() + (script.active() ? "*" : ""));
    }
    return names;
  }

  void Scripts() {
    using Names = std::vector<std::string>;
    EXPECT_EQ(Active().generation, 0u);
    EXPECT_EQ(Active(999).generation, 0u);
    ASSERT_TRUE(Put("one", "keep;").ok());
    ASSERT_TRUE(Put("two", "stop;").ok());
    EXPECT_EQ(Active().generation, 0u);
    EXPECT_EQ(Activate("none").code(), absl::StatusCode::kNotFound);
    ASSERT_TRUE(Activate("one").ok());
    EXPECT_EQ(ScriptNames(), (Names{"one*", "two"}));
    ActiveScript first = Active();
    EXPECT_EQ(first.name, "one");
    EXPECT_EQ(first.content, "keep;");
    EXPECT_GT(first.generation, 0u);
    // Any change counts: an active script may include others.
    ASSERT_TRUE(Put("two", "discard;").ok());
    EXPECT_GT(Active().generation, first.generation);
    ASSERT_TRUE(Activate("two").ok());
    EXPECT_EQ(ScriptNames(), (Names{"one", "two*"}));
    EXPECT_EQ(Active().content, "discard;");
    uint64_t before = Active().generation;
    EXPECT_EQ(Activate("none").code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ScriptNames(), (Names{"one", "two*"})) << "a refused change changes nothing";
    EXPECT_EQ(Active().generation, before);
    v1::DeleteScriptRequest remove;
    remove.set_account_id(kBob);
    remove.set_name("two");
    EXPECT_EQ(store_.DeleteScript(remove).code(), absl::StatusCode::kFailedPrecondition);
    v1::RenameScriptRequest rename;
    rename.set_account_id(kBob);
    rename.set_from("two");
    rename.set_to("one");
    EXPECT_EQ(store_.RenameScript(rename).code(), absl::StatusCode::kAlreadyExists);
    rename.set_to("drei \xC3\xA4");
    ASSERT_TRUE(store_.RenameScript(rename).ok());
    EXPECT_EQ(store_.RenameScript(rename).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ScriptNames(), (Names{"drei \xC3\xA4*", "one"}));
    ASSERT_TRUE(Activate("").ok());
    EXPECT_EQ(Active().generation, 0u);
    remove.set_name("drei \xC3\xA4");
    ASSERT_TRUE(store_.DeleteScript(remove).ok());
    EXPECT_EQ(store_.DeleteScript(remove).code(), absl::StatusCode::kNotFound);
    v1::GetScriptRequest get;
    get.set_account_id(kBob);
    get.set_name("one");
    v1::GetScriptResponse got;
    ASSERT_TRUE(store_.GetScript(get, &got).ok());
    EXPECT_EQ(got.content(), "keep;");
    EXPECT_EQ(got.script().size_bytes(), 5u);
    get.set_name("two");
    EXPECT_EQ(store_.GetScript(get, &got).code(), absl::StatusCode::kNotFound);
    ScriptLimits();
  }

  static constexpr int64_t kDora = 106;

  static std::string HashOf(const std::string& text) { return Sha256(text); }
  std::vector<std::string> Kinds(const Uuid& mail_id) {
    v1::GetHistoryRequest request;
    request.set_mail_id(mail_id.ToString());
    v1::GetHistoryResponse history;
    EXPECT_TRUE(store_.GetHistory(request, &history).ok());
    std::vector<std::string> kinds;
    for (const auto& event : history.events()) kinds.push_back(event.kind());
    return kinds;
  }
  std::unique_ptr<Delivery> MakeRun(uint64_t generation, std::vector<ScriptOutcome::Copy> copies,
                                    std::optional<Uuid> id = std::nullopt) {
    auto delivery = Make({kDora}, "INBOX", 0, id);
    ScriptOutcome outcome;
    outcome.generation = generation;
    outcome.copies = std::move(copies);
    delivery->recipients[0].script = std::move(outcome);
    return delivery;
  }
  uint64_t ActivateForDora(const std::string& content) {
    v1::PutScriptRequest put;
    put.set_account_id(kDora);
    put.set_name("main");
    put.set_content(content);
    EXPECT_TRUE(store_.PutScript(put).ok());
    v1::SetActiveScriptRequest activate;
    activate.set_account_id(kDora);
    activate.set_name("main");
    EXPECT_TRUE(store_.SetActiveScript(activate).ok());
    return Active(kDora).generation;
  }

  void ScriptOutcomes() {
    ASSERT_TRUE(store_.EnsureAccount(kDora).ok());
    uint64_t generation = ActivateForDora("keep;");
    auto both = MakeRun(generation, {{"Junk", "\\Seen"}, {"INBOX", ""}});
    auto& outcome = *both->recipients[0].script;
    outcome.outgoing.push_back({UuidV5(both->mail_id, "1"), "request"});
    outcome.remembered.push_back({HashOf("a"), absl::Now() + absl::Hours(1), true});
    v1::DeliverRequest events;
    events.add_events()->set_kind("script");
    outcome.events = events.SerializeAsString();
    Uuid id = both->mail_id;
    Delivery::Result stored = Store1(std::move(both));
    EXPECT_EQ(stored.mailbox_id, Find(kDora, "Junk").id());
    EXPECT_EQ(Uids(kDora, "Junk").size(), 1u);
    EXPECT_EQ(Uids(kDora, "INBOX").size(), 1u);
    EXPECT_EQ(Kinds(id), (std::vector<std::string>{"script", "stored"}));
    EXPECT_TRUE(*store_.IsRemembered(kDora, HashOf("a")));
    EXPECT_FALSE(*store_.IsRemembered(kDora, HashOf("b")));
    auto due = store_.ClaimOutbox(10);
    ASSERT_TRUE(due.ok());
    ASSERT_EQ(due->size(), 1u);
    EXPECT_EQ((*due)[0].request, "request");
    EXPECT_EQ((*due)[0].id, UuidV5(id, "1"));
    EXPECT_EQ((*due)[0].attempts, 1);
    EXPECT_TRUE(store_.ClaimOutbox(10)->empty()) << "who claimed it has some seconds";
    ASSERT_TRUE(store_.FinishOutbox((*due)[0]).ok());
    // A repeat, whatever the script says by then, changes nothing.
    auto again = MakeRun(generation, {}, id);
    again->recipients[0].script->outgoing.push_back({UuidV5(id, "1"), "request"});
    Delivery::Result repeated = Store1(std::move(again));
    EXPECT_TRUE(repeated.duplicate);
    EXPECT_EQ(repeated.uid, stored.uid);
    EXPECT_TRUE(store_.ClaimOutbox(10)->empty());
    // Nothing stored is an outcome too, and is known as done.
    auto none = MakeRun(generation, {});
    Uuid none_id = none->mail_id;
    EXPECT_EQ(Store1(std::move(none)).uid, 0u);
    EXPECT_TRUE(Store1(MakeRun(generation, {{"INBOX", ""}}, none_id)).duplicate);
    EXPECT_EQ(Kinds(none_id), (std::vector<std::string>{"handled"}));
    EXPECT_EQ(Uids(kDora, "INBOX").size(), 1u);
    ChangedContent(generation);
  }

  // A script may change what its own account gets, and nobody else's.
  void ChangedContent(uint64_t generation) {
    auto delivery = MakeRun(generation, {{"Archive", ""}, {"Trash", ""}});
    delivery->recipients.push_back({107, "g@b.test", "INBOX", "", 0, std::nullopt});
    auto changed = std::make_shared<ScriptOutcome::Changed>();
    changed->content = "X: y\r\n" + std::string(kMessage);
    changed->email = PrepareEmail(changed->content, delivery->mail_id);
    changed->blob_id = UuidV5(delivery->mail_id, "106");
    delivery->recipients[0].script->changed = changed;
    Delivery::Result stored = Store1(std::move(delivery));
    auto mine = store_.Fetch(kDora, stored.mailbox_id, {stored.uid}, {false, false, true});
    ASSERT_EQ(mine->size(), 1u);
    EXPECT_EQ((*mine)[0].content, changed->content);
    EXPECT_EQ(store_.Fetch(107, 1, {1}, {false, false, true})->at(0).content, kMessage);
  }

  void OutcomesThatNoLongerHold() {
    uint64_t old = Active(kDora).generation;
    uint64_t generation = ActivateForDora("stop;");
    EXPECT_GT(generation, old);
    size_t before = Uids(kDora, "INBOX").size();
    auto good = MakeRun(generation, {{"INBOX", ""}});
    auto stale = MakeRun(old, {{"INBOX", ""}});
    auto never_ran = Make({kDora});
    auto other = Make({kAlice});
    store_.StoreBatch({good.get(), stale.get(), never_ran.get(), other.get()});
    EXPECT_TRUE(good->status.ok()) << Describe(good->status);
    EXPECT_TRUE(other->status.ok()) << Describe(other->status);
    EXPECT_TRUE(stale->stale);
    EXPECT_FALSE(stale->status.ok());
    EXPECT_TRUE(never_ran->stale);
    EXPECT_EQ(Uids(kDora, "INBOX").size(), before + 1);
    // What a client appends is not for scripts.
    auto append = Make({kDora});
    append->runs_scripts = false;
    Store1(std::move(append));
    // Two mails at once that both want to be the first: one is.
    std::string id = HashOf("once");
    auto first = MakeRun(generation, {}), second = MakeRun(generation, {});
    for (Delivery* delivery : {first.get(), second.get()}) {
      delivery->recipients[0].script->remembered.push_back(
          {id, absl::Now() + absl::Hours(1), true});
    }
    store_.StoreBatch({first.get(), second.get()});
    EXPECT_TRUE(first->status.ok()) << Describe(first->status);
    EXPECT_TRUE(second->stale);
    auto renewed = MakeRun(generation, {});
    renewed->recipients[0].script->remembered.push_back({id, absl::Now(), false});
    Store1(std::move(renewed));
    EXPECT_FALSE(*store_.IsRemembered(kDora, id)) << "it was set to end now";
    EXPECT_TRUE(store_.PruneRemembered().ok());
    // A script that is switched off runs no more.
    v1::SetActiveScriptRequest off;
    off.set_account_id(kDora);
    ASSERT_TRUE(store_.SetActiveScript(off).ok());
    auto late = MakeRun(generation, {});
    store_.StoreBatch({late.get()});
    EXPECT_TRUE(late->stale);
  }

  void DomainScriptsChange() {
    EXPECT_EQ(store_.LoadDomainScripts(99)->generation, 0u);
    v1::PutScriptRequest put;
    put.set_domain("b.test");
    put.set_name("before");
    put.set_content("keep;");
    ASSERT_TRUE(store_.PutDomainScript(put).ok());
    put.set_domain("other.test");
    ASSERT_TRUE(store_.PutDomainScript(put).ok());
    auto all = store_.LoadDomainScripts(0);
    ASSERT_TRUE(all.ok());
    ASSERT_EQ(all->scripts.size(), 2u);
    EXPECT_EQ(all->scripts[0].domain + all->scripts[0].name + all->scripts[0].content,
              "b.testbeforekeep;");
    EXPECT_TRUE(store_.LoadDomainScripts(all->generation)->scripts.empty());
    v1::ListScriptsResponse list;
    ASSERT_TRUE(store_.ListDomainScripts("b.test", &list).ok());
    EXPECT_EQ(list.scripts_size(), 1);
    v1::GetScriptRequest get;
    get.set_domain("b.test");
    get.set_name("before");
    v1::GetScriptResponse got;
    ASSERT_TRUE(store_.GetDomainScript(get, &got).ok());
    EXPECT_EQ(got.content(), "keep;");
    get.set_name("after");
    EXPECT_EQ(store_.GetDomainScript(get, &got).code(), absl::StatusCode::kNotFound);
    // Who has not run these is told so; APPEND is not concerned.
    auto stale = Make({kAlice});
    store_.StoreBatch({stale.get()});
    EXPECT_TRUE(stale->stale);
    auto append = Make({kAlice});
    append->runs_scripts = false;
    Store1(std::move(append));
    auto good = Make({kAlice});
    good->domain_generation = all->generation;
    Store1(std::move(good));
    v1::DeleteScriptRequest remove;
    remove.set_domain("b.test");
    remove.set_name("before");
    ASSERT_TRUE(store_.DeleteDomainScript(remove).ok());
    EXPECT_EQ(store_.DeleteDomainScript(remove).code(), absl::StatusCode::kNotFound);
    EXPECT_GT(store_.LoadDomainScripts(0)->generation, all->generation);
  }

  void ScriptLimits() {
    std::string big(1 << 20, ' ');
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Put("big" + std::to_string(i), big).ok());
    EXPECT_EQ(ReasonOf(Put("big3", big)), Reason::kTooBig) << "\"one\" takes some of the 4 MiB";
    EXPECT_TRUE(Put("big2", big).ok()) << "it takes its own place";
    EXPECT_EQ(ReasonOf(Put("huge", big + " ")), Reason::kTooBig);
    uint64_t count = ScriptNames().size();
    for (; count < kMaxScripts; ++count) ASSERT_TRUE(Put("s" + std::to_string(count), "").ok());
    EXPECT_EQ(ReasonOf(Put("over", "")), Reason::kOverQuota);
    v1::CheckScriptRoomRequest room;
    room.set_account_id(kBob);
    room.set_name("over");
    EXPECT_EQ(ReasonOf(store_.CheckScriptRoom(room)), Reason::kOverQuota);
    room.set_name("one");
    EXPECT_TRUE(store_.CheckScriptRoom(room).ok());
    room.set_size_bytes((1 << 20) + 1);
    EXPECT_EQ(ReasonOf(store_.CheckScriptRoom(room)), Reason::kTooBig);
  }
};

}  // namespace pennypost::mailbox
