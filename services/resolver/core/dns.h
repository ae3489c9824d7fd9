#pragma once
// A look-up and its answer, as this service knows them. Trouble is an answer here, never an error.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::resolver {

enum class Status {
  kOk,
  kNxDomain,
  kNoData,
  kTemporary,  // SERVFAIL, REFUSED, no answer in time: ask again later
  kBogus,      // the signatures do not verify: never to be used, and to be asked again later
};

enum class Type : uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kTlsa = 52,
};

struct Record {
  // A, AAAA: address text. MX, PTR, CNAME, NS, SOA: the name without its final dot ("" for the
  // root). TXT: the strings joined. TLSA: the bytes of the association.
  std::string value;
  uint16_t preference = 0;                        // MX
  uint8_t usage = 0, selector = 0, matching = 0;  // TLSA

  bool operator==(const Record&) const = default;
};

struct Answer {
  Status status = Status::kTemporary;
  bool secure = false;  // validated by DNSSEC
  std::vector<Record> records;
  std::string canonical_name;  // where CNAMEs led; empty if there were none
  uint32_t ttl_seconds = 0;
  std::string detail;  // why it is bogus or failed, for people
};

// Asks DNS. Thread-safe; `on_done` runs exactly once, on a thread of the client or within Lookup.
class DnsClient {
 public:
  virtual ~DnsClient() = default;
  virtual void Lookup(std::string name, Type type, std::function<void(Answer)> on_done) = 0;
};

// One record's data off the wire (RFC 1035 3.3, RFC 6698 2.1); false for what is cut short or of
// another type. Bytes of a name that are no letters, digits, "-" or "_" are written as \DDD, so
// that a name is always safe to print.
bool DecodeRecord(Type type, std::string_view data, Record& record);

}  // namespace pennypost::resolver
