// CATENATE (RFC 4469): messages put together from literals and from parts of messages that are
// here. What comes out has the limits of any APPEND: all of its messages together are no larger
// than one may be, and their memory is drawn from the same budget.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/body_budget.h"
#include "imap/section.h"
#include "imap/url.h"
#include "net/wait_for_credit.h"
#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

constexpr uint64_t kPiece = 512 << 10;

// Where a URL points: bytes of a message, or a choice of its header.
struct Source {
  int64_t account_id = 0;
  int64_t mailbox_id = 0;
  uint32_t uid = 0;
  imap::ByteRange range;
  const imap::Section* fields = nullptr;  // HEADER.FIELDS and its opposite
};

// A mailbox, and whose it is.
struct Found {
  int64_t account_id = 0;
  int64_t mailbox_id = 0;
  uint32_t uid_validity = 0;
};

net::Awaitable<absl::StatusOr<Found>> FindNamed(ImapContext& context, const std::string& name) {
  auto place = co_await Locate(context, name);
  if (!place.ok()) co_return place.status();
  auto mailbox = co_await Look(context, *place);
  if (!mailbox.ok()) co_return mailbox.status();
  co_return Found{place->owner.id, mailbox->id(), mailbox->uid_validity()};
}

// One command's work; what went wrong first is in `refusal`.
class Catenation {
 public:
  Catenation(ImapContext& context, const imap::Append& append)
      : context_(context), append_(append) {}

  net::Awaitable<bool> Run();
  imap::Append TakeResult() { return std::move(out_); }
  imap::Result refusal() const { return refusal_; }

 private:
  net::Awaitable<bool> AddPart(const imap::CatenatePart& part);
  net::Awaitable<bool> AddUrl(const std::string& text);
  net::Awaitable<std::optional<Found>> FindMailbox(const imap::MessageUrl& url);
  net::Awaitable<std::optional<Source>> FindSource(const imap::MessageUrl& url, const Found& found);
  net::Awaitable<bool> Read(const Source& source, std::string& out);
  net::Awaitable<bool> Reserve(uint64_t bytes);
  bool Refuse(imap::Result result) {
    refusal_ = std::move(result);
    return false;
  }
  bool BadUrl() {
    return Refuse(imap::No("The URL names no message or part of one here",
                           "BADURL " + imap::UrlForResponse(*url_)));
  }

  ImapContext& context_;
  const imap::Append& append_;
  imap::Append out_;
  imap::Result refusal_;
  const std::string* url_ = nullptr;    // at work
  std::map<std::string, Found> known_;  // by name
};

net::Awaitable<bool> Catenation::Run() {
  out_.mailbox = append_.mailbox;
  for (const imap::Append::Message& message : append_.messages) {
    imap::Append::Message whole = message;
    whole.parts.clear();
    whole.offset = out_.text.size();
    std::vector<imap::CatenatePart> parts = message.parts;
    if (parts.empty()) parts.push_back({message.offset, message.size, std::nullopt});
    for (const imap::CatenatePart& part : parts) {
      bool added = co_await AddPart(part);
      if (!added) co_return false;
    }
    whole.size = out_.text.size() - whole.offset;
    out_.messages.push_back(std::move(whole));
  }
  co_return true;
}

net::Awaitable<bool> Catenation::AddPart(const imap::CatenatePart& part) {
  if (part.url) co_return co_await AddUrl(*part.url);
  bool room = co_await Reserve(part.size);
  if (room) out_.text += std::string_view(append_.text).substr(part.offset, part.size);
  co_return room;
}

net::Awaitable<bool> Catenation::AddUrl(const std::string& text) {
  url_ = &text;
  auto url = imap::ParseMessageUrl(text);
  if (!url.ok()) co_return BadUrl();
  auto mailbox = co_await FindMailbox(*url);
  if (!mailbox) co_return false;
  if (url->uid_validity && *url->uid_validity != mailbox->uid_validity) co_return BadUrl();
  auto source = co_await FindSource(*url, *mailbox);
  if (!source) co_return false;
  if (!source->fields) co_return co_await Read(*source, out_.text);
  std::string header;
  bool read = co_await Read(*source, header);
  if (!read) co_return false;
  imap::FetchItem cut;
  if (url->partial)
    cut.partial = {url->partial->first, url->partial->second.value_or(header.size() + 2)};
  std::string chosen = imap::SelectHeaderFields(header, *source->fields);
  out_.text += imap::ApplyPartial(chosen, cut);
  co_return true;
}

net::Awaitable<std::optional<Found>> Catenation::FindMailbox(const imap::MessageUrl& url) {
  std::optional<Found> found;
  const imap::MailboxView* view = context_.session.view();
  if (url.mailbox.empty()) {
    if (view) {
      const imap::MailboxView::Info& info = view->info();
      found = Found{info.account_id, info.mailbox_id, info.uid_validity};
    } else {
      BadUrl();
    }
    co_return found;
  }
  auto known = known_.find(url.mailbox);
  if (known != known_.end()) co_return known->second;
  auto named = co_await FindNamed(context_, url.mailbox);
  if (named.ok()) {
    found = known_[url.mailbox] = *named;
  } else if (named.status().code() == absl::StatusCode::kNotFound) {
    BadUrl();
  } else {
    Refuse(ImapError(named.status()));
  }
  co_return found;
}

net::Awaitable<std::optional<Source>> Catenation::FindSource(const imap::MessageUrl& url,
                                                             const Found& found) {
  std::optional<Source> source;
  auto request = ForAccount<pb::FetchMessagesRequest>(context_, found.account_id);
  request.set_mailbox_id(found.mailbox_id);
  request.add_uids(url.uid);
  request.set_want_structure(true);
  auto response = co_await rpc::Call(context_.mailbox(), &pb::MailboxService::FetchMessages,
                                     request, kReadTimeout);
  if (!response.ok()) {
    Refuse(ImapError(response.status()));
    co_return source;
  }
  if (response->messages().empty()) {
    BadUrl();
    co_return source;
  }
  auto structure = mime::Deserialize(response->messages(0).structure());
  if (!structure.ok()) {
    Refuse(ImapError(structure.status()));
    co_return source;
  }
  auto range = imap::SectionRange(*structure, url.section);
  if (!range) {
    BadUrl();
    co_return source;
  }
  using Text = imap::Section::Text;
  bool fields =
      url.section.text == Text::kHeaderFields || url.section.text == Text::kHeaderFieldsNot;
  source =
      Source{found.account_id, found.mailbox_id, url.uid, *range, fields ? &url.section : nullptr};
  if (url.partial && !fields) {
    uint64_t skip = std::min(url.partial->first, range->size);
    uint64_t rest = range->size - skip;
    source->range = {range->offset + skip, std::min(url.partial->second.value_or(rest), rest)};
  }
  co_return source;
}

net::Awaitable<bool> Catenation::Read(const Source& source, std::string& out) {
  bool room = co_await Reserve(source.range.size);
  if (!room) co_return false;
  uint64_t done = 0;
  while (done < source.range.size) {
    auto request = ForAccount<pb::ReadContentRequest>(context_, source.account_id);
    request.set_mailbox_id(source.mailbox_id);
    request.set_uid(source.uid);
    request.set_offset(source.range.offset + done);
    request.set_length(std::min(kPiece, source.range.size - done));
    auto response = co_await rpc::Call(context_.mailbox(), &pb::MailboxService::ReadContent,
                                       request, kReadTimeout);
    bool gone = response.status().code() == absl::StatusCode::kNotFound;
    if (gone) co_return BadUrl();
    if (!response.ok()) co_return Refuse(ImapError(response.status()));
    if (response->data().empty()) co_return Refuse(imap::No("Stored data is damaged", "SERVERBUG"));
    out += response->data();
    done += response->data().size();
  }
  co_return true;
}

// RFC 4469 4.2, ROBUSTNESS 2.8
net::Awaitable<bool> Catenation::Reserve(uint64_t bytes) {
  if (bytes >
      context_.session.max_message() - std::min(context_.session.max_message(), out_.text.size()))
    co_return Refuse(imap::No("The message would be too large", "TOOBIG"));
  if (context_.lease == nullptr || context_.lease->Extend(bytes)) co_return true;
  bool room = co_await net::WaitForCredit(*context_.lease, bytes, context_.body_patience);
  if (room) co_return true;
  co_return Refuse(imap::No("No room here now, try again later", "UNAVAILABLE"));
}

}  // namespace

bool IsCatenated(const imap::Append& append) {
  return std::any_of(append.messages.begin(), append.messages.end(),
                     [](const imap::Append::Message& message) { return !message.parts.empty(); });
}

net::Awaitable<std::optional<imap::Result>> Catenate(ImapContext& context,
                                                     const imap::Append& append,
                                                     imap::Append& whole) {
  Catenation work(context, append);
  bool done = co_await work.Run();
  if (!done) co_return work.refusal();
  whole = work.TakeResult();
  co_return std::nullopt;
}

}  // namespace pennypost::access
