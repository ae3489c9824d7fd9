// SPF with a zone the fuzzer writes: every TXT answer is a line of the input, other answers follow
// from its bytes.

#include "base/text.h"
#include "mailauth/spf.h"

namespace {

using pennypost::mailauth::DnsAnswer;
using pennypost::mailauth::DnsQuestion;
using pennypost::mailauth::DnsStatus;
using pennypost::mailauth::DnsType;

DnsAnswer Answer(const DnsQuestion& question, std::string_view line) {
  if (question.type == DnsType::kTxt) return {DnsStatus::kOk, {std::string(line)}, false};
  if (line.empty()) return {DnsStatus::kNxDomain, {}, false};
  if (line[0] == '!') return {DnsStatus::kServFail, {}, false};
  std::vector<std::string> records;
  for (std::string_view part : pennypost::Split(line, ',')) records.emplace_back(part);
  return {DnsStatus::kOk, records, false};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pennypost;
  std::vector<std::string_view> lines = Split({reinterpret_cast<const char*>(data), size}, '\n');
  mailauth::SpfRequest request;
  request.ip = *mailauth::IpAddress::Parse(size % 2 == 0 ? "192.0.2.1" : "2001:db8::1");
  request.mail_from = std::string(lines[0]);
  request.helo = "helo.example.org";
  mailauth::SpfEvaluator spf(request);
  size_t at = 0;
  int queries = 0;
  while (const DnsQuestion* question = spf.Next()) {
    if (++queries > request.limits.max_queries) __builtin_trap();
    at = (at + 1) % lines.size();
    spf.Resume(Answer(*question, lines[at]));
  }
  return 0;
}
