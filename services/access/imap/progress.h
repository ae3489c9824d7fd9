#pragma once
// Calls that may take long: the client hears that its command is at work (INPROGRESS, RFC 9585), so
// that neither it nor a machine between us takes the silence for an end. Only for handlers that
// hold back their answers meanwhile, as all do but FETCH, which writes as it goes.

#include "rpc/patient_call.h"
#include "services/access/imap/context.h"

namespace pennypost::access {

class ProgressTicker : public rpc::Ticker {
 public:
  explicit ProgressTicker(ImapContext& context) : context_(context) {}
  net::Awaitable<void> Tick() override;

 private:
  ImapContext& context_;
};

// "* OK [INPROGRESS ("a1" NIL NIL)] Still at work". How far the store got is not known here.
std::string ProgressLine(const std::string& tag);

template <class Request, class Response>
net::Awaitable<absl::StatusOr<Response>> CallWithProgress(
    ImapContext& context, rpc::Method<mailbox::v1::MailboxService, Request, Response> method,
    Request request, absl::Duration timeout) {
  ProgressTicker ticker(context);
  co_return co_await rpc::PatientCall(context.mailbox(), method, std::move(request), timeout,
                                      context.progress_interval, ticker);
}

}  // namespace pennypost::access
