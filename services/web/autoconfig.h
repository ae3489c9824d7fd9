#pragma once
// How mail clients set themselves up: Thunderbird's autoconfig, Outlook's Autodiscover, Apple's
// configuration profile.

#include <string>

#include "base/status.h"

namespace pennypost::web {

struct MailServers {
  std::string host;
  int imaps_port = 993;
  int submissions_port = 465;
  int pop3s_port = 995;
};

// XML of Thunderbird's "config-v1.1.xml" for a domain.
std::string ThunderbirdConfig(const std::string& domain, const MailServers& servers);

// The address inside an Autodiscover request (<EMailAddress>), empty if there is none. Not an XML
// parser: one element of a known form is all that is read, and what is found is checked as an
// address.
std::string AddressInAutodiscover(const std::string& body);
std::string OutlookConfig(const std::string& address, const MailServers& servers);

// A .mobileconfig profile for one address; unsigned.
std::string AppleProfile(const std::string& address, const MailServers& servers);

// RFC 8461 3.2.
std::string MtaStsPolicy(const std::string& mode, const std::string& mx, unsigned max_age_seconds);

std::string EscapeXml(std::string_view text);

}  // namespace pennypost::web
