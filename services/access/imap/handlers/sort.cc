// SORT (RFC 5256, RFC 5957, RFC 5267 3) and THREAD (RFC 5256).

#include "services/access/imap/handlers.h"
#include "services/access/imap/imap_error.h"
#include "services/access/imap/progress.h"
#include "services/access/imap/search_run.h"

namespace pennypost::access {

namespace pb = mailbox::v1;

namespace {

// In the client's numbers. The answers of a message it cannot name stand in that one's place.
std::vector<imap::ThreadEntry> ToEntries(const ImapContext& context, const imap::Search& search,
                                         const pb::ThreadResponse& response) {
  std::vector<imap::ThreadEntry> entries;
  std::vector<uint32_t> unknown;  // depths of unknown messages above
  int count = std::min(response.uids_size(), response.depths_size());
  for (int i = 0; i < count; ++i) {
    uint32_t uid = response.uids(i);
    uint32_t depth = response.depths(i);
    while (!unknown.empty() && unknown.back() >= depth) unknown.pop_back();
    auto index = context.view().IndexOf(uid);
    if (uid != 0 && !index) {
      unknown.push_back(depth);
      continue;
    }
    uint32_t number =
        uid == 0 || search.numbers == imap::Numbers::kUid ? uid : static_cast<uint32_t>(*index + 1);
    entries.push_back({number, depth - static_cast<uint32_t>(unknown.size())});
  }
  return entries;
}

}  // namespace

net::Awaitable<Done> HandleSort(ImapContext& context, const imap::Sort& sort,
                                const std::string& tag) {
  Done done;
  auto request = ForSelected<pb::SortRequest>(context);
  absl::Status prepared =
      co_await PrepareSearch(context, sort.search, done, *request.mutable_key());
  if (!prepared.ok()) {
    done.result = ImapError(prepared);
    co_return done;
  }
  SetOrder(sort.order, request);
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::Sort, request, kSearchTimeout);
  if (!response.ok()) {
    SaveResult(context, sort.search, {});
    done.result = ImapError(response.status());
    co_return done;
  }
  FoundMessages found = ToFound(context, sort.search, *response);
  SaveResult(context, sort.search, found.uids);
  bool keep = (sort.search.returns & imap::kReturnUpdate) != 0;
  if (keep) KeepUpdated(context, sort.search, sort.order, found.uids, done);
  done.result = imap::Ok("Done");
  if (!sort.search.extended) {
    imap::WriteSort(found.result, done.untagged);
  } else if ((sort.search.returns & ~imap::kReturnNothing) != 0) {
    imap::WriteESearch(found.result, tag, sort.search, sort.search.returns, done.untagged);
  }
  co_return done;
}

net::Awaitable<Done> HandleThread(ImapContext& context, const imap::Thread& thread) {
  Done done;
  auto request = ForSelected<pb::ThreadRequest>(context);
  absl::Status prepared =
      co_await PrepareSearch(context, thread.search, done, *request.mutable_key());
  if (!prepared.ok()) {
    done.result = ImapError(prepared);
    co_return done;
  }
  bool references = thread.algorithm == imap::Thread::Algorithm::kReferences;
  request.set_algorithm(references ? pb::ThreadRequest::ALGORITHM_REFERENCES
                                   : pb::ThreadRequest::ALGORITHM_ORDERED_SUBJECT);
  auto response =
      co_await CallWithProgress(context, &pb::MailboxService::Thread, request, kSearchTimeout);
  if (!response.ok()) {
    done.result = ImapError(response.status());
    co_return done;
  }
  imap::WriteThread(ToEntries(context, thread.search, *response), done.untagged);
  done.result = imap::Ok("Done");
  co_return done;
}

}  // namespace pennypost::access
