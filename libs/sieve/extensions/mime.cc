// mime and foreverypart (RFC 5703 3 and 4).

#include <fmt/format.h>

#include "base/text.h"
#include "mime/parameters.h"
#include "sieve/extensions/extensions.h"
#include "sieve/header_values.h"

namespace pennypost::sieve {
namespace {

// RFC 5703 3: implementations may limit the depth of loops; four are nested nowhere in practice.
constexpr int kMaxLoops = 4;

void CheckLoop(Checker& checker, Statement& statement) {
  if (checker.loop_depth() >= kMaxLoops) {
    checker.Fail(statement.at, fmt::format("foreverypart is nested deeper than {}", kMaxLoops));
  }
}

void CheckBreak(Checker& checker, Statement& statement) {
  if (checker.loop_depth() == 0) checker.Fail(statement.at, "'break' outside of foreverypart");
}

bool IsBelow(const mime::Structure& structure, uint32_t part, uint32_t top) {
  while (part != top && structure.parts[part].parent != part) part = structure.parts[part].parent;
  return part == top;
}

std::vector<uint32_t> PartsFrom(Run& run, uint32_t top) {
  const mime::Structure& structure = run.message.structure();
  std::vector<uint32_t> parts;
  for (uint32_t i = top; i < structure.parts.size(); ++i) {
    if (!run.Spend()) break;
    if (IsBelow(structure, i, top)) parts.push_back(i);
  }
  return parts;
}

// Depth first, as the parts stand in the message. Parts of one tree stand in a row.
Flow RunForEveryPart(Run& run, const Statement& statement) {
  const Argument* name = statement.Tag("name");
  std::optional<uint32_t> outer = run.part;
  uint32_t top = run.PartAtHand();
  Flow flow = Flow::kNext;
  auto end = [&run, top] { return top + static_cast<uint32_t>(PartsFrom(run, top).size()); };
  for (uint32_t part = top, stop = end(); part < stop;) {
    run.part = part;
    run.replaced.reset();
    flow = run.Block(statement.block);
    if (flow != Flow::kNext || run.failed()) break;
    uint32_t next = part + 1;
    if (run.replaced) {
      // RFC 5703 5: the loop does not go into what stands there now.
      stop = end();
      if (*run.replaced == part) next = part + static_cast<uint32_t>(PartsFrom(run, part).size());
    }
    part = std::max(next, part + 1);
  }
  run.part = outer;
  if (flow == Flow::kBreak &&
      (run.break_name.empty() || (name != nullptr && name->strings[0] == run.break_name))) {
    run.break_name.clear();
    return Flow::kNext;
  }
  return flow;
}

Flow RunBreak(Run& run, const Statement& statement) {
  const Argument* name = statement.Tag("name");
  run.break_name = name == nullptr ? "" : name->strings[0];
  return Flow::kBreak;
}

}  // namespace

std::vector<uint32_t> MimeParts(Run& run, const Statement& statement) {
  uint32_t top = run.PartAtHand();
  if (statement.Has("anychild")) return PartsFrom(run, top);
  return {top};
}

std::vector<std::string> MimeValues(Run& run, const Statement& statement,
                                    const std::vector<std::string>& values) {
  std::string_view option = statement.TagOf("mimeopts");
  if (option.empty()) return values;
  std::vector<std::string> out;
  for (const std::string& value : values) {
    mime::ParameterizedValue parsed = mime::ParseParameterized(value);
    size_t slash = parsed.value.find('/');
    if (option == "contenttype") {
      out.push_back(parsed.value);
    } else if (option == "type") {
      out.push_back(parsed.value.substr(0, slash));
    } else if (option == "subtype") {
      if (slash != std::string::npos) out.push_back(parsed.value.substr(slash + 1));
    } else {
      for (const std::string& name : run.Texts(*statement.Tag("param"))) {
        if (auto param = mime::DecodedParam(parsed.params, ToLower(name))) out.push_back(*param);
      }
    }
  }
  return out;
}

Extension MimeExtension() {
  std::vector<ExtraTag> tags;
  for (std::string_view flag : {"mime", "anychild"}) {
    tags.push_back({.trait = kTakesHeaders, .tag = {.name = flag, .capability = "mime"}});
  }
  for (std::string_view option : {"type", "subtype", "contenttype"}) {
    tags.push_back({.trait = kTakesHeaders,
                    .tag = {.name = option, .capability = "mime", .group = "mimeopts"}});
  }
  tags.push_back(
      {.trait = kTakesHeaders,
       .tag = {
           .name = "param", .capability = "mime", .value = ValueType::kList, .group = "mimeopts"}});
  return {.capabilities = {{"mime"}, {"foreverypart"}},
          .verbs = {{.name = "foreverypart",
                     .capability = "foreverypart",
                     .traits = kTakesBlock,
                     .tags = {{.name = "name", .value = ValueType::kString}},
                     .check = CheckLoop,
                     .run = RunForEveryPart},
                    {.name = "break",
                     .capability = "foreverypart",
                     .tags = {{.name = "name", .value = ValueType::kString}},
                     .check = CheckBreak,
                     .run = RunBreak}},
          .tags = std::move(tags)};
}

}  // namespace pennypost::sieve
