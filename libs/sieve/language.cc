#include "sieve/language.h"

#include "sieve/extensions/extensions.h"

namespace pennypost::sieve {
namespace {

const Verb* Find(const std::map<std::string_view, const Verb*>& verbs, std::string_view name) {
  auto found = verbs.find(name);
  return found == verbs.end() ? nullptr : found->second;
}

}  // namespace

const Language& TheLanguage() {
  static const Language* const language = new Language;
  return *language;
}

Language::Language()
    : extensions_{ActionsExtension(),     BodyExtension(),
                  ControlExtension(),     CopyExtension(),
                  DateExtension(),        DuplicateExtension(),
                  EditHeaderExtension(),  EncodedCharacterExtension(),
                  EnotifyExtension(),     EnvelopeExtension(),
                  EnvironmentExtension(), ExtractTextExtension(),
                  IhaveExtension(),       Imap4FlagsExtension(),
                  IncludeExtension(),     IndexExtension(),
                  MailboxExtension(),     MailboxIdExtension(),
                  MimeExtension(),        RegexExtension(),
                  RejectExtension(),      RelationalExtension(),
                  SpamTestExtension(),    SpecialUseExtension(),
                  SubaddressExtension(),  TestSuiteExtension(),
                  TestsExtension(),       VacationExtension(),
                  VariablesExtension(),   ReplaceExtension()} {
  for (const Extension& extension : extensions_) {
    for (const Capability& capability : extension.capabilities) {
      capabilities_[capability.name] = &capability;
    }
    for (const Verb& verb : extension.verbs) {
      (verb.run != nullptr ? commands_ : tests_)[verb.name] = &verb;
      for (const TagSpec& tag : verb.tags) tags_[&verb].push_back(&tag);
    }
  }
  for (const Extension& with_verbs : extensions_) {
    for (const Verb& verb : with_verbs.verbs) {
      for (const Extension& with_tags : extensions_) {
        for (const ExtraTag& extra : with_tags.tags) {
          bool fits =
              extra.verb.empty() ? (verb.traits & extra.trait) != 0 : extra.verb == verb.name;
          if (fits) tags_[&verb].push_back(&extra.tag);
        }
      }
    }
  }
}

const Verb* Language::FindCommand(std::string_view name) const {
  return Find(commands_, name);
}

const Verb* Language::FindTest(std::string_view name) const {
  return Find(tests_, name);
}

const Capability* Language::FindCapability(std::string_view name) const {
  auto found = capabilities_.find(name);
  return found == capabilities_.end() ? nullptr : found->second;
}

const std::vector<const TagSpec*>& Language::TagsOf(const Verb& verb) const {
  static const auto* const none = new std::vector<const TagSpec*>;
  auto found = tags_.find(&verb);
  return found == tags_.end() ? *none : found->second;
}

std::vector<std::string_view> Language::Capabilities() const {
  std::vector<std::string_view> names;
  for (const auto& [name, capability] : capabilities_) {
    if (name != kTestSuite) names.push_back(name);
  }
  return names;
}

}  // namespace pennypost::sieve
