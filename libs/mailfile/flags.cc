#include "mailfile/flags.h"

#include <algorithm>

#include "base/text.h"

namespace pennypost::mailfile {
namespace {

constexpr size_t kMaxFlags = 100;
constexpr size_t kMaxBytes = 100;
constexpr std::string_view kSystem[] = {"\\Answered", "\\Deleted", "\\Draft", "\\Flagged",
                                        "\\Seen"};

bool IsKeyword(std::string_view text) {
  constexpr std::string_view kSpecials = "(){%*\"\\]";
  return !text.empty() && text.size() <= kMaxBytes &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return c > 0x20 && c < 0x7F && kSpecials.find(c) == std::string_view::npos;
         });
}

}  // namespace

bool HasFlag(const std::vector<std::string>& flags, std::string_view flag) {
  return std::any_of(flags.begin(), flags.end(),
                     [&](const std::string& f) { return EqualsIgnoreCase(f, flag); });
}

std::vector<std::string> CleanFlags(const std::vector<std::string>& flags) {
  std::vector<std::string> clean;
  for (const std::string& flag : flags) {
    auto known = std::find_if(std::begin(kSystem), std::end(kSystem),
                              [&](std::string_view s) { return EqualsIgnoreCase(s, flag); });
    if (known == std::end(kSystem) && !IsKeyword(flag)) continue;
    if (clean.size() == kMaxFlags || HasFlag(clean, flag)) continue;
    clean.emplace_back(known == std::end(kSystem) ? std::string_view(flag) : *known);
  }
  return clean;
}

}  // namespace pennypost::mailfile
