#pragma once
// Tag lists: "v=1; a=rsa-sha256; ..." of DKIM signatures and key records (RFC 6376 3.2).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::mailauth {

class TagList {
 public:
  // What an empty part between two semicolons is. One at the end is allowed always.
  enum class EmptyParts { kIgnored, kSyntaxError };
  // Nothing for a syntax error or a tag that stands twice. Names keep their case, values lose space
  // at their ends only.
  static std::optional<TagList> Parse(std::string_view text,
                                      EmptyParts empty = EmptyParts::kIgnored);

  // nullptr where the tag is absent.
  const std::string_view* Find(std::string_view name) const;
  std::string_view Get(std::string_view name, std::string_view otherwise = {}) const;
  // True where the tag leads the list, or is absent.
  bool IsFirstOrAbsent(std::string_view name) const;

 private:
  struct Tag {
    std::string_view name, value;
  };
  std::vector<Tag> tags_;
};

// Without any white space, folds included: for base64 and lists.
std::string WithoutSpace(std::string_view text);

// The parts of a colon-separated list, each trimmed.
std::vector<std::string_view> ColonList(std::string_view text);

}  // namespace pennypost::mailauth
