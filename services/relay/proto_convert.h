#pragma once
// Between the messages of pennypost.relay.v1 and the types of this service.

#include "base/status.h"
#include "pennypost/relay/v1/relay_service.pb.h"
#include "services/relay/core/types.h"

namespace pennypost::relay {

absl::StatusOr<NewMessage> FromProto(const v1::EnqueueRequest& request, absl::Time now);
absl::StatusOr<DeliveryFilter> FromProto(const v1::DeliveryFilter& filter);
absl::StatusOr<Change> FromProto(v1::ChangeDeliveriesRequest::Action action);
absl::StatusOr<Position> PositionFromToken(const std::string& token);
std::string TokenOf(const DeliveryRow& row);
absl::StatusOr<Event> FromProto(const history::v1::Event& event, absl::Time now);

void ToProto(const DeliveryRow& row, v1::Delivery& out);
void ToProto(const Event& event, history::v1::Event& out);

}  // namespace pennypost::relay
