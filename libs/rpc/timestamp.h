#pragma once
// Points in time as messages carry them.

#include <absl/time/time.h>
#include <google/protobuf/timestamp.pb.h>

namespace pennypost::rpc {

inline absl::Time TimeOf(const google::protobuf::Timestamp& stamp) {
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

// `nanos` counts forward from `seconds`, before 1970 as well (timestamp.proto).
inline void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  int64_t seconds = absl::ToUnixSeconds(time);  // rounds down
  out->set_seconds(seconds);
  out->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

}  // namespace pennypost::rpc
