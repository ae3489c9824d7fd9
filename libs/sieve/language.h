#pragma once
// All extensions put together: what can be required, called and tagged.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/verb.h"

namespace pennypost::sieve {

class Language {
 public:
  const Verb* FindCommand(std::string_view name) const;
  const Verb* FindTest(std::string_view name) const;
  const Capability* FindCapability(std::string_view name) const;
  // Its own tags, then those that traits and extensions add.
  const std::vector<const TagSpec*>& TagsOf(const Verb& verb) const;
  // Sorted, without the test suite's: what ManageSieve and `ihave` may name.
  std::vector<std::string_view> Capabilities() const;

 private:
  friend const Language& TheLanguage();
  Language();

  std::vector<Extension> extensions_;
  std::map<std::string_view, const Verb*> commands_;
  std::map<std::string_view, const Verb*> tests_;
  std::map<std::string_view, const Capability*> capabilities_;
  std::map<const Verb*, std::vector<const TagSpec*>> tags_;
};

// Built once, then only read.
const Language& TheLanguage();

inline constexpr std::string_view kTestSuite = "vnd.dovecot.testsuite";

}  // namespace pennypost::sieve
