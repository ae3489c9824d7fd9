// vacation (RFC 5230) and vacation-seconds (RFC 6131): the rules that message and script decide.
// Whether this sender was answered within the period is for who carries the action out.

#include <fmt/format.h>

#include <algorithm>

#include "base/id.h"
#include "base/text.h"
#include "mail/address.h"
#include "mime/address.h"
#include "mime/thread.h"
#include "sieve/extensions/extensions.h"
#include "sieve/run.h"

namespace pennypost::sieve {
namespace {

constexpr uint64_t kDay = 86'400;
constexpr uint64_t kMaxPeriod = 365 * kDay;
constexpr size_t kMaxSubject = 1000;

void CheckVacation(Checker& checker, Statement& statement) {
  if (const Argument* from = statement.Tag("from")) checker.CheckAddress(*from);
}

bool SameAddress(std::string_view a, std::string_view b) {
  return !a.empty() && EqualsIgnoreCase(a, b);
}

// RFC 5230 4.6, RFC 3834 2: senders that no person reads.
bool IsAutomaticSender(std::string_view address) {
  std::string local = ToLower(address.substr(0, address.rfind('@')));
  return local == "mailer-daemon" || local == "listserv" || local == "majordomo" ||
         local == "noreply" || local == "no-reply" || local.starts_with("owner-") ||
         local.ends_with("-request") || local.ends_with("-owner") || local.ends_with("-bounces");
}

bool IsAutomaticMessage(const Message& message) {
  for (const mail::HeaderField& field : message.header().fields) {
    if (StartsWithIgnoreCase(field.name, "List-")) return true;
    if (EqualsIgnoreCase(field.name, "Auto-Submitted")) {
      std::string value = mail::Unfold(field.value);
      if (!StartsWithIgnoreCase(Trim(value), "no")) return true;
    }
    if (EqualsIgnoreCase(field.name, "Precedence")) {
      std::string value = ToLower(Trim(mail::Unfold(field.value)));
      if (value == "bulk" || value == "list" || value == "junk") return true;
    }
    if (EqualsIgnoreCase(field.name, "X-Auto-Response-Suppress")) return true;
  }
  return false;
}

// RFC 5230 4.5: the mail names the user as one of its recipients. The address it names, nothing if
// none.
std::optional<std::string> AddressedTo(Run& run, const std::vector<std::string>& own) {
  for (std::string_view name : {"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"}) {
    for (const std::string& field : run.message.RawValues(name)) {
      if (!run.Spend(1 + field.size() / 64)) return std::nullopt;
      for (const mime::Address& address : mime::ParseAddressList(field)) {
        std::string text = fmt::format("{}@{}", address.mailbox, address.host);
        if (std::any_of(own.begin(), own.end(),
                        [&text](const std::string& a) { return SameAddress(a, text); })) {
          return text;
        }
      }
    }
  }
  return std::nullopt;
}

uint64_t Period(const Statement& statement) {
  if (const Argument* seconds = statement.Tag("seconds")) {
    return std::min(seconds->number, kMaxPeriod);
  }
  const Argument* days = statement.Tag("days");
  if (days == nullptr) return 7 * kDay;
  // RFC 5230 4.1: 0 is taken as 1.
  return std::clamp<uint64_t>(days->number, 1, kMaxPeriod / kDay) * kDay;
}

std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  if (text.size() > kMaxSubject) text.resize(kMaxSubject);
  return text;
}

std::string SubjectOf(Run& run, const Statement& statement) {
  if (const Argument* given = statement.Tag("subject")) return OneLine(run.Text(*given));
  std::vector<std::string> subjects = run.message.Values("Subject");
  // RFC 5230 5.3
  return OneLine(subjects.empty() || subjects[0].empty() ? "Automated reply"
                                                         : "Auto: " + subjects[0]);
}

void Thread(Run& run, Vacation& action) {
  std::vector<std::string> own = mime::ParseMessageIds(
      run.message.RawValues("Message-ID").empty() ? "" : run.message.RawValues("Message-ID")[0]);
  std::vector<std::string> references = run.message.RawValues("References");
  std::vector<std::string> ids =
      references.empty() ? std::vector<std::string>() : mime::ParseMessageIds(references[0], 20);
  if (!own.empty()) {
    action.in_reply_to = fmt::format("<{}>", own[0]);
    ids.push_back(own[0]);
  }
  for (const std::string& id : ids) {
    action.references += fmt::format("{}<{}>", action.references.empty() ? "" : " ", id);
  }
}

Flow RunVacation(Run& run, const Statement& statement) {
  Vacation action;
  action.body = run.Text(statement.Last());
  action.mime = statement.Has("mime");
  action.subject = SubjectOf(run, statement);
  action.period_seconds = Period(statement);
  if (const Argument* from = statement.Tag("from")) {
    action.from = run.Text(*from);
    if (!mail::ParseAddress(action.from, mail::Utf8Policy::kAllow).ok()) {
      run.Fail(statement.at, fmt::format("vacation: '{}' is not an address", action.from));
      return Flow::kStop;
    }
  }
  std::vector<std::string> own = {run.envelope.to, run.envelope.original_to};
  if (const Argument* addresses = statement.Tag("addresses")) {
    for (std::string& address : run.Texts(*addresses)) own.push_back(std::move(address));
  }
  // RFC 5230 4.2: what makes two vacations the same.
  action.handle = statement.Has("handle")
                      ? run.Text(*statement.Tag("handle"))
                      : HexEncode(Sha256(fmt::format("{}\n{}\n{}\n{}", action.subject, action.from,
                                                     action.mime, action.body)));
  const std::string& sender = run.envelope.from;
  bool to_self = std::any_of(own.begin(), own.end(), [&sender](const std::string& address) {
    return SameAddress(address, sender);
  });
  std::optional<std::string> addressed = AddressedTo(run, own);
  if (sender.empty() || to_self || !addressed || IsAutomaticSender(sender) ||
      IsAutomaticMessage(run.message)) {
    return Flow::kNext;
  }
  action.recipient = sender;
  if (action.from.empty()) action.from = *addressed;
  Thread(run, action);
  run.Act(statement.at, std::move(action));
  return Flow::kNext;
}

}  // namespace

Extension VacationExtension() {
  return {.capabilities = {{"vacation"}, {"vacation-seconds", "vacation"}},
          .verbs = {{.name = "vacation",
                     .capability = "vacation",
                     .positional = "s",
                     .tags = {{.name = "days", .value = ValueType::kNumber, .group = "period"},
                              {.name = "seconds",
                               .capability = "vacation-seconds",
                               .value = ValueType::kNumber,
                               .group = "period"},
                              {.name = "subject", .value = ValueType::kString},
                              {.name = "from", .value = ValueType::kString},
                              {.name = "addresses", .value = ValueType::kList},
                              {.name = "mime"},
                              {.name = "handle", .value = ValueType::kString}},
                     .check = CheckVacation,
                     .run = RunVacation}}};
}

}  // namespace pennypost::sieve
