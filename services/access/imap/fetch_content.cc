// Items of FETCH that need bytes of the message (RFC 9051 6.4.5, RFC 3516, RFC 8970).

#include <fmt/format.h>

#include <algorithm>

#include "imap/write.h"
#include "mime/decode.h"
#include "mime/preview.h"
#include "rpc/call.h"
#include "services/access/imap/fetch_run.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

using Kind = imap::FetchItem::Kind;

constexpr uint64_t kPiece = 512 << 10;

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

}  // namespace pennypost::access
