#include "mailauth/tag_list.h"

#include "base/text.h"

namespace pennypost::mailauth {
namespace {

// RFC 6376 3.2 tag-name.
bool IsTagName(std::string_view name) {
  if (name.empty() || !IsAlpha(name[0])) return false;
  for (char c : name) {
    if (!IsAlpha(c) && !IsDigit(c) && c != '_') return false;
  }
  return true;
}

}  // namespace

std::optional<TagList> TagList::Parse(std::string_view text, EmptyParts empty) {
  constexpr size_t kMaxTags = 64;
  TagList list;
  std::vector<std::string_view> parts = Split(text, ';');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string_view part = Trim(parts[i]);
    if (part.empty()) {
      if (empty == EmptyParts::kSyntaxError && i + 1 < parts.size()) return std::nullopt;
      continue;
    }
    size_t equals = part.find('=');
    if (equals == std::string_view::npos || list.tags_.size() == kMaxTags) return std::nullopt;
    std::string_view name = Trim(part.substr(0, equals));
    if (!IsTagName(name) || list.Find(name) != nullptr) return std::nullopt;
    list.tags_.push_back({name, Trim(part.substr(equals + 1))});
  }
  return list;
}

const std::string_view* TagList::Find(std::string_view name) const {
  for (const Tag& tag : tags_) {
    if (tag.name == name) return &tag.value;
  }
  return nullptr;
}

std::string_view TagList::Get(std::string_view name, std::string_view otherwise) const {
  const std::string_view* value = Find(name);
  return value == nullptr ? otherwise : *value;
}

bool TagList::IsFirstOrAbsent(std::string_view name) const {
  return Find(name) == nullptr || tags_.front().name == name;
}

std::string WithoutSpace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (!IsWsp(c) && c != '\r' && c != '\n') out.push_back(c);
  }
  return out;
}

std::vector<std::string_view> ColonList(std::string_view text) {
  std::vector<std::string_view> parts = Split(text, ':');
  for (std::string_view& part : parts) part = Trim(part);
  return parts;
}

}  // namespace pennypost::mailauth
