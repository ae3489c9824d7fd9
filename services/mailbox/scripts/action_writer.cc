#include "services/mailbox/scripts/action_writer.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mail/header.h"
#include "mime/thread.h"
#include "rpc/timestamp.h"
#include "services/mailbox/core/auto_mail.h"
#include "services/mailbox/core/flags.h"
#include "sieve/mailto.h"

namespace pennypost::mailbox {
namespace {

// S15 of the threat list.
constexpr size_t kMaxHops = 50;
constexpr absl::Duration kRedirectMemory = absl::Hours(24);
constexpr uint64_t kMaxMemory = 400ull * 86'400;

std::string HeaderValue(std::string_view content, std::string_view name) {
  mail::HeaderBlock header = mail::ParseHeaderBlock(content);
  const mail::HeaderField* field = header.Find(name);
  return field == nullptr ? "" : mail::Unfold(field->value);
}

bool IsAutomatic(std::string_view content) {
  std::string value = HeaderValue(content, "Auto-Submitted");
  return !value.empty() && !StartsWithIgnoreCase(value, "no");
}

void MarkAsReport(relay::v1::EnqueueRequest* request) {
  // RFC 3834 4: an answer comes back to nobody.
  request->mutable_envelope()->clear_sender();
  for (auto& recipient : *request->mutable_recipients())
    recipient.mutable_dsn()->set_notify_never(true);
}

}  // namespace

absl::Status ActionWriter::Write(const sieve::Result& result, Keeps keeps) {
  keeps_ = keeps;
  for (const sieve::Action& action : result.actions) {
    ++action_no_;
    absl::Status status = std::visit([this](const auto& what) { return Do(what); }, action);
    RETURN_IF_ERROR(status);
  }
  if (result.implicit_keep) Keep(result.implicit_flags);
  return host_.status();
}

void ActionWriter::AddEvent(std::string detail) {
  v1::DeliverRequest one;
  auto* event = one.add_events();
  event->set_mail_id(mail_.delivery.mail_id.ToString());
  rpc::SetTime(mail_.now, event->mutable_time());
  event->set_service("mailbox");
  event->set_kind("script");
  event->set_sender(mail_.delivery.sender);
  event->set_recipient(mail_.recipient.address);
  event->set_detail(std::move(detail));
  outcome_->events += one.SerializeAsString();
}

// A flag that a mailbox cannot have is left out; the mail is worth more.
std::string ActionWriter::Flags(const std::vector<std::string>& flags,
                                const std::string& more) const {
  std::string joined = more;
  for (const std::string& flag : flags) {
    auto good = JoinFlags({flag});
    if (good.ok()) joined = AddFlags(joined, *good);
  }
  return joined;
}

void ActionWriter::AddCopy(const std::string& mailbox, const std::vector<std::string>& flags,
                           const std::string& more_flags) {
  // RFC 5228 2.10.3: one copy in a mailbox.
  for (ScriptOutcome::Copy& copy : outcome_->copies) {
    if (copy.mailbox != mailbox) continue;
    copy.flags = Flags(flags, copy.flags);
    return;
  }
  outcome_->copies.push_back({mailbox, Flags(flags, more_flags)});
}

void ActionWriter::Keep(const std::vector<std::string>& flags) {
  if (keeps_ == Keeps::kByTheNext) {
    flags_.insert(flags_.end(), flags.begin(), flags.end());
    return;
  }
  if (flags.empty() && !flags_.empty()) return Keep(std::exchange(flags_, {}));
  AddCopy(mail_.recipient.mailbox, flags, mail_.recipient.flags);
}

void ActionWriter::KeepBecause(std::string why) {
  Keep({});
  AddEvent(std::move(why) + "; kept");
}

absl::Status ActionWriter::Do(const sieve::Keep& action) {
  Keep(action.flags);
  return absl::OkStatus();
}

absl::Status ActionWriter::Do(const sieve::Discard&) {
  AddEvent("discarded");
  return absl::OkStatus();
}

absl::Status ActionWriter::Do(const sieve::FileInto& action) {
  std::string mailbox;
  if (!action.mailbox_id.empty()) mailbox = host_.NameOfId(action.mailbox_id);
  if (mailbox.empty() && !action.special_use.empty()) mailbox = host_.NameOfUse(action.special_use);
  if (mailbox.empty()) {
    auto missing =
        action.create ? DeliveryHost::IfMissing::kCreate : DeliveryHost::IfMissing::kNothing;
    mailbox = host_.Resolve(action.mailbox, missing);
  }
  RETURN_IF_ERROR(host_.status());
  if (mailbox.empty()) {
    Keep(action.flags);
    AddEvent(fmt::format("fileinto: there is no mailbox '{}'; kept", action.mailbox));
    return absl::OkStatus();
  }
  AddCopy(mailbox, action.flags, "");
  return absl::OkStatus();
}

void ActionWriter::Remember(std::string key, absl::Duration period, bool must_be_new) {
  for (const auto& entry : outcome_->remembered) {
    if (entry.id == key) return;
  }
  outcome_->remembered.push_back({std::move(key), mail_.now + period, must_be_new});
}

relay::v1::EnqueueRequest ActionWriter::NewRequest() {
  relay::v1::EnqueueRequest request;
  Uuid id =
      UuidV5(mail_.delivery.mail_id, fmt::format("{}/{}", mail_.recipient.account_id, action_no_));
  request.set_mail_id(id.ToString());
  return request;
}

absl::Status ActionWriter::Recipients(const std::string& address,
                                      relay::v1::EnqueueRequest* request, std::string* why) {
  using Response = directory::v1::ResolveRecipientResponse;
  directory::v1::ResolveRecipientRequest question;
  question.set_address(address);
  // A script has the rights of its owner.
  question.mutable_poster()->set_account_id(mail_.recipient.account_id);
  question.mutable_poster()->set_sender(mail_.recipient.address);
  ASSIGN_OR_RETURN(Response answer, resolve_(question));
  switch (answer.kind()) {
    case Response::KIND_DELIVERABLE:
    case Response::KIND_REMOTE_DOMAIN:
    case Response::KIND_SUSPENDED:
      break;
    case Response::KIND_UNKNOWN_USER:
    case Response::KIND_DISABLED:
      *why = "no such user";
      return absl::OkStatus();
    case Response::KIND_LOOP:
      *why = "the address leads back to itself";
      return absl::OkStatus();
    default:
      *why = answer.detail().empty() ? "the address takes no mail" : answer.detail();
      return absl::OkStatus();
  }
  for (const auto& target : answer.targets()) {
    auto* recipient = request->add_recipients();
    recipient->set_address(target.address());
    recipient->set_account_id(target.account_id());
    recipient->set_quota_bytes(target.quota_bytes());
  }
  if (answer.targets().empty()) request->add_recipients()->set_address(address);
  return absl::OkStatus();
}

absl::Status ActionWriter::Send(const std::string& address, relay::v1::EnqueueRequest request,
                                std::string event) {
  std::string why;
  if (request.recipients().empty()) RETURN_IF_ERROR(Recipients(address, &request, &why));
  if (!why.empty()) {
    AddEvent(fmt::format("{}: not sent: {}", event, why));
    return absl::OkStatus();
  }
  MarkAsReport(&request);
  outcome_->outgoing.push_back({*Uuid::FromString(request.mail_id()), request.SerializeAsString()});
  AddEvent(fmt::format("{} as {}", event, request.mail_id()));
  return absl::OkStatus();
}

std::string ActionWriter::WhyNotRedirected(const std::string& address) {
  mail::HeaderBlock header = mail::ParseHeaderBlock(mail_.content);
  if (header.Count("Received") >= kMaxHops) return "too many hops";
  for (const mail::HeaderField& field : header.fields) {
    if (EqualsIgnoreCase(field.name, "Delivered-To") &&
        EqualsIgnoreCase(mail::Unfold(field.value), mail_.recipient.address)) {
      return "it was redirected from here before";
    }
  }
  std::vector<std::string> ids = mime::ParseMessageIds(HeaderValue(mail_.content, "Message-ID"));
  if (ids.empty()) return "";
  // Loops through servers that drop our fields end here.
  std::string key = Sha256(fmt::format("redirect\n{}\n{}", ToLower(address), ids[0]));
  if (host_.IsRemembered(key)) return "this Message-ID went there before";
  Remember(std::move(key), kRedirectMemory, true);
  return "";
}

absl::Status ActionWriter::Do(const sieve::Redirect& action) {
  std::string why = WhyNotRedirected(action.address);
  RETURN_IF_ERROR(host_.status());
  relay::v1::EnqueueRequest request = NewRequest();
  if (why.empty()) RETURN_IF_ERROR(Recipients(action.address, &request, &why));
  for (const auto& recipient : request.recipients()) {
    if (recipient.account_id() == mail_.recipient.account_id) why = "that is the mailbox itself";
  }
  if (!why.empty()) {
    KeepBecause(fmt::format("not redirected to {}: {}", action.address, why));
    return absl::OkStatus();
  }
  request.mutable_envelope()->set_sender(mail_.delivery.sender);
  request.mutable_envelope()->set_smtputf8(mail_.smtputf8);
  request.mutable_envelope()->set_body_8bit(!IsAscii(mail_.content));
  request.set_content(RedirectedCopy(
      mail_.content, {mail_.delivery.mail_id, mail_.hostname, mail_.recipient.address, mail_.now}));
  outcome_->outgoing.push_back({*Uuid::FromString(request.mail_id()), request.SerializeAsString()});
  AddEvent(fmt::format("redirected to {} as {}", action.address, request.mail_id()));
  return absl::OkStatus();
}

absl::Status ActionWriter::Do(const sieve::Reject& action) {
  // RFC 5429 2.1.2: nobody is there to be told.
  if (mail_.delivery.sender.empty()) {
    AddEvent("rejected without a report: the sender is the null sender");
    return absl::OkStatus();
  }
  relay::v1::EnqueueRequest request = NewRequest();
  AutoMail mail;
  mail.id = *Uuid::FromString(request.mail_id());
  mail.host = mail_.hostname;
  mail.date = mail_.now;
  mail.from = mail_.recipient.address;
  mail.to = mail_.delivery.sender;
  mail.subject = "Your message was refused";
  mail.auto_submitted = "auto-replied";
  mail.more = {{"In-Reply-To", HeaderValue(mail_.content, "Message-ID")}};
  mail.body =
      "Your message was refused by the recipient's mail filtering program.\nThe reason given is as "
      "follows:\n\n" +
      action.reason;
  mail::HeaderBlock header = mail::ParseHeaderBlock(mail_.content);
  request.set_content(ComposeRefusal(
      mail, {mail_.recipient.address, std::string(mail_.content.substr(0, header.size))}));
  return Send(mail_.delivery.sender, std::move(request), "rejected; report to " + mail.to);
}

absl::Status ActionWriter::Do(const sieve::Vacation& action) {
  std::string key =
      Sha256(fmt::format("vacation\n{}\n{}", action.handle, ToLower(action.recipient)));
  if (action.period_seconds > 0) {
    if (host_.IsRemembered(key)) return host_.status();
    RETURN_IF_ERROR(host_.status());
    auto period = absl::Seconds(static_cast<int64_t>(std::min(action.period_seconds, kMaxMemory)));
    Remember(std::move(key), period, true);
  }
  relay::v1::EnqueueRequest request = NewRequest();
  AutoMail mail;
  mail.id = *Uuid::FromString(request.mail_id());
  mail.host = mail_.hostname;
  mail.date = mail_.now;
  mail.from = action.from;
  mail.to = action.recipient;
  mail.subject = action.subject;
  mail.auto_submitted = "auto-replied (vacation)";
  mail.more = {{"In-Reply-To", action.in_reply_to}, {"References", action.references}};
  mail.body = action.body;
  mail.mime = action.mime;
  request.set_content(Compose(mail));
  request.mutable_envelope()->set_body_8bit(!IsAscii(request.content()));
  return Send(action.recipient, std::move(request), "vacation answer to " + action.recipient);
}

absl::Status ActionWriter::Do(const sieve::Notify& action) {
  // RFC 5436 2.7.1: what a machine sent is no reason for another one.
  if (IsAutomatic(mail_.content)) return absl::OkStatus();
  auto mailto = sieve::ParseMailto(action.method);
  if (!mailto.ok()) {
    AddEvent("notify: " + MessageOf(mailto.status()));
    return absl::OkStatus();
  }
  relay::v1::EnqueueRequest request = NewRequest();
  std::string to, why;
  for (const std::string& address : mailto->to) {
    to += (to.empty() ? "" : ", ") + address;
    RETURN_IF_ERROR(Recipients(address, &request, &why));
  }
  AutoMail mail;
  mail.id = *Uuid::FromString(request.mail_id());
  mail.host = mail_.hostname;
  mail.date = mail_.now;
  mail.from = mail_.recipient.address;
  mail.to = to;
  std::string subject = HeaderValue(mail_.content, "Subject");
  mail.subject = !action.message.empty()    ? action.message
                 : !mailto->subject.empty() ? mailto->subject
                                            : "New mail: " + subject;
  mail.auto_submitted = fmt::format("auto-notified; owner-email=\"{}\"", mail_.recipient.address);
  mail.more = {{"Importance", action.importance == 1   ? "High"
                              : action.importance == 3 ? "Low"
                                                       : "Normal"}};
  mail.body = !mailto->body.empty()
                  ? mailto->body
                  : fmt::format("New mail for {}\nFrom: {}\nSubject: {}\n", mail_.recipient.address,
                                HeaderValue(mail_.content, "From"), subject);
  request.set_content(Compose(mail));
  if (request.recipients().empty()) {
    AddEvent(fmt::format("notification to {}: not sent: {}", to, why));
    return absl::OkStatus();
  }
  return Send(to, std::move(request), "notification to " + to);
}

absl::Status ActionWriter::Do(const sieve::RememberDuplicate& action) {
  auto period = absl::Seconds(static_cast<int64_t>(std::min(action.seconds, kMaxMemory)));
  std::string key = DuplicateKey(action.id);
  // One that was there is renewed (":last"); one that was not must still not be.
  bool renewed = host_.IsRemembered(key);
  Remember(std::move(key), period, !renewed);
  return host_.status();
}

}  // namespace pennypost::mailbox
