#pragma once
// What a script may ask of the world. The answers here are of a world with an INBOX and nothing
// else.

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

namespace pennypost::sieve {

class TestSuite;

enum class ScriptPlace { kPersonal, kGlobal };

class Host {
 public:
  virtual ~Host() = default;

  virtual absl::Time Now() const { return absl::UnixEpoch(); }
  virtual absl::TimeZone Zone() const { return absl::UTCTimeZone(); }
  // By its UTF-8 name; true only where the user may add mail (RFC 5490 3.1).
  virtual bool MailboxExists(std::string_view name) const { return name == "INBOX"; }
  virtual bool MailboxIdExists(std::string_view) const { return false; }
  // A mailbox with that special use; with a name, whether that one has it (RFC 8579 4).
  virtual bool SpecialUseExists(std::string_view, const std::string* /*mailbox*/) const {
    return false;
  }
  // RFC 5490 3.3: nothing for an annotation that is not there. No mailbox: the server's.
  virtual std::optional<std::string> Metadata(const std::string* /*mailbox*/,
                                              std::string_view) const {
    return std::nullopt;
  }
  // RFC 7352: remembered by an earlier delivery and not yet forgotten. `last`: a hit renews it.
  virtual bool SeenDuplicate(std::string_view /*id*/, uint64_t /*seconds*/, bool /*last*/) {
    return false;
  }
  virtual std::optional<std::string> ScriptText(ScriptPlace, std::string_view) const {
    return std::nullopt;
  }
  // RFC 5183: nothing for an item that is not known.
  virtual std::optional<std::string> EnvironmentItem(std::string_view) const {
    return std::nullopt;
  }
  // RFC 5235: 0 not tested, 1 clean to 10 (5 for viruses) certain.
  virtual int SpamScore() const { return 0; }
  virtual int SpamPercent() const { return -1; }  // -1: not tested
  virtual int VirusScore() const { return 0; }
  // Only of the test suite's dialect.
  virtual TestSuite* test_suite() { return nullptr; }
};

}  // namespace pennypost::sieve
