#pragma once
// A mailbox service in memory for tests of the drivers and handlers: one account, answers at once.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mail/header.h"
#include "mime/structure.h"
#include "pennypost/mailbox/v1/mailbox_service.pb.h"
#include "rpc/controller.h"

namespace pennypost::access {

class FakeMailbox : public mailbox::v1::MailboxService {
 public:
  using RpcController = google::protobuf::RpcController;
  using Closure = google::protobuf::Closure;

  struct Message {
    uint32_t uid = 0;
    uint64_t modseq = 0;
    std::vector<std::string> flags;
    std::string content;
    int64_t date = 0;
  };
  struct Folder {
    int64_t id = 0;
    std::string name;
    uint32_t uid_next = 1;
    uint64_t highest = 1;
    bool subscribed = false;
    std::string special_use;
    std::vector<Message> messages;
    std::vector<std::pair<uint32_t, uint64_t>> vanished;
    uint64_t vanished_floor = 0;
  };

  FakeMailbox() { Add("INBOX"); }
  // As a real one: who still waits is answered.
  ~FakeMailbox() override { Wake(); }

  // All calls from now on fail with this; OK heals.
  void FailWith(absl::Status status) { failure_ = std::move(status); }

  Folder& Add(const std::string& name) {
    Folder& folder = folders_[name];
    folder.name = name;
    folder.id = ++last_id_;
    return folder;
  }
  Folder* Find(const std::string& name) {
    auto at = folders_.find(name);
    return at == folders_.end() ? nullptr : &at->second;
  }
  uint32_t Deliver(const std::string& name, std::string content,
                   std::vector<std::string> flags = {}) {
    Folder& folder = *Find(name);
    folder.highest = ++modseq_;
    folder.messages.push_back(
        {folder.uid_next++, modseq_, std::move(flags), std::move(content), 837571465});
    Wake();
    return folder.uid_next - 1;
  }
  void Remove(const std::string& name, uint32_t uid) {
    Folder& folder = *Find(name);
    folder.highest = ++modseq_;
    folder.vanished.emplace_back(uid, modseq_);
    std::erase_if(folder.messages, [uid](const Message& message) { return message.uid == uid; });
    Wake();
  }
  // As somebody else does them; the feed does not tell of names.
  void Rename(const std::string& from, const std::string& to) {
    auto node = folders_.extract(from);
    node.key() = node.mapped().name = to;
    folders_.insert(std::move(node));
  }
  void Drop(const std::string& name) { folders_.erase(name); }
  // What vanished up to now is not remembered one by one any more.
  void TrimVanished(const std::string& name) {
    Folder& folder = *Find(name);
    folder.vanished.clear();
    folder.vanished_floor = modseq_;
  }

  void ListMailboxes(RpcController* c, const mailbox::v1::ListMailboxesRequest* request,
                     mailbox::v1::ListMailboxesResponse* response, Closure* done) override {
    for (const auto& [name, folder] : folders_) {
      if (request->name().empty() || request->name() == name)
        Describe(folder, *response->add_mailboxes());
    }
    End(c, done);
  }
  void CreateMailbox(RpcController* c, const mailbox::v1::CreateMailboxRequest* request,
                     mailbox::v1::CreateMailboxResponse* response, Closure* done) override {
    if (Find(request->name())) return End(c, done, ExistsError("exists"));
    Folder& made = Add(request->name());
    made.special_use = request->special_use();
    Describe(made, *response->mutable_mailbox());
    End(c, done);
  }
  void DeleteMailbox(RpcController* c, const mailbox::v1::DeleteMailboxRequest* request,
                     mailbox::v1::DeleteMailboxResponse*, Closure* done) override {
    End(c, done, folders_.erase(request->name()) ? absl::OkStatus() : NotFoundError("none"));
  }
  void RenameMailbox(RpcController* c, const mailbox::v1::RenameMailboxRequest* request,
                     mailbox::v1::RenameMailboxResponse*, Closure* done) override {
    auto node = folders_.extract(request->from());
    if (node.empty()) return End(c, done, NotFoundError("none"));
    node.key() = node.mapped().name = request->to();
    folders_.insert(std::move(node));
    End(c, done);
  }
  void Subscribe(RpcController* c, const mailbox::v1::SubscribeRequest* request,
                 mailbox::v1::SubscribeResponse*, Closure* done) override {
    Folder* folder = Find(request->name());
    if (folder) folder->subscribed = request->subscribed();
    End(c, done, folder ? absl::OkStatus() : NotFoundError("none"));
  }
  void OpenMailbox(RpcController* c, const mailbox::v1::OpenMailboxRequest* request,
                   mailbox::v1::OpenMailboxResponse* response, Closure* done) override {
    Folder* folder = Find(request->name());
    if (!folder) return End(c, done, NotFoundError("none"));
    Describe(*folder, *response->mutable_mailbox());
    for (const Message& message : folder->messages) Index(message, *response->mutable_index());
    End(c, done);
  }
  void GetChanges(RpcController* c, const mailbox::v1::GetChangesRequest* request,
                  mailbox::v1::GetChangesResponse* response, Closure* done) override {
    if (on_changes_) std::exchange(on_changes_, nullptr)();
    Folder* folder = ById(request->mailbox_id());
    if (!folder) return End(c, done, NotFoundError("gone"));
    Describe(*folder, *response->mutable_mailbox());
    for (const Message& message : folder->messages) {
      if (message.modseq > request->since_modseq()) Index(message, *response->mutable_changed());
    }
    for (const auto& [uid, modseq] : folder->vanished) {
      if (modseq > request->since_modseq()) response->add_vanished(uid);
    }
    if (request->since_modseq() < folder->vanished_floor) {
      uint32_t next = 1;
      auto add = [&](uint32_t end) {
        if (end > next) {
          auto* range = response->add_vanished_ranges();
          range->set_first(next);
          range->set_last(end - 1);
        }
        next = end + 1;
      };
      for (const Message& message : folder->messages) add(message.uid);
      add(folder->uid_next);
    }
    End(c, done);
  }
  void WaitForChanges(RpcController* c, const mailbox::v1::WaitForChangesRequest* request,
                      mailbox::v1::WaitForChangesResponse* response, Closure* done) override {
    // 0: any mailbox of the account, as the real one takes all of them.
    Folder* folder = ById(request->mailbox_id());
    bool any = request->mailbox_id() == 0;
    uint64_t highest = any ? modseq_ : folder ? folder->highest : UINT64_MAX;
    if (highest > request->since_modseq() || !failure_.ok()) {
      response->set_modseq(modseq_);
      return End(c, done);
    }
    waiting_.push_back([this, response, done] {
      response->set_modseq(modseq_);
      done->Run();
    });
    if (on_wait_) std::exchange(on_wait_, nullptr)();
  }
  // Runs before the next look at changes: what somebody else did meanwhile.
  void OnChanges(std::function<void()> action) { on_changes_ = std::move(action); }
  // Runs when a client begins to wait.
  void OnWait(std::function<void()> action) { on_wait_ = std::move(action); }

  void FetchMessages(RpcController* c, const mailbox::v1::FetchMessagesRequest* request,
                     mailbox::v1::FetchMessagesResponse* response, Closure* done) override {
    uint32_t processed = 0;
    for (uint32_t uid : request->uids()) {
      // Few at a time, so that callers show whether they ask again.
      if (processed == 2) break;
      ++processed;
      const Message* message = ByUid(request->mailbox_id(), uid);
      if (!message) continue;
      auto* out = response->add_messages();
      out->set_uid(uid);
      out->set_email_id("e" + std::to_string(uid));
      out->set_thread_id("t1");
      out->mutable_save_date()->set_seconds(837571465);
      mime::Structure structure = mime::ParseStructure(message->content);
      if (request->want_structure()) out->set_structure(mime::Serialize(structure));
      if (request->want_header())
        out->set_header(message->content.substr(0, structure.parts[0].header_size));
      if (request->want_content()) out->set_content(message->content);
    }
    response->set_processed(processed);
    End(c, done);
  }
  void ReadContent(RpcController* c, const mailbox::v1::ReadContentRequest* request,
                   mailbox::v1::ReadContentResponse* response, Closure* done) override {
    const Message* message = ByUid(request->mailbox_id(), request->uid());
    if (!message) return End(c, done, NotFoundError("gone"));
    size_t offset = std::min<size_t>(request->offset(), message->content.size());
    response->set_data(message->content.substr(offset, request->length()));
    response->set_total_size(message->content.size());
    End(c, done);
  }
  void StoreFlags(RpcController* c, const mailbox::v1::StoreFlagsRequest* request,
                  mailbox::v1::StoreFlagsResponse* response, Closure* done) override {
    Folder* folder = ById(request->mailbox_id());
    if (!folder) return End(c, done, NotFoundError("gone"));
    for (Message& message : folder->messages) {
      if (std::count(request->uids().begin(), request->uids().end(), message.uid) == 0) continue;
      if (request->has_unchanged_since() && message.modseq > request->unchanged_since()) {
        response->add_modified(message.uid);
        continue;
      }
      std::vector<std::string> flags = message.flags;
      if (request->mode() == mailbox::v1::StoreFlagsRequest::MODE_SET) flags.clear();
      for (const std::string& flag : request->flags()) {
        std::erase(flags, flag);
        if (request->mode() != mailbox::v1::StoreFlagsRequest::MODE_REMOVE) flags.push_back(flag);
      }
      if (flags != message.flags) message.modseq = folder->highest = ++modseq_;
      message.flags = flags;
      Index(message, *response->mutable_index());
    }
    End(c, done);
    Wake();
  }
  void CopyMessages(RpcController* c, const mailbox::v1::CopyMessagesRequest* request,
                    mailbox::v1::CopyMessagesResponse* response, Closure* done) override {
    Folder* to = Find(request->destination());
    Folder* from = ById(request->mailbox_id());
    if (!to || !from) return End(c, done, NotFoundError("none"));
    response->set_destination_uid_validity(kUidValidity);
    for (uint32_t uid : request->uids()) {
      const Message* message = ByUid(from->id, uid);
      if (!message) continue;
      response->add_source_uids(uid);
      response->add_destination_uids(Deliver(to->name, message->content, message->flags));
      if (request->move()) Remove(from->name, uid);
    }
    EndOrHold(c, done);
  }
  void Expunge(RpcController* c, const mailbox::v1::ExpungeRequest* request,
               mailbox::v1::ExpungeResponse* response, Closure* done) override {
    Folder* folder = ById(request->mailbox_id());
    if (!folder) return End(c, done, NotFoundError("gone"));
    std::vector<uint32_t> gone;
    for (const Message& message : folder->messages) {
      bool named = std::count(request->uids().begin(), request->uids().end(), message.uid) > 0;
      bool deleted = std::count(message.flags.begin(), message.flags.end(), "\\Deleted") > 0;
      if ((named || request->uids().empty()) && (deleted || request->regardless_of_flag()))
        gone.push_back(message.uid);
    }
    if (failure_.ok()) {
      for (uint32_t uid : gone) Remove(folder->name, uid);
    }
    response->mutable_uids()->Assign(gone.begin(), gone.end());
    End(c, done);
  }
  void Append(RpcController* c, const mailbox::v1::AppendRequest* request,
              mailbox::v1::AppendResponse* response, Closure* done) override {
    Folder* folder = Find(request->mailbox());
    if (!folder) return End(c, done, NotFoundError("none"));
    response->set_uid_validity(kUidValidity);
    response->set_mailbox_id(folder->id);
    if (!failure_.ok()) return End(c, done);
    auto [known, added] = appended_.try_emplace(request->request_id(), 0);
    if (added) {
      known->second = Deliver(folder->name, request->content(),
                              {request->flags().begin(), request->flags().end()});
    }
    response->set_uid(known->second);
    bool lost = lost_answers_ > 0 && lost_answers_-- > 0;
    EndOrHold(c, done,
              lost ? absl::UnknownError("not known whether it was written") : absl::OkStatus());
  }
  void MultiAppend(RpcController* c, const mailbox::v1::MultiAppendRequest* request,
                   mailbox::v1::MultiAppendResponse* response, Closure* done) override {
    Folder* folder = Find(request->mailbox());
    if (!folder) return End(c, done, NotFoundError("none"));
    response->set_uid_validity(kUidValidity);
    response->set_mailbox_id(folder->id);
    if (!failure_.ok()) return End(c, done);
    for (const auto& message : request->messages()) {
      response->add_uids(Deliver(folder->name, message.content(),
                                 {message.flags().begin(), message.flags().end()}));
    }
    End(c, done);
  }
  // The next Search, Copy or Append is done at once, but its caller hears of it with AnswerHeld.
  void HoldNextAnswer() { hold_next_ = true; }
  void AnswerHeld() {
    if (held_) std::exchange(held_, nullptr)->Run();
  }
  // So many Appends store their message, but their callers hear of an unknown outcome.
  void LoseAnswers(int count) { lost_answers_ = count; }
  void Search(RpcController* c, const mailbox::v1::SearchRequest* request,
              mailbox::v1::SearchResponse* response, Closure* done) override {
    Folder* folder = ById(request->mailbox_id());
    if (!folder) return End(c, done, NotFoundError("gone"));
    for (const Message& message : folder->messages) {
      if (!Matches(request->key(), message)) continue;
      response->add_uids(message.uid);
      response->set_highest_modseq(std::max(response->highest_modseq(), message.modseq));
    }
    EndOrHold(c, done);
  }
  // In the order of the UIDs, or against it.
  void Sort(RpcController* c, const mailbox::v1::SortRequest* request,
            mailbox::v1::SortResponse* response, Closure* done) override {
    Folder* folder = ById(request->mailbox_id());
    if (!folder) return End(c, done, NotFoundError("gone"));
    for (const Message& message : folder->messages) {
      if (Matches(request->key(), message)) response->add_uids(message.uid);
    }
    if (request->order(0).reverse())
      std::reverse(response->mutable_uids()->begin(), response->mutable_uids()->end());
    End(c, done);
  }
  // Two answers to a missing message, and every other one answers the one before.
  void Thread(RpcController* c, const mailbox::v1::ThreadRequest* request,
              mailbox::v1::ThreadResponse* response, Closure* done) override {
    Folder* folder = ById(request->mailbox_id());
    if (!folder) return End(c, done, NotFoundError("gone"));
    response->add_uids(0);
    response->add_depths(0);
    for (const Message& message : folder->messages) {
      if (!Matches(request->key(), message)) continue;
      response->add_uids(message.uid);
      response->add_depths(std::max(1u, static_cast<uint32_t>(response->depths_size()) - 1));
    }
    End(c, done);
  }
  void GetMetadata(RpcController* c, const mailbox::v1::GetMetadataRequest* request,
                   mailbox::v1::GetMetadataResponse* response, Closure* done) override {
    for (const auto& [name, value] : metadata_[request->mailbox()]) {
      auto* entry = response->add_entries();
      entry->set_name(name);
      entry->set_value(value);
    }
    End(c, done);
  }
  void SetMetadata(RpcController* c, const mailbox::v1::SetMetadataRequest* request,
                   mailbox::v1::SetMetadataResponse*, Closure* done) override {
    auto& entries = metadata_[request->mailbox()];
    for (const auto& entry : request->entries()) {
      entries.erase(entry.name());
      if (entry.has_value()) entries[entry.name()] = entry.value();
    }
    End(c, done);
  }
  void LockMaildrop(RpcController* c, const mailbox::v1::LockMaildropRequest* request,
                    mailbox::v1::LockMaildropResponse*, Closure* done) override {
    if (maildrop_holder_.empty()) maildrop_holder_ = request->holder();
    bool ours = maildrop_holder_ == request->holder();
    End(c, done, ours ? absl::OkStatus() : absl::AbortedError("in use"));
  }
  void UnlockMaildrop(RpcController* c, const mailbox::v1::UnlockMaildropRequest* request,
                      mailbox::v1::UnlockMaildropResponse*, Closure* done) override {
    if (maildrop_holder_ == request->holder()) maildrop_holder_.clear();
    End(c, done);
  }
  const std::string& maildrop_holder() const { return maildrop_holder_; }
  void HoldMaildrop(std::string holder) { maildrop_holder_ = std::move(holder); }
  void GetQuota(RpcController* c, const mailbox::v1::GetQuotaRequest*,
                mailbox::v1::GetQuotaResponse* response, Closure* done) override {
    response->set_used_bytes(2048);
    End(c, done);
  }

 private:
  static constexpr uint32_t kUidValidity = 7;

  void EndOrHold(RpcController* c, Closure* done, absl::Status status = absl::OkStatus()) {
    if (!std::exchange(hold_next_, false)) return End(c, done, status);
    held_ = done;
  }

  void End(RpcController* c, Closure* done, absl::Status status = absl::OkStatus()) {
    rpc::Finish(c, done, failure_.ok() ? status : failure_);
  }
  void Wake() {
    for (const auto& waiter : std::exchange(waiting_, {})) waiter();
  }
  Folder* ById(int64_t id) {
    for (auto& [name, folder] : folders_) {
      if (folder.id == id) return &folder;
    }
    return nullptr;
  }
  const Message* ByUid(int64_t mailbox_id, uint32_t uid) {
    Folder* folder = ById(mailbox_id);
    if (!folder) return nullptr;
    for (const Message& message : folder->messages) {
      if (message.uid == uid) return &message;
    }
    return nullptr;
  }
  static void Describe(const Folder& folder, mailbox::v1::Mailbox& out) {
    out.set_id(folder.id);
    out.set_name(folder.name);
    out.set_uid_validity(kUidValidity);
    out.set_uid_next(folder.uid_next);
    out.set_highest_modseq(folder.highest);
    out.set_messages(static_cast<uint32_t>(folder.messages.size()));
    out.set_subscribed(folder.subscribed);
    out.set_special_use(folder.special_use);
  }
  static void Index(const Message& message, mailbox::v1::MessageIndex& out) {
    out.add_uids(message.uid);
    out.add_modseqs(message.modseq);
    out.add_sizes(static_cast<uint32_t>(message.content.size()));
    out.add_internal_dates(message.date);
    out.add_flags(static_cast<uint32_t>(out.flag_sets_size()));
    auto* set = out.add_flag_sets();
    for (const std::string& flag : message.flags) set->add_flags(flag);
  }
  static bool Matches(const mailbox::v1::SearchKey& key, const Message& message) {
    using Key = mailbox::v1::SearchKey;
    auto child = [&](int i) { return Matches(key.children(i), message); };
    switch (key.op()) {
      case Key::OP_AND:
        for (int i = 0; i < key.children_size(); ++i) {
          if (!child(i)) return false;
        }
        return true;
      case Key::OP_OR:
        return child(0) || child(1);
      case Key::OP_NOT:
        return !child(0);
      case Key::OP_FLAG:
        return std::count(message.flags.begin(), message.flags.end(), key.text()) > 0;
      case Key::OP_UIDS:
        return std::any_of(key.ranges().begin(), key.ranges().end(), [&](const auto& range) {
          return range.first() <= message.uid && message.uid <= range.last();
        });
      case Key::OP_EMAIL_ID:
        return key.text() == "e" + std::to_string(message.uid);
      case Key::OP_TEXT:
        return message.content.find(key.text()) != std::string::npos;
      case Key::OP_MODSEQ:
        return message.modseq >= key.number();
      default:
        return true;
    }
  }

  std::map<std::string, Folder> folders_;
  uint64_t modseq_ = 1;
  int64_t last_id_ = 0;
  absl::Status failure_;
  std::vector<std::function<void()>> waiting_;
  std::function<void()> on_wait_;
  std::function<void()> on_changes_;
  std::map<std::string, uint32_t> appended_;  // by request id
  int lost_answers_ = 0;
  bool hold_next_ = false;
  Closure* held_ = nullptr;
  std::string maildrop_holder_;
  std::map<std::string, std::map<std::string, std::string>> metadata_;  // by mailbox
};

}  // namespace pennypost::access
