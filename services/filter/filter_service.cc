#include "services/filter/filter_service.h"

#include <absl/time/clock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/text.h"
#include "metrics/metrics.h"
#include "rpc/controller.h"

namespace pennypost::filter {
namespace {

v1::CheckResponse::Action ToProto(Action action) {
  switch (action) {
    case Action::kAllow:
      return v1::CheckResponse::ACTION_ALLOW;
    case Action::kReject:
      return v1::CheckResponse::ACTION_REJECT;
    case Action::kDefer:
      return v1::CheckResponse::ACTION_DEFER;
    case Action::kTag:
      return v1::CheckResponse::ACTION_TAG;
    case Action::kDiscard:
      return v1::CheckResponse::ACTION_DISCARD;
    case Action::kQuarantine:
      return v1::CheckResponse::ACTION_QUARANTINE;
  }
  return v1::CheckResponse::ACTION_ALLOW;
}

Case CaseOf(const v1::CheckRequest& request) {
  Case about;
  about.stage = request.stage() == v1::CheckRequest::STAGE_MESSAGE     ? Stage::kMessage
                : request.stage() == v1::CheckRequest::STAGE_RECIPIENT ? Stage::kRecipient
                                                                       : Stage::kConnection;
  about.client_ip = request.origin().client_ip();
  about.helo = request.origin().helo();
  about.auth_user = request.origin().auth_user();
  about.sender = request.envelope().sender();
  about.recipients.assign(request.recipients().begin(), request.recipients().end());
  about.content = request.content();
  about.authserv_id = request.authserv_id();
  return about;
}

void AddMethod(const mailauth::AuthMethod& method, v1::CheckResponse& response) {
  v1::AuthResult* result = response.add_auth_results();
  result->set_method(method.method);
  result->set_result(method.result);
  result->set_reason(method.reason);
  if (!method.properties.empty()) result->set_identity(method.properties[0].value);
  v1::Symbol* symbol = response.add_symbols();
  symbol->set_name(ToUpper(method.method + "_" + method.result));
  symbol->set_description(method.reason);
}

void ToProto(const Verdict& verdict, v1::CheckResponse& response) {
  response.set_action(ToProto(verdict.action));
  response.set_reply_code(static_cast<uint32_t>(verdict.code));
  response.set_enhanced_code(verdict.enhanced);
  response.set_reply_text(verdict.text);
  response.set_rule(verdict.rule);
  for (const RemoveField& field : verdict.remove) {
    v1::HeaderEdit* edit = response.add_header_edits();
    edit->set_kind(v1::HeaderEdit::KIND_REMOVE);
    edit->set_name(field.name);
    edit->set_index(field.index);
  }
  if (!verdict.authentication_results.empty()) {
    v1::HeaderEdit* edit = response.add_header_edits();
    edit->set_kind(v1::HeaderEdit::KIND_PREPEND);
    edit->set_name("Authentication-Results");
    edit->set_value(verdict.authentication_results);
  }
  for (const mailauth::AuthMethod& method : verdict.methods) AddMethod(method, response);
}

struct VerdictMetrics {
  prometheus::Counter& verdicts;
  prometheus::Histogram& duration;
};

// Looked up once a thread.
VerdictMetrics& MetricsFor(v1::CheckRequest::Stage stage, v1::CheckResponse::Action action) {
  thread_local std::map<std::pair<int, int>, VerdictMetrics> known;
  auto found = known.find({stage, action});
  if (found != known.end()) return found->second;
  std::string name = ToLower(v1::CheckRequest::Stage_Name(stage).substr(6));
  VerdictMetrics made{
      metrics::Counter(
          "pennypost_filter_verdicts_total", "Verdicts, by stage and action.",
          {{"stage", name}, {"action", ToLower(v1::CheckResponse::Action_Name(action).substr(7))}}),
      metrics::DurationHistogram("pennypost_filter_duration_seconds",
                                 "Time to a verdict, by stage.", {{"stage", name}})};
  return known.emplace(std::make_pair(stage, action), made).first->second;
}

}  // namespace

void FilterService::Check(google::protobuf::RpcController* controller,
                          const v1::CheckRequest* request, v1::CheckResponse* response,
                          google::protobuf::Closure* done) {
  if (request->stage() == v1::CheckRequest::STAGE_UNSPECIFIED ||
      !v1::CheckRequest::Stage_IsValid(request->stage())) {
    return rpc::Finish(controller, done, SyntaxError("a check needs its stage"));
  }
  boost::asio::co_spawn(executor_, Answer(request, response, done), boost::asio::detached);
}

net::Awaitable<void> FilterService::Answer(const v1::CheckRequest* request,
                                           v1::CheckResponse* response,
                                           google::protobuf::Closure* done) {
  absl::Time since = absl::Now();
  Case about = CaseOf(*request);
  auto decide = judge_.Decide(std::move(about));
  Verdict verdict = co_await std::move(decide);
  ToProto(verdict, *response);
  bool connection = request->stage() == v1::CheckRequest::STAGE_CONNECTION;
  response->set_recipients_unjudged(connection && !judge_.JudgesRecipients());
  VerdictMetrics& counted = MetricsFor(request->stage(), response->action());
  counted.verdicts.Increment();
  counted.duration.Observe(absl::ToDoubleSeconds(absl::Now() - since));
  done->Run();
}

}  // namespace pennypost::filter
