// DMARC of any From field in a tree of any records: the input's first line is the field, each
// further one an answer of DNS.

#include "base/text.h"
#include "mailauth/dmarc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost;
  std::vector<std::string_view> lines = Split({reinterpret_cast<const char*>(data), size}, '\n');
  std::string header = "From: " + std::string(lines[0]) + "\r\n\r\n";
  mailauth::DmarcRequest request;
  request.authors = mailauth::AuthorsOf(mail::ParseHeaderBlock(header));
  if (request.authors.domains.empty() && request.authors.problem.empty()) __builtin_trap();
  bool vouched = size % 2 == 0;
  if (vouched) request.dkim.push_back({"a.example.org", mailauth::DmarcIdentifier::Outcome::kPass});
  int limit = request.max_queries, queries = 0;
  mailauth::DmarcEvaluator dmarc(std::move(request));
  size_t at = 0;
  while (dmarc.Next() != nullptr) {
    if (++queries > limit) __builtin_trap();
    at = (at + 1) % lines.size();
    std::string_view line = lines[at];
    mailauth::DnsAnswer answer{mailauth::DnsStatus::kOk, {std::string(line)}, false};
    if (line.empty()) answer = {mailauth::DnsStatus::kNxDomain, {}, false};
    if (line.starts_with('!')) answer = {mailauth::DnsStatus::kServFail, {}, false};
    dmarc.Resume(std::move(answer));
  }
  if (!vouched && dmarc.result().status == mailauth::DmarcStatus::kPass) __builtin_trap();
  return 0;
}
