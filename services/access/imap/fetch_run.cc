#include "services/access/imap/fetch_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "imap/write.h"
#include "mime/decode.h"
#include "mime/preview.h"
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
constexpr uint64_t kPiece = 512 << 10;
constexpr size_t kFlushAt = 64 << 10;

bool IsTopHeader(const imap::Section& section) {
  using Text = imap::Section::Text;
  return section.part.empty() && section.text != Text::kAll && section.text != Text::kText;
}

bool SelectsFields(const imap::Section& section) {
  return section.text == imap::Section::Text::kHeaderFields ||
         section.text == imap::Section::Text::kHeaderFieldsNot;
}

imap::ByteRange CutToPartial(imap::ByteRange range, const imap::FetchItem& item) {
  if (!item.partial) return range;
  uint64_t skip = std::min(item.partial->first, range.size);
  return {range.offset + skip, std::min(item.partial->second, range.size - skip)};
}

// RFC 9051 9 CHAR8: no NUL in a literal.
void ReplaceNul(std::string& bytes) {
  std::replace(bytes.begin(), bytes.end(), '\0', '\x80');
}

}  // namespace

FetchRun::FetchRun(ImapContext& context, const imap::Fetch& fetch)
    : context_(context), fetch_(fetch) {
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

void FetchRun::WriteFromView(size_t index) {
  Loaded nothing;
  imap::MessageState state = context_.view().At(index);
  out_ += fmt::format("* {} FETCH (", index + 1);
  for (const imap::FetchItem& item : fetch_.items) {
    if (&item != &fetch_.items[0]) out_ += ' ';
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
  out_ += fmt::format("* {} FETCH (", index + 1);
  bool first = true;
  bool flags_told = false;
  for (const imap::FetchItem& item : fetch_.items) {
    if (!first) out_ += ' ';
    first = false;
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

net::Awaitable<absl::Status> FetchRun::WriteContent(const imap::FetchItem& item, Loaded& loaded) {
  out_ += imap::FetchItemName(item) + " ";
  bool binary = item.kind == Kind::kBinary || item.kind == Kind::kBinarySize;
  if (binary) co_return co_await WriteBinary(item, loaded);
  if (item.kind == Kind::kPreview) co_return co_await WritePreview(loaded);
  co_return co_await WriteBytes(item, loaded);
}

// RFC 8970: empty where there is nothing to read; never NIL, since a few kilobytes are always at
// hand.
net::Awaitable<absl::Status> FetchRun::WritePreview(Loaded& loaded) {
  std::string preview;
  if (auto index = mime::PreviewPart(loaded.structure)) {
    const mime::Part& part = loaded.structure.parts[*index];
    imap::ByteRange beginning{part.body_offset, std::min(part.body_size, mime::kPreviewBytes)};
    auto bytes = co_await ReadRange(loaded, beginning);
    if (!bytes.ok()) co_return bytes.status();
    preview = mime::MakePreview(*bytes, part);
  }
  imap::WriteString(preview, out_);
  co_return absl::OkStatus();
}

net::Awaitable<absl::Status> FetchRun::WriteBytes(const imap::FetchItem& item, Loaded& loaded) {
  imap::Section section = imap::SectionOf(item);
  if (IsTopHeader(section)) {
    std::string header =
        SelectsFields(section) ? imap::SelectHeaderFields(loaded.header, section) : loaded.header;
    imap::WriteLiteral(imap::ApplyPartial(header, item), out_);
    co_return absl::OkStatus();
  }
  auto range = imap::SectionRange(loaded.structure, section);
  if (!range) {
    out_ += "NIL";
    co_return absl::OkStatus();
  }
  if (SelectsFields(section)) {
    auto header = co_await ReadRange(loaded, *range);
    if (!header.ok()) co_return header.status();
    std::string fields = imap::SelectHeaderFields(*header, section);
    imap::WriteLiteral(imap::ApplyPartial(fields, item), out_);
    co_return absl::OkStatus();
  }
  imap::ByteRange cut = CutToPartial(*range, item);
  if (!loaded.whole && cut.size > kPiece) co_return co_await StreamRange(loaded.uid, cut);
  auto bytes = co_await ReadRange(loaded, cut);
  if (!bytes.ok()) co_return bytes.status();
  imap::WriteLiteral(*bytes, out_);
  co_return absl::OkStatus();
}

// RFC 9051 6.4.5 BINARY: a part without its transfer encoding.
net::Awaitable<absl::Status> FetchRun::WriteBinary(const imap::FetchItem& item, Loaded& loaded) {
  auto part = mime::FindPart(loaded.structure, item.section.part);
  auto range = imap::SectionRange(loaded.structure, item.section);
  if (!part || !range) {
    out_ += item.kind == Kind::kBinarySize ? "0" : "NIL";
    co_return absl::OkStatus();
  }
  auto bytes = co_await ReadRange(loaded, *range);
  if (!bytes.ok()) co_return bytes.status();
  std::string decoded =
      item.section.part.empty()
          ? *std::move(bytes)
          : mime::DecodeTransferEncoding(*bytes, loaded.structure.parts[*part].encoding);
  if (item.kind == Kind::kBinarySize) {
    out_ += std::to_string(decoded.size());
  } else {
    std::string_view cut = imap::ApplyPartial(decoded, item);
    // RFC 9051 9 literal8, which may hold NUL.
    out_ += fmt::format("~{{{}}}\r\n", cut.size());
    out_ += cut;
  }
  co_return absl::OkStatus();
}

net::Awaitable<absl::StatusOr<std::string>> FetchRun::ReadRange(const Loaded& loaded,
                                                                imap::ByteRange range) {
  if (loaded.whole) {
    if (range.offset + range.size > loaded.content.size()) {
      co_return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt,
                          "message and structure do not match");
    }
    co_return loaded.content.substr(range.offset, range.size);
  }
  std::string bytes;
  while (bytes.size() < range.size) {
    auto request = ForSelected<pb::ReadContentRequest>(context_);
    request.set_uid(loaded.uid);
    request.set_offset(range.offset + bytes.size());
    request.set_length(std::min<uint64_t>(kPiece, range.size - bytes.size()));
    auto response = co_await rpc::Call(context_.mailbox(), &pb::MailboxService::ReadContent,
                                       request, kReadTimeout);
    if (!response.ok()) co_return response.status();
    if (response->data().empty()) {
      co_return MakeError(absl::StatusCode::kDataLoss, Reason::kCorrupt,
                          "message is shorter than its structure");
    }
    bytes += response->data();
  }
  bytes.resize(range.size);
  co_return bytes;
}

net::Awaitable<absl::Status> FetchRun::StreamRange(uint32_t uid, imap::ByteRange range) {
  Loaded piece_of;
  piece_of.uid = uid;
  uint64_t sent = 0;
  while (sent < range.size) {
    imap::ByteRange piece{range.offset + sent, std::min(kPiece, range.size - sent)};
    auto bytes = co_await ReadRange(piece_of, piece);
    if (!bytes.ok()) co_return bytes.status();
    // The first piece is there: now the literal may be promised.
    if (sent == 0) out_ += fmt::format("{{{}}}\r\n", range.size);
    ReplaceNul(*bytes);
    out_ += *bytes;
    sent += piece.size;
    absl::Status flushed = co_await Flush();
    if (!flushed.ok()) co_return flushed;
  }
  co_return absl::OkStatus();
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
