// SEARCH, and SORT and THREAD: a search whose result has an order.

#include <absl/time/clock.h>

#include "services/mailbox/core/order.h"
#include "services/mailbox/core/search.h"
#include "services/mailbox/core/threads.h"
#include "services/mailbox/mailbox_service.h"

namespace pennypost::mailbox {
namespace {

template <class Request>
Loader LoaderOf(Store& store, const Request& request) {
  return [&store, &request](const std::vector<uint32_t>& uids, Store::Want want) {
    return store.Fetch(request.account_id(), request.mailbox_id(), uids, want);
  };
}

template <class Request>
absl::StatusOr<std::vector<MessageRow>> Find(Store& store, const Permission& permission,
                                             const Request& request) {
  RETURN_IF_ERROR(permission.Demand(request, request.mailbox_id(), "r").status());
  ASSIGN_OR_RETURN(auto rows, store.ListMessages(request.account_id(), request.mailbox_id()));
  auto may_hold = [&](const std::vector<search::Gram>& grams) {
    return store.MayHold(request.account_id(), request.mailbox_id(), rows.size(), grams);
  };
  return mailbox::Search(request.key(), rows, absl::Now(), LoaderOf(store, request), may_hold);
}

}  // namespace

void MailboxServiceImpl::Search(Controller* controller, const v1::SearchRequest* request,
                                v1::SearchResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(auto found, Find(store_, permission_, *request));
    uint64_t highest = 0;
    for (const MessageRow& row : found) {
      response->add_uids(row.uid);
      if (row.relevancy > 0) response->add_relevancy(row.relevancy);
      highest = std::max(highest, row.modseq);
    }
    response->set_highest_modseq(highest);
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::Sort(Controller* controller, const v1::SortRequest* request,
                              v1::SortResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(auto found, Find(store_, permission_, *request));
    ASSIGN_OR_RETURN(auto sorted,
                     SortMessages(found, request->order(), LoaderOf(store_, *request)));
    uint64_t highest = 0;
    for (const MessageRow& row : sorted) {
      response->add_uids(row.uid);
      if (row.relevancy > 0) response->add_relevancy(row.relevancy);
      highest = std::max(highest, row.modseq);
    }
    response->set_highest_modseq(highest);
    return absl::OkStatus();
  });
}

void MailboxServiceImpl::Thread(Controller* controller, const v1::ThreadRequest* request,
                                v1::ThreadResponse* response, Done* done) {
  pool_.Run(controller, done, [this, request, response]() -> absl::Status {
    bool references = request->algorithm() == v1::ThreadRequest::ALGORITHM_REFERENCES;
    if (!references && request->algorithm() != v1::ThreadRequest::ALGORITHM_ORDERED_SUBJECT)
      return SyntaxError("no threading algorithm");
    ASSIGN_OR_RETURN(auto found, Find(store_, permission_, *request));
    ASSIGN_OR_RETURN(auto messages, LoadThreadMessages(found, LoaderOf(store_, *request)));
    auto nodes = references ? ThreadByReferences(messages) : ThreadBySubject(messages);
    for (const ThreadNode& node : nodes) {
      response->add_uids(node.uid);
      response->add_depths(node.depth);
    }
    return absl::OkStatus();
  });
}

}  // namespace pennypost::mailbox
