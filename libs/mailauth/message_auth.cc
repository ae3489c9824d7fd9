#include "mailauth/message_auth.h"

namespace pennypost::mailauth {

using Outcome = DmarcIdentifier::Outcome;

DmarcIdentifier IdentifierOf(const SpfEvaluator& spf) {
  Outcome outcome = spf.result() == SpfResult::kPass        ? Outcome::kPass
                    : spf.result() == SpfResult::kTempError ? Outcome::kTempError
                                                            : Outcome::kOther;
  return {spf.domain(), outcome};
}

DmarcIdentifier IdentifierOf(const DkimResult& result) {
  Outcome outcome = result.status == DkimStatus::kPass        ? Outcome::kPass
                    : result.status == DkimStatus::kTempError ? Outcome::kTempError
                                                              : Outcome::kOther;
  return {result.domain, outcome};
}

MessageAuth::MessageAuth(MessageAuthRequest request) : request_(std::move(request)) {
  mail::HeaderBlock block = mail::ParseHeaderBlock(request_.message);
  header_size_ = block.size;
  authors_ = AuthorsOf(block);
  Begin();
  Advance();
}

void MessageAuth::Begin() {
  const AuthChecks& checks = request_.checks;
  std::string_view header = request_.message.substr(0, header_size_);
  std::string_view body = request_.message.substr(header_size_);
  if (stage_ == Stage::kIprev && checks.iprev && request_.ip) {
    iprev_ = std::make_unique<IprevEvaluator>(*request_.ip);
  } else if (stage_ == Stage::kSpf && checks.spf && request_.ip) {
    SpfRequest spf;
    spf.ip = *request_.ip;
    spf.helo = request_.helo;
    spf.mail_from = request_.mail_from;
    spf.receiver = request_.receiver;
    spf.unix_seconds = request_.unix_seconds;
    spf_ = std::make_unique<SpfEvaluator>(std::move(spf));
  } else if (stage_ == Stage::kDkim && checks.dkim) {
    dkim_ = std::make_unique<DkimVerifier>(
        header, DkimVerifyOptions{.unix_seconds = request_.unix_seconds});
    dkim_->Body(body);
    dkim_->EndBody();
  } else if (stage_ == Stage::kArc && checks.arc) {
    arc_ = std::make_unique<ArcVerifier>(header,
                                         ArcVerifyOptions{.unix_seconds = request_.unix_seconds});
    arc_->Body(body);
    arc_->EndBody();
  } else if (stage_ == Stage::kDmarc && checks.dmarc) {
    DmarcRequest dmarc;
    dmarc.authors = authors_;
    dmarc.spf = spf_identifier_;
    dmarc.dkim = dkim_identifiers_;
    dmarc_ = std::make_unique<DmarcEvaluator>(std::move(dmarc));
  }
}

// Takes over what the stage found.
void MessageAuth::Finish() {
  if (stage_ == Stage::kIprev && iprev_) {
    methods_.push_back(IprevMethod(*iprev_, *request_.ip));
  } else if (stage_ == Stage::kSpf && spf_) {
    methods_.push_back(SpfMethod(*spf_, request_.helo, request_.mail_from));
    spf_identifier_ = IdentifierOf(*spf_);
  } else if (stage_ == Stage::kDkim && dkim_) {
    for (const DkimResult& result : dkim_->results()) {
      methods_.push_back(DkimMethod(result));
      dkim_identifiers_.push_back(IdentifierOf(result));
    }
    if (dkim_identifiers_.empty()) methods_.push_back({"dkim", "none", "", {}});
  } else if (stage_ == Stage::kArc && arc_) {
    arc_result_ = arc_->result();
    if (arc_result_.status != ArcStatus::kNone) methods_.push_back(ArcMethod(arc_result_));
  } else if (stage_ == Stage::kDmarc && dmarc_) {
    dmarc_result_ = dmarc_->result();
    methods_.push_back(DmarcMethod(dmarc_result_));
  }
}

void MessageAuth::Advance() {
  while (stage_ != Stage::kDone && Next() == nullptr) {
    Finish();
    stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
    Begin();
  }
}

const DnsQuestion* MessageAuth::Next() const {
  switch (stage_) {
    case Stage::kIprev:
      return iprev_ ? iprev_->Next() : nullptr;
    case Stage::kSpf:
      return spf_ ? spf_->Next() : nullptr;
    case Stage::kDkim:
      return dkim_ ? dkim_->Next() : nullptr;
    case Stage::kArc:
      return arc_ ? arc_->Next() : nullptr;
    case Stage::kDmarc:
      return dmarc_ ? dmarc_->Next() : nullptr;
    case Stage::kDone:
      break;
  }
  return nullptr;
}

void MessageAuth::Resume(DnsAnswer answer) {
  switch (stage_) {
    case Stage::kIprev:
      iprev_->Resume(answer);
      break;
    case Stage::kSpf:
      spf_->Resume(std::move(answer));
      break;
    case Stage::kDkim:
      dkim_->Resume(answer);
      break;
    case Stage::kArc:
      arc_->Resume(answer);
      break;
    case Stage::kDmarc:
      dmarc_->Resume(std::move(answer));
      break;
    case Stage::kDone:
      return;
  }
  Advance();
}

}  // namespace pennypost::mailauth
