#include "services/filter/core/judge.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::filter {
namespace {

constexpr absl::Duration kMxTimeout = absl::Seconds(2);

std::string DomainOf(std::string_view address) {
  size_t at = address.rfind('@');
  return at == std::string_view::npos ? "" : ToLower(address.substr(at + 1));
}

void Refuse(Verdict& verdict, Action action, int code, std::string_view enhanced,
            std::string_view text) {
  verdict.action = action;
  verdict.code = code;
  verdict.enhanced = enhanced;
  verdict.text = text;
}

// RFC 5322 3.6 allows one of each; two let a signature vouch for the one and a reader show the
// other (ROBUSTNESS D2).
std::string_view DoubledField(const mail::HeaderBlock& header) {
  for (std::string_view name : {"From", "Subject", "Date", "To"}) {
    if (header.Count(name) > 1) return name;
  }
  return {};
}

std::vector<RemoveField> Forged(const mail::HeaderBlock& header, const std::string& authserv_id) {
  constexpr std::string_view kName = "Authentication-Results";
  std::vector<RemoveField> remove;
  std::vector<size_t> forged = mailauth::ForgedAuthResults(header, {authserv_id});
  uint32_t count = 0;
  size_t next = 0;
  for (size_t i = 0; i < header.fields.size() && next < forged.size(); ++i) {
    if (!EqualsIgnoreCase(header.fields[i].name, kName)) continue;
    ++count;
    if (forged[next] != i) continue;
    ++next;
    remove.push_back({std::string(kName), count});
  }
  std::reverse(remove.begin(), remove.end());
  return remove;
}

std::string FieldValue(std::string field) {
  field.erase(0, field.find(':') + 2);
  field.resize(field.size() - 2);
  return field;
}

Facts FactsOf(const Case& about, const net::IpAddress& peer) {
  Facts facts;
  facts.stage = about.stage;
  facts.peer = peer;
  facts.helo = about.helo;
  facts.sender_domain = DomainOf(about.sender);
  for (const std::string& recipient : about.recipients)
    facts.recipient_domains.push_back(DomainOf(recipient));
  facts.size = about.content.size();
  return facts;
}

void Apply(const Decision& decision, Stage stage, Verdict& verdict) {
  verdict.rule = decision.rule;
  bool refuses = decision.action == Action::kReject || decision.action == Action::kDefer;
  // What happens to a message is decided with the message.
  if (!refuses && stage != Stage::kMessage) return;
  verdict.action = decision.action;
  if (!refuses) return;
  bool reject = decision.action == Action::kReject;
  std::string_view text = reject ? "refused by local policy" : "try again later";
  if (!decision.text.empty()) text = decision.text;
  Refuse(verdict, decision.action, reject ? 550 : 450, reject ? "5.7.1" : "4.7.1", text);
}

}  // namespace

net::Awaitable<bool> Judge::WithinLimits(const Case& about, const net::IpAddress& peer) {
  bool connection = about.stage == Stage::kConnection;
  if (about.stage == Stage::kRecipient) co_return true;
  uint32_t limit = connection ? options_.connections_per_minute : options_.messages_per_minute;
  std::string kind = connection ? "connection" : "message";
  auto allow = limiter_.Allow(std::move(kind), peer.LimitKey(), limit);
  bool allowed = co_await std::move(allow);
  co_return allowed;
}

// RFC 7505 4.2: a sender who says that his domain has no mail could not be answered. Only a clear
// answer counts: trouble with DNS is ours.
net::Awaitable<bool> Judge::TakesNoMail(std::string domain) {
  if (!options_.refuse_null_mx || !mailauth::IsQualifiedName(domain)) co_return false;
  mailauth::DnsQuestion question{std::move(domain), mailauth::DnsType::kMx};
  auto ask = dns_.Ask(std::move(question), kMxTimeout);
  mailauth::DnsAnswer answer = co_await std::move(ask);
  if (answer.status != mailauth::DnsStatus::kOk || answer.records.size() != 1) co_return false;
  co_return answer.records[0].empty() || answer.records[0] == ".";
}

// A chain is believed where all who sealed it are.
bool Judge::IsTrusted(const mailauth::ArcResult& arc) const {
  if (arc.status != mailauth::ArcStatus::kPass || arc.sealers.empty()) return false;
  return std::all_of(arc.sealers.begin(), arc.sealers.end(), [this](const std::string& sealer) {
    return std::find(options_.trusted_sealers.begin(), options_.trusted_sealers.end(), sealer) !=
           options_.trusted_sealers.end();
  });
}

std::optional<Decision> Judge::DmarcDecision(const mailauth::MessageAuth& auth) const {
  const mailauth::DmarcResult& dmarc = auth.dmarc();
  if (dmarc.status != mailauth::DmarcStatus::kFail) return std::nullopt;
  Decision decision;
  switch (dmarc.policy) {
    case mailauth::DmarcPolicy::kNone:
      return std::nullopt;
    case mailauth::DmarcPolicy::kQuarantine:
      decision.action = options_.dmarc_quarantine;
      break;
    case mailauth::DmarcPolicy::kReject:
      decision.action = options_.dmarc_reject;
      break;
  }
  decision.rule = "dmarc";
  decision.text = "refused by the DMARC policy of " + dmarc.author;
  return decision;
}

net::Awaitable<std::optional<Decision>> Judge::CheckAuthentication(const Case& about, bool trusted,
                                                                   Verdict& verdict) {
  if (!about.auth_user.empty()) {
    verdict.methods.push_back(
        {"auth", "pass", "", {{"smtp.auth", about.auth_user}}});  // RFC 8601 2.7.4
    co_return std::nullopt;
  }
  if (trusted) co_return std::nullopt;
  mailauth::MessageAuthRequest request;
  request.checks = options_.checks;
  request.ip = mailauth::IpAddress::Parse(about.client_ip);
  request.helo = about.helo;
  request.mail_from = about.sender;
  request.receiver = about.authserv_id;
  request.unix_seconds = absl::ToUnixSeconds(clock_.Now());
  request.message = about.content;
  mailauth::MessageAuth auth(std::move(request));
  auto authenticate = Authenticate(auth, dns_, clock_);
  co_await std::move(authenticate);
  verdict.methods = auth.methods();
  std::optional<Decision> decision = DmarcDecision(auth);
  // RFC 8617 7.2.1: the first sealer saw the message pass, before others changed it.
  if (decision && IsTrusted(auth.arc()) && auth.arc().first_saw_dmarc_pass) {
    for (mailauth::AuthMethod& method : verdict.methods) {
      if (method.method == "dmarc") method.reason += "; ARC of a trusted sealer counts";
    }
    decision.reset();
  }
  co_return decision;
}

net::Awaitable<void> Judge::MakeWait(const Case& about, const net::IpAddress& peer,
                                     Verdict& verdict) {
  std::string recipient = about.recipients.empty() ? "" : about.recipients.front();
  auto ask = greylist_.WaitFor(peer, about.sender, std::move(recipient));
  absl::Duration wait = co_await std::move(ask);
  if (wait <= absl::ZeroDuration()) co_return;
  int64_t seconds = std::max<int64_t>(absl::ToInt64Seconds(wait), 1);
  Refuse(verdict, Action::kDefer, 450, "4.7.1",
         "greylisted, try again in " + std::to_string(seconds) + " seconds (RFC 6647)");
}

net::Awaitable<bool> Judge::RefusedAtSight(const Facts& facts, Verdict& verdict) {
  std::string_view doubled = DoubledField(*facts.header);
  if (!doubled.empty()) {
    Refuse(verdict, Action::kReject, 550, "5.6.0",
           "more than one " + std::string(doubled) + " field (RFC 5322 3.6)");
    co_return true;
  }
  // ROBUSTNESS D7: a From field that names nobody escapes every policy.
  if (options_.checks.dmarc && facts.header->Count("From") > 0 &&
      mailauth::AuthorsOf(*facts.header).domains.empty()) {
    Refuse(verdict, Action::kReject, 550, "5.6.0", "no address in the From field (RFC 5322 3.6.2)");
    co_return true;
  }
  auto ask = TakesNoMail(facts.sender_domain);
  bool no_mail = co_await std::move(ask);
  if (no_mail) {
    Refuse(verdict, Action::kReject, 550, "5.7.27",
           "the domain of the sender takes no mail (RFC 7505)");
  }
  co_return no_mail;
}

net::Awaitable<Verdict> Judge::Decide(Case about) {
  Verdict verdict;
  net::IpAddress peer = net::IpAddress::Parse(about.client_ip).value_or(net::IpAddress{});
  bool trusted = net::ContainsAny(options_.trusted_networks, peer);
  bool stranger = !trusted && about.auth_user.empty();
  if (stranger) {
    auto check = WithinLimits(about, peer);
    bool within = co_await std::move(check);
    if (!within) {
      bool connection = about.stage == Stage::kConnection;
      Refuse(verdict, Action::kDefer, connection ? 421 : 450, connection ? "4.7.0" : "4.7.1",
             "too much mail from your address, try again later");
      co_return verdict;
    }
  }
  Facts facts = FactsOf(about, peer);
  std::optional<Decision> dmarc;
  mail::HeaderBlock header;
  if (about.stage == Stage::kMessage) {
    header = mail::ParseHeaderBlock(about.content);
    facts.header = &header;
    if (stranger) {
      auto look = RefusedAtSight(facts, verdict);
      bool refused = co_await std::move(look);
      if (refused) co_return verdict;
    }
    verdict.remove = Forged(header, about.authserv_id);
    auto check = CheckAuthentication(about, trusted, verdict);
    dmarc = co_await std::move(check);
    for (const mailauth::AuthMethod& method : verdict.methods) {
      facts.auth_results.push_back(method.method + "=" + method.result);
    }
    if (!verdict.methods.empty()) {
      verdict.authentication_results =
          FieldValue(mailauth::AuthenticationResults(about.authserv_id, verdict.methods));
    }
  }
  // The operator's rules come first: one that allows a sender, for instance.
  std::optional<Decision> decision = policy_.Decide(facts);
  if (!decision) decision = std::move(dmarc);
  if (decision) Apply(*decision, about.stage, verdict);
  bool greylist = options_.greylisting && stranger && about.stage == Stage::kRecipient;
  if (greylist && !decision) {
    auto wait = MakeWait(about, peer, verdict);
    co_await std::move(wait);
  }
  co_return verdict;
}

}  // namespace pennypost::filter
