#include "services/web/autoconfig.h"

#include "base/id.h"
#include "base/text.h"
#include "mail/address.h"

namespace pennypost::web {

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string ThunderbirdConfig(const std::string& domain, const MailServers& servers) {
  std::string name = EscapeXml(domain), host = EscapeXml(servers.host);
  auto server = [&](const char* kind, const char* type, int port) {
    return fmt::format(
        "    <{0} type=\"{1}\">\n      <hostname>{2}</hostname>\n      <port>{3}</port>\n      "
        "<socketType>SSL</socketType>\n"
        "      <authentication>password-cleartext</authentication>\n      "
        "<username>%EMAILADDRESS%</username>\n    </{0}>\n",
        kind, type, host, port);
  };
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  "
             "<emailProvider id=\"{0}\">\n"
             "    <domain>{0}</domain>\n    <displayName>{0}</displayName>\n    "
             "<displayShortName>{0}</displayShortName>\n",
             name) +
         server("incomingServer", "imap", servers.imaps_port) +
         server("incomingServer", "pop3", servers.pop3s_port) +
         server("outgoingServer", "smtp", servers.submissions_port) +
         "  </emailProvider>\n</clientConfig>\n";
}

std::string AddressInAutodiscover(const std::string& body) {
  std::string lower = ToLower(body);
  constexpr std::string_view kOpen = "<emailaddress>";
  size_t begin = lower.find(kOpen);
  if (begin == std::string::npos) return "";
  begin += kOpen.size();
  size_t end = lower.find('<', begin);
  if (end == std::string::npos) return "";
  auto address = mail::ParseAddress(Trim(std::string_view(body).substr(begin, end - begin)),
                                    mail::Utf8Policy::kAllow);
  return address.ok() ? address->ToString() : "";
}

std::string OutlookConfig(const std::string& address, const MailServers& servers) {
  auto protocol = [&](const char* type, int port) {
    return fmt::format(
        "      <Protocol>\n        <Type>{}</Type>\n        <Server>{}</Server>\n        "
        "<Port>{}</Port>\n"
        "        <LoginName>{}</LoginName>\n        <SPA>off</SPA>\n        <SSL>on</SSL>\n        "
        "<AuthRequired>on</AuthRequired>\n"
        "      </Protocol>\n",
        type, EscapeXml(servers.host), port, EscapeXml(address));
  };
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<Autodiscover "
         "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"
         "  <Response "
         "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/"
         "2006a\">\n"
         "    <Account>\n      <AccountType>email</AccountType>\n      "
         "<Action>settings</Action>\n" +
         protocol("IMAP", servers.imaps_port) + protocol("POP3", servers.pop3s_port) +
         protocol("SMTP", servers.submissions_port) +
         "    </Account>\n  </Response>\n</Autodiscover>\n";
}

std::string AppleProfile(const std::string& address, const MailServers& servers) {
  // The same address always gets the same ids, so that a profile installed again replaces the old
  // one.
  std::string id = UuidV5(Uuid{}, "apple-profile:" + address).ToString();
  std::string inner = UuidV5(Uuid{}, "apple-profile-mail:" + address).ToString();
  std::string who = EscapeXml(address), host = EscapeXml(servers.host);
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
      "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
      "<plist version=\"1.0\"><dict>\n";
  auto text = [&out](const char* key, const std::string& value) {
    out += fmt::format("<key>{}</key><string>{}</string>\n", key, value);
  };
  auto number = [&out](const char* key, int value) {
    out += fmt::format("<key>{}</key><integer>{}</integer>\n", key, value);
  };
  auto yes = [&out](const char* key) { out += fmt::format("<key>{}</key><true/>\n", key); };
  out += "<key>PayloadContent</key><array><dict>\n";
  text("EmailAccountType", "EmailTypeIMAP");
  text("EmailAddress", who);
  text("EmailAccountDescription", who);
  text("IncomingMailServerAuthentication", "EmailAuthPassword");
  text("IncomingMailServerHostName", host);
  number("IncomingMailServerPortNumber", servers.imaps_port);
  yes("IncomingMailServerUseSSL");
  text("IncomingMailServerUsername", who);
  text("OutgoingMailServerAuthentication", "EmailAuthPassword");
  text("OutgoingMailServerHostName", host);
  number("OutgoingMailServerPortNumber", servers.submissions_port);
  yes("OutgoingMailServerUseSSL");
  text("OutgoingMailServerUsername", who);
  yes("OutgoingPasswordSameAsIncomingPassword");
  text("PayloadType", "com.apple.mail.managed");
  text("PayloadIdentifier", "pennypost.mail." + inner);
  text("PayloadUUID", inner);
  number("PayloadVersion", 1);
  out += "</dict></array>\n";
  text("PayloadDisplayName", "Mail for " + who);
  text("PayloadIdentifier", "pennypost." + id);
  text("PayloadType", "Configuration");
  text("PayloadUUID", id);
  number("PayloadVersion", 1);
  return out + "</dict></plist>\n";
}

std::string MtaStsPolicy(const std::string& mode, const std::string& mx, unsigned max_age_seconds) {
  return fmt::format("version: STSv1\r\nmode: {}\r\nmx: {}\r\nmax_age: {}\r\n", mode, mx,
                     max_age_seconds);
}

}  // namespace pennypost::web
