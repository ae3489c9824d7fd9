#include "services/ingress/ingress_metrics.h"

#include "metrics/metrics.h"

namespace pennypost::ingress {
namespace {

// Looked up once a thread: verbs are literals of the command table, so the pointer is the key.
prometheus::Counter& CounterFor(const smtp::Answered& answered) {
  thread_local std::map<std::pair<const char*, int>, prometheus::Counter*> known;
  prometheus::Counter*& counter = known[{answered.verb.data(), answered.code}];
  if (counter == nullptr) {
    counter = &metrics::Counter(
        "pennypost_ingress_commands_total", "Answered SMTP commands.",
        {{"verb", std::string(answered.verb)}, {"code", std::to_string(answered.code)}});
  }
  return *counter;
}

}  // namespace

prometheus::Gauge& OpenSessions() {
  static auto& gauge =
      metrics::Gauge("pennypost_ingress_sessions", "Open SMTP and LMTP connections");
  return gauge;
}

void CountAnswers(smtp::ServerSession& session) {
  for (const smtp::Answered& answered : session.answered()) CounterFor(answered).Increment();
  session.ClearAnswered();
}

}  // namespace pennypost::ingress
