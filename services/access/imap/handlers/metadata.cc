// GETMETADATA and SETMETADATA (RFC 5464).

#include <fmt/format.h>

#include <algorithm>

#include "rpc/call.h"
#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

constexpr size_t kLongestValue = 64 << 10;

// RFC 5464 4.2.2
bool Wanted(const imap::GetMetadata& get, const std::string& name) {
  for (const std::string& entry : get.entries) {
    if (name == entry) return true;
    if (get.depth == imap::GetMetadata::Depth::kSelf || !name.starts_with(entry + "/")) continue;
    bool child = name.find('/', entry.size() + 1) == std::string::npos;
    if (child || get.depth == imap::GetMetadata::Depth::kAll) return true;
  }
  return false;
}

}  // namespace

net::Awaitable<Done> HandleGetMetadata(ImapContext& context, const imap::GetMetadata& get) {
  auto place = co_await Locate(context, get.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  auto request = ForAccount<pb::GetMetadataRequest>(context, place->owner.id);
  request.set_mailbox(place->mailbox);
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::GetMetadata, request,
                                     kReadTimeout);
  if (!response.ok()) co_return ImapRefusal(response.status());
  std::vector<imap::MetadataEntry> entries;
  uint64_t longest_left_out = 0;
  for (const pb::MetadataEntry& entry : response->entries()) {
    if (!Wanted(get, entry.name())) continue;
    if (get.max_size && entry.value().size() > *get.max_size) {
      longest_left_out = std::max<uint64_t>(longest_left_out, entry.value().size());
    } else {
      entries.push_back({entry.name(), entry.value()});
    }
  }
  // What was asked for by name and is not there is NIL.
  for (const std::string& name : get.entries) {
    bool there = std::any_of(response->entries().begin(), response->entries().end(),
                             [&name](const auto& entry) { return entry.name() == name; });
    bool alone = get.depth == imap::GetMetadata::Depth::kSelf;
    if (!there && alone) entries.push_back({name, std::nullopt});
  }
  Done done;
  imap::WriteMetadata(get.mailbox, entries, context.names(), done.untagged);
  done.result = imap::Ok("Done");
  if (longest_left_out > 0)
    done.result.code = fmt::format("METADATA LONGENTRIES {}", longest_left_out);
  co_return done;
}

net::Awaitable<Done> HandleSetMetadata(ImapContext& context, const imap::SetMetadata& set) {
  Done done;
  auto place = co_await Locate(context, set.mailbox);
  if (!place.ok()) co_return ImapRefusal(place.status());
  bool own = place->owner.id == context.account.id;
  auto request = ForAccount<pb::SetMetadataRequest>(context, place->owner.id);
  request.set_mailbox(place->mailbox);
  for (const imap::MetadataEntry& entry : set.entries) {
    if (set.mailbox.empty() && entry.name.starts_with("/shared/")) {
      // RFC 5464 6.1: those of the server are its administrator's.
      done.result = imap::No("Shared entries of the server cannot be set here", "NOPERM");
      co_return done;
    }
    if (!own && entry.name.starts_with("/private/")) {
      done.result = imap::No("Private entries are the owner's", "METADATA NOPRIVATE");
      co_return done;
    }
    if (entry.value && entry.value->size() > kLongestValue) {
      done.result =
          imap::No("The value is too long", fmt::format("METADATA MAXSIZE {}", kLongestValue));
      co_return done;
    }
    pb::MetadataEntry* out = request.add_entries();
    out->set_name(entry.name);
    if (entry.value) out->set_value(*entry.value);
  }
  auto response = co_await rpc::Call(context.mailbox(), &pb::MailboxService::SetMetadata, request,
                                     kWriteTimeout);
  done.result = ImapError(response.status());
  if (ReasonOf(response.status()) == Reason::kOverQuota)
    done.result = imap::No("Too many entries", "METADATA TOOMANY");
  co_return done;
}

}  // namespace pennypost::access
