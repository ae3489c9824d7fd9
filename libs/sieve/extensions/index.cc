// :index and :last (RFC 5260 6): one of the fields named, counted over all of them.

#include "sieve/extensions/extensions.h"
#include "sieve/header_values.h"

namespace pennypost::sieve {

void SelectIndex(const Statement& statement, std::vector<std::string>& values) {
  const Argument* index = statement.Tag("index");
  if (index == nullptr) return;
  uint64_t number = index->number;
  std::string chosen;
  bool there = number > 0 && number <= values.size();
  if (there) chosen = values[statement.Has("last") ? values.size() - number : number - 1];
  values.clear();
  if (there) values.push_back(std::move(chosen));
}

Extension IndexExtension() {
  return {.capabilities = {{"index"}},
          .tags = {{.trait = kTakesHeaders,
                    .tag = {.name = "index", .capability = "index", .value = ValueType::kNumber}},
                   {.trait = kTakesHeaders, .tag = {.name = "last", .capability = "index"}}}};
}

}  // namespace pennypost::sieve
