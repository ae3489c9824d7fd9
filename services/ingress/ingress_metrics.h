#pragma once
#include "metrics/metrics.h"
#include "smtp/server_session.h"

namespace pennypost::ingress {

// Connections that are open now.
prometheus::Gauge& OpenSessions();

// Counts what the session answered since the last call:
// pennypost_ingress_commands_total{verb,code}.
void CountAnswers(smtp::ServerSession& session);

}  // namespace pennypost::ingress
