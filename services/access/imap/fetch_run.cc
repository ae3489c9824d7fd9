#include "services/access/imap/fetch_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "imap/write.h"
#include "mime/decode.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

using Kind = imap::FetchItem::Kind;

// A message up to this size is loaded whole.
constexpr uint64_t kWhole = 256 << 10;
constexpr size_t kBatchMessages = 200;
constexpr uint64_t kBatchBytes = 2 << 20;
constexpr size_t kFlushAt = 64 << 10;

}  // namespace

FetchRun::FetchRun(ImapContext& context, const imap::Fetch& fetch)
    : context_(context), fetch_(fetch) {
  for (const imap::FetchItem& item : fetch.items) only_uid_ = only_uid_ && item.kind == Kind::kUid;
  for (const imap::FetchItem& item : fetch.items) {
    switch (imap::NeedsOf(item)) {
      case imap::Needs::kNothing:
        break;
      case imap::Needs::kRecord:
        want_record_ = true;
        break;
      case imap::Needs::kStructure:
        want_structure_ = true;
        break;
      case imap::Needs::kHeader:
        want_header_ = true;
        break;
      case imap::Needs::kContent:
        want_content_ = want_structure_ = true;
        break;
    }
  }
}

net::Awaitable<absl::Status> FetchRun::Run(const std::vector<size_t>& indexes) {
  seen_set_.assign(context_.view().size(), false);
  co_await MarkSeen(indexes);
  std::span<const size_t> rest(indexes);
  bool from_view = !want_record_ && !want_structure_ && !want_header_ && !want_content_;
  while (!rest.empty()) {
    size_t count = from_view ? 1 : BatchSize(rest);
    std::span<const size_t> batch = rest.first(count);
    rest = rest.subspan(count);
    if (!from_view) {
      absl::Status status = co_await RunBatch(batch);
      if (!status.ok()) co_return status;
      continue;
    }
    // A mailbox may have a million of these: no coroutine for each.
    WriteFromView(batch[0]);
    if (out_.size() < kFlushAt) continue;
    absl::Status flushed = co_await Flush();
    if (!flushed.ok()) co_return flushed;
  }
  co_return absl::OkStatus();
}

// RFC 9586 3.3: UIDFETCH begins with the UID, so it is no item, unless there were none then.
bool FetchRun::IsSaid(const imap::FetchItem& item) const {
  return item.kind == Kind::kUid && context_.session.features().uidonly && !only_uid_;
}

void FetchRun::WriteFromView(size_t index) {
  Loaded nothing;
  imap::MessageState state = context_.view().At(index);
  imap::BeginFetch(index, state.uid, context_.session.features().numbers(), out_);
  bool first = true;
  for (const imap::FetchItem& item : fetch_.items) {
    if (IsSaid(item)) continue;
    if (!std::exchange(first, false)) out_ += ' ';
    WriteAtOnce(item, state, nothing);
  }
  out_ += ")\r\n";
}

// RFC 9051 6.4.5: BODY[] without PEEK sets \Seen. Reading goes on where that fails: the flag is the
// lesser loss.
net::Awaitable<void> FetchRun::MarkSeen(const std::vector<size_t>& indexes) {
  bool sets = false;
  for (const imap::FetchItem& item : fetch_.items) sets = sets || !item.peek;
  if (!sets || context_.session.read_only()) co_return;
  auto request = ForSelected<pb::StoreFlagsRequest>(context_);
  imap::MailboxView& view = context_.view();
  for (size_t index : indexes) {
    const imap::Flags& flags = view.FlagsAt(index);
    if (std::find(flags.begin(), flags.end(), "\\Seen") == flags.end())
      request.add_uids(view.uid_at(index));
  }
  if (request.uids().empty()) co_return;
  request.set_mode(pb::StoreFlagsRequest::MODE_ADD);
  request.add_flags("\\Seen");
  auto response = co_await rpc::Call(context_.mailbox(), &pb::MailboxService::StoreFlags, request,
                                     kWriteTimeout);
  if (!response.ok()) co_return;
  for (const imap::MessageState& message : FromIndex(response->index())) {
    auto index = view.IndexOf(message.uid);
    if (!index) continue;
    view.Change(message, imap::MailboxView::Origin::kOwn);
    seen_set_[*index] = true;
  }
}

bool FetchRun::IsLarge(size_t index) const {
  return want_content_ && context_.view().At(index).size > kWhole;
}

// Large messages go alone; of small ones as many as a call should carry.
size_t FetchRun::BatchSize(std::span<const size_t> indexes) const {
  if (IsLarge(indexes[0])) return 1;
  uint64_t bytes = 0;
  size_t count = 0;
  while (count < indexes.size() && count < kBatchMessages && bytes < kBatchBytes &&
         !IsLarge(indexes[count])) {
    if (want_content_) bytes += context_.view().At(indexes[count]).size;
    ++count;
  }
  return count;
}

net::Awaitable<absl::Status> FetchRun::RunBatch(std::span<const size_t> indexes) {
  bool whole = want_content_ && !IsLarge(indexes[0]);
  size_t done = 0;
  while (done < indexes.size()) {
    auto request = ForSelected<pb::FetchMessagesRequest>(context_);
    for (size_t index : indexes.subspan(done)) request.add_uids(context_.view().uid_at(index));
    request.set_want_structure(want_structure_);
    request.set_want_header(want_header_);
    request.set_want_content(whole);
    auto response = co_await rpc::Call(context_.mailbox(), &pb::MailboxService::FetchMessages,
                                       request, kReadTimeout);
    if (!response.ok()) co_return response.status();
    size_t processed = std::min<size_t>(response->processed(), indexes.size() - done);
    // A store that looks at nothing would keep us here for ever.
    if (processed == 0) co_return BugError("the store returned no messages");
    if (static_cast<size_t>(response->messages_size()) < processed) some_gone_ = true;
    for (pb::FetchedMessage& message : *response->mutable_messages()) {
      auto index = context_.view().IndexOf(message.uid());
      if (!index) continue;
      Loaded loaded;
      loaded.uid = message.uid();
      loaded.size = context_.view().At(*index).size;
      if (want_structure_) {
        auto structure = mime::Deserialize(message.structure());
        if (!structure.ok()) co_return structure.status();
        loaded.structure = *std::move(structure);
        loaded.size = loaded.structure.size;
      }
      loaded.header = std::move(*message.mutable_header());
      loaded.content = std::move(*message.mutable_content());
      loaded.whole = whole;
      loaded.email_id = message.email_id();
      loaded.thread_id = message.thread_id();
      loaded.save_date = message.save_date().seconds();
      size_t begin = out_.size();
      flushed_ = false;
      absl::Status written = co_await WriteMessage(*index, loaded);
      if (!written.ok()) {
        // What is written of it is taken back, or the client would wait for the rest.
        if (flushed_) context_.sink.Break();
        out_.resize(flushed_ ? 0 : begin);
        co_return written;
      }
    }
    done += processed;
  }
  co_return absl::OkStatus();
}

// RFC 9051 6.4.5 BINARY: a part that cannot be decoded fails the command, before a word is said of
// its message.
absl::Status FetchRun::CheckEncodings(const Loaded& loaded) const {
  for (const imap::FetchItem& item : fetch_.items) {
    if (item.kind != Kind::kBinary && item.kind != Kind::kBinarySize) continue;
    auto part = mime::FindPart(loaded.structure, item.section.part);
    bool known = !part || mime::IsKnownTransferEncoding(loaded.structure.parts[*part].encoding);
    if (!known && !item.section.part.empty())
      return absl::UnimplementedError("unknown transfer encoding");
  }
  return absl::OkStatus();
}

net::Awaitable<absl::Status> FetchRun::WriteMessage(size_t index, Loaded& loaded) {
  absl::Status decodable = CheckEncodings(loaded);
  if (!decodable.ok()) co_return decodable;
  imap::MessageState state = context_.view().At(index);
  imap::BeginFetch(index, state.uid, context_.session.features().numbers(), out_);
  bool first = true;
  bool flags_told = false;
  for (const imap::FetchItem& item : fetch_.items) {
    if (IsSaid(item)) continue;
    if (!std::exchange(first, false)) out_ += ' ';
    flags_told = flags_told || item.kind == Kind::kFlags;
    if (WriteAtOnce(item, state, loaded)) continue;
    absl::Status status = co_await WriteContent(item, loaded);
    if (!status.ok()) co_return status;
  }
  if (seen_set_[index] && !flags_told) {
    out_ += " FLAGS ";
    imap::WriteFlags(state.flags, out_);
    // RFC 7162 3.2: with CONDSTORE every flag report carries the MODSEQ.
    if (context_.session.features().condstore) out_ += fmt::format(" MODSEQ ({})", state.modseq);
  }
  out_ += ")\r\n";
  if (out_.size() < kFlushAt) co_return absl::OkStatus();
  co_return co_await Flush();
}

// False for items that need content; their name is not written then.
bool FetchRun::WriteAtOnce(const imap::FetchItem& item, const imap::MessageState& state,
                           const Loaded& loaded) {
  if (imap::NeedsOf(item) == imap::Needs::kContent || imap::NeedsOf(item) == imap::Needs::kHeader) {
    return false;
  }
  out_ += imap::FetchItemName(item);
  out_ += ' ';
  if (item.kind == Kind::kEnvelope) imap::WriteEnvelope(loaded.structure.envelope(), out_);
  if (item.kind == Kind::kBody) {
    imap::WriteBodyStructure(loaded.structure, imap::BodyForm::kBody, out_);
  }
  if (item.kind == Kind::kBodyStructure) {
    imap::WriteBodyStructure(loaded.structure, imap::BodyForm::kBodyStructure, out_);
  }
  if (item.kind == Kind::kFlags) imap::WriteFlags(state.flags, out_);
  if (item.kind == Kind::kUid) out_ += std::to_string(state.uid);
  if (item.kind == Kind::kInternalDate) imap::WriteDate(state.internal_date, out_);
  if (item.kind == Kind::kSize) out_ += std::to_string(state.size);
  // RFC 8474 5.2: no id is both an email's and a thread's.
  if (item.kind == Kind::kEmailId) out_ += fmt::format("(M{})", loaded.email_id);
  if (item.kind == Kind::kThreadId) out_ += fmt::format("(T{})", loaded.thread_id);
  if (item.kind == Kind::kSaveDate) imap::WriteDate(loaded.save_date, out_);
  if (item.kind == Kind::kModSeq) out_ += fmt::format("({})", state.modseq);
  return true;
}

net::Awaitable<absl::Status> FetchRun::Flush() {
  if (out_.size() < kFlushAt) co_return absl::OkStatus();
  std::string bytes = std::exchange(out_, "");
  flushed_ = true;
  bool written = co_await context_.sink.Write(bytes);
  if (!written) co_return absl::CancelledError("the client is gone");
  co_return absl::OkStatus();
}

}  // namespace pennypost::access
