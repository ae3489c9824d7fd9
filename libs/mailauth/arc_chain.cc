#include "mailauth/arc_chain.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

// What checking a chain costs grows with its length times its size.
constexpr size_t kMaxChainBytes = 256 << 10;

constexpr std::string_view kStatusNames[] = {"none", "pass", "fail"};

// RFC 8617 4.2.1: 1 to 50. Zero for anything else.
int Instance(std::string_view text) {
  if (text.size() > 2) return 0;
  std::optional<uint64_t> value = ParseUint(text);
  return value && *value <= kMaxArcInstance ? static_cast<int>(*value) : 0;
}

// RFC 8617 4.1.1: "i=1;" leads the field.
int InstanceOfResults(std::string_view value) {
  std::string_view first = value.substr(0, value.find(';'));
  if (first.size() == value.size()) return 0;
  size_t equals = first.find('=');
  if (equals == std::string_view::npos || Trim(first.substr(0, equals)) != "i") return 0;
  return Instance(Trim(first.substr(equals + 1)));
}

enum class Part { kResults, kMessageSignature, kSeal, kOther };

Part PartOf(std::string_view name) {
  if (!StartsWithIgnoreCase(name, "ARC-")) return Part::kOther;
  if (EqualsIgnoreCase(name, "ARC-Authentication-Results")) return Part::kResults;
  if (EqualsIgnoreCase(name, "ARC-Message-Signature")) return Part::kMessageSignature;
  if (EqualsIgnoreCase(name, "ARC-Seal")) return Part::kSeal;
  return Part::kOther;
}

// Puts the field where it belongs; the reason where it belongs nowhere.
std::string_view Place(const mail::HeaderField& field, Part part, ArcChain& chain) {
  int instance = 0;
  std::optional<TagList> tags;
  if (part == Part::kResults) {
    instance = InstanceOfResults(field.value);
  } else {
    tags = TagList::Parse(field.value, TagList::EmptyParts::kSyntaxError);
    if (!tags) return "syntax error";
    instance = Instance(tags->Get("i"));
  }
  if (instance == 0) return "no instance";
  chain.highest = std::max(chain.highest, instance);
  if (chain.sets.size() < static_cast<size_t>(instance))
    chain.sets.resize(static_cast<size_t>(instance));
  ArcSet& set = chain.sets[static_cast<size_t>(instance) - 1];
  const mail::HeaderField*& slot = part == Part::kResults            ? set.results
                                   : part == Part::kMessageSignature ? set.message_signature
                                                                     : set.seal;
  if (slot != nullptr) return "instance twice";
  slot = &field;
  if (part == Part::kMessageSignature) {
    set.signature_tags = *std::move(tags);
  } else if (part == Part::kSeal) {
    set.seal_tags = *std::move(tags);
  }
  return {};
}

}  // namespace

std::string_view ArcStatusName(ArcStatus status) {
  return kStatusNames[static_cast<size_t>(status)];
}

std::optional<ArcStatus> ParseArcStatus(std::string_view name) {
  for (ArcStatus status : {ArcStatus::kNone, ArcStatus::kPass, ArcStatus::kFail}) {
    if (EqualsIgnoreCase(name, ArcStatusName(status))) return status;
  }
  return std::nullopt;
}

ArcChain ReadArcChain(const mail::HeaderBlock& block) {
  ArcChain chain;
  size_t bytes = 0;
  for (const mail::HeaderField& field : block.fields) {
    Part part = PartOf(field.name);
    if (part == Part::kOther) continue;
    chain.present = true;
    bytes += field.raw.size();
    if (bytes > kMaxChainBytes) {
      chain.problem = "chain too long";
      break;
    }
    std::string_view problem = Place(field, part, chain);
    if (!problem.empty() && chain.problem.empty())
      chain.problem = std::string(field.name) + ": " + std::string(problem);
  }
  for (size_t i = 0; i < chain.sets.size() && chain.problem.empty(); ++i) {
    const ArcSet& set = chain.sets[i];
    if (set.results == nullptr || set.message_signature == nullptr || set.seal == nullptr)
      chain.problem = "set " + std::to_string(i + 1) + " is not complete";
  }
  return chain;
}

}  // namespace pennypost::mailauth
