// :regex (draft-ietf-sieve-regex), on RE2: no pattern can take more than linear time.

#include <fmt/format.h>
#include <re2/re2.h>

#include "sieve/extensions/extensions.h"
#include "sieve/match.h"

namespace pennypost::sieve {
namespace {

constexpr int64_t kMaxProgram = 256 << 10;
// Compiling is the dear part; matching may take program times value where RE2 falls back to its
// NFA.
constexpr size_t kCompileCost = 200;
constexpr size_t kMatchesPerStep = 1024;
constexpr int kMaxCaptures = 32;

re2::RE2::Options Options(bool fold) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!fold);
  options.set_max_mem(kMaxProgram);
  return options;
}

}  // namespace

std::string RegexError(std::string_view pattern) {
  re2::RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), Options(false));
  return regex.ok() ? std::string() : regex.error();
}

bool MatchesRegex(Run& run, Position at, std::string_view value, std::string_view pattern,
                  bool fold, std::vector<std::string>& captures) {
  if (!run.Spend(kCompileCost + pattern.size() / 4)) return false;
  re2::RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), Options(fold));
  if (!regex.ok()) {
    run.Fail(at, fmt::format("regular expression '{}': {}", pattern, regex.error()));
    return false;
  }
  auto program = static_cast<uint64_t>(std::max(regex.ProgramSize(), 1));
  if (!run.Spend(program * value.size() / kMatchesPerStep)) return false;
  int count = std::min(regex.NumberOfCapturingGroups(), kMaxCaptures) + 1;
  std::vector<re2::StringPiece> groups(static_cast<size_t>(count));
  re2::StringPiece text(value.data(), value.size());
  if (!regex.Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(), count)) return false;
  for (const re2::StringPiece& group : groups) {
    captures.emplace_back(group.data() == nullptr ? "" : group.as_string());
  }
  return true;
}

Extension RegexExtension() {
  return {.capabilities = {{"regex"}},
          .tags = {{.trait = kMatch,
                    .tag = {.name = "regex", .capability = "regex", .group = "match"}}}};
}

}  // namespace pennypost::sieve
