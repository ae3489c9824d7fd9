#include "services/filter/core/judge.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::filter {
namespace {

constexpr absl::Duration kMxTimeout = absl::Seconds(5);

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

net::Awaitable<std::vector<mailauth::AuthMethod>> Judge::Authenticate(const Case& about,
                                                                      bool trusted) {
  std::vector<mailauth::AuthMethod> methods;
  if (!about.auth_user.empty()) {
    methods.push_back({"auth", "pass", "", {{"smtp.auth", about.auth_user}}});  // RFC 8601 2.7.4
    co_return methods;
  }
  if (trusted) co_return methods;
  if (options_.check_spf) {
    SpfInput input{about.client_ip, about.helo, about.sender, about.authserv_id};
    auto check = CheckSpf(dns_, clock_, std::move(input));
    mailauth::AuthMethod spf = co_await std::move(check);
    methods.push_back(std::move(spf));
  }
  if (options_.check_dkim) {
    auto check = CheckDkim(dns_, clock_, about.content);
    std::vector<mailauth::AuthMethod> dkim = co_await std::move(check);
    methods.insert(methods.end(), dkim.begin(), dkim.end());
  }
  co_return methods;
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
  mail::HeaderBlock header;
  if (about.stage == Stage::kMessage) {
    header = mail::ParseHeaderBlock(about.content);
    facts.header = &header;
    std::string_view doubled = stranger ? DoubledField(header) : "";
    if (!doubled.empty()) {
      Refuse(verdict, Action::kReject, 550, "5.6.0",
             "more than one " + std::string(doubled) + " field (RFC 5322 3.6)");
      co_return verdict;
    }
    if (stranger) {
      auto ask = TakesNoMail(facts.sender_domain);
      bool no_mail = co_await std::move(ask);
      if (no_mail) {
        Refuse(verdict, Action::kReject, 550, "5.7.27",
               "the domain of the sender takes no mail (RFC 7505)");
        co_return verdict;
      }
    }
    verdict.remove = Forged(header, about.authserv_id);
    auto authenticate = Authenticate(about, trusted);
    verdict.methods = co_await std::move(authenticate);
    for (const mailauth::AuthMethod& method : verdict.methods) {
      facts.auth_results.push_back(method.method + "=" + method.result);
    }
    if (!verdict.methods.empty()) {
      verdict.authentication_results =
          FieldValue(mailauth::AuthenticationResults(about.authserv_id, verdict.methods));
    }
  }
  std::optional<Decision> decision = policy_.Decide(facts);
  if (decision) Apply(*decision, about.stage, verdict);
  co_return verdict;
}

}  // namespace pennypost::filter
