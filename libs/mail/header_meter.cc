#include "mail/header_meter.h"

#include "base/text.h"

namespace pennypost::mail {
namespace {

// RFC 5322 3.6.2, 3.6.3, 3.6.6.
constexpr std::string_view kAddressFields[] = {
    "From",        "Sender",        "Reply-To",  "To",        "Cc",        "Bcc",
    "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc"};
constexpr size_t kLongestName = 13;

}  // namespace

bool HeaderMeter::Take(std::string_view bytes) {
  for (char c : bytes) {
    if (over_ || place_ == Place::kBody) break;
    OnByte(c);
  }
  return !over_;
}

void HeaderMeter::OnByte(char c) {
  ++bytes_;
  ++field_bytes_;
  switch (place_) {
    case Place::kLineStart:
      OnLineStart(c);
      break;
    case Place::kName:
    case Place::kSpaceBehindName:
      OnName(c);
      break;
    case Place::kValue:
      if (has_addresses_ && (c == ',' || c == ';')) ++address_tokens_;
      if (c == '\n') place_ = Place::kLineStart;
      break;
    case Place::kBody:
      return;
  }
  // What may yet turn out to be the first line of the body is not counted before its colon.
  if (place_ != Place::kValue && place_ != Place::kLineStart) return;
  over_ = bytes_ > limits_.max_bytes || fields_ > limits_.max_fields ||
          field_bytes_ > limits_.max_field_bytes || address_tokens_ > limits_.max_address_tokens;
}

void HeaderMeter::OnLineStart(char c) {
  if (IsWsp(c) && fields_ > 0) {
    place_ = Place::kValue;  // folded
    return;
  }
  field_bytes_ = 1;
  name_.clear();
  place_ = Place::kName;
  OnName(c);
}

// RFC 5322 3.6.8; white space before the colon is taken. Anything else begins the body.
void HeaderMeter::OnName(char c) {
  if (c == ':' && !name_.empty()) return BeginValue();
  if (IsWsp(c) && !name_.empty()) {
    place_ = Place::kSpaceBehindName;
  } else if (c < 33 || c > 126 || c == ':' || place_ == Place::kSpaceBehindName) {
    place_ = Place::kBody;
  } else if (name_.size() <= kLongestName) {
    name_.push_back(c);
  }
}

void HeaderMeter::BeginValue() {
  place_ = Place::kValue;
  ++fields_;
  has_addresses_ = false;
  for (std::string_view field : kAddressFields)
    has_addresses_ = has_addresses_ || EqualsIgnoreCase(name_, field);
  if (has_addresses_) ++address_tokens_;
}

}  // namespace pennypost::mail
