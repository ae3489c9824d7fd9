#include "services/ingress/policy/filter.h"

#include "log/log.h"
#include "rpc/call.h"

namespace pennypost::ingress {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);  // ROBUSTNESS F4

// A filter rule may name any code; what contradicts its action is replaced.
mail::SmtpReply ReplyOf(const filter::v1::CheckResponse& answer, const mail::SmtpReply& usual) {
  auto code = static_cast<int>(answer.reply_code());
  if (code == 0) code = usual.code;
  if (code / 100 != usual.code / 100) return usual;
  mail::SmtpReply reply{code, answer.enhanced_code(), answer.reply_text()};
  if (reply.enhanced.empty() || reply.enhanced[0] != usual.enhanced[0])
    reply.enhanced = usual.enhanced;
  if (reply.text.empty()) reply.text = usual.text;
  return reply;
}

}  // namespace

std::string_view ProtocolOf(smtp::Mode mode) {
  switch (mode) {
    case smtp::Mode::kSmtp:
      return "smtp";
    case smtp::Mode::kSubmission:
      return "submission";
    case smtp::Mode::kLmtp:
      return "lmtp";
  }
  return "smtp";
}

net::Awaitable<absl::StatusOr<filter::v1::CheckResponse>> AskFilter(
    Platform& platform, filter::v1::CheckRequest request) {
  if (platform.clients.filter == nullptr) co_return UnavailableError("no filter is configured");
  auto call = rpc::Call(*platform.clients.filter, &filter::v1::FilterService::Check,
                        std::move(request), kTimeout);
  absl::StatusOr<filter::v1::CheckResponse> answer = co_await std::move(call);
  if (!answer.ok()) log::Warning("filter.unavailable", {{"error", Describe(answer.status())}});
  co_return answer;
}

std::optional<mail::SmtpReply> RefusalOf(const filter::v1::CheckResponse& answer) {
  if (answer.action() == filter::v1::CheckResponse::ACTION_REJECT) {
    return ReplyOf(answer, {550, "5.7.1", "refused by policy"});
  }
  if (answer.action() == filter::v1::CheckResponse::ACTION_DEFER) {
    return ReplyOf(answer, {451, "4.7.1", "not now, try again later"});
  }
  return std::nullopt;
}

}  // namespace pennypost::ingress
