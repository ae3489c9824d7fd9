#include "imap/uid_only.h"

#include <algorithm>

namespace pennypost::imap {
namespace {

bool UsesNumbers(const SearchKey& key) {
  if (key.op == SearchKey::Op::kSequence && !key.set.saved) return true;
  return std::any_of(key.children.begin(), key.children.end(), UsesNumbers);
}

bool UsesNumbers(const Search& search) {
  return search.numbers == Numbers::kSequence || UsesNumbers(search.key);
}

}  // namespace

bool NamesByNumber(const CommandBody& body) {
  // RFC 9586 3.7: of QRESYNC's arguments the sample of sequence numbers.
  if (auto* select = std::get_if<Select>(&body))
    return select->resync && !select->resync->sample_numbers.ranges.empty();
  if (auto* search = std::get_if<Search>(&body)) return UsesNumbers(*search);
  if (auto* sort = std::get_if<Sort>(&body)) return UsesNumbers(sort->search);
  if (auto* thread = std::get_if<Thread>(&body)) return UsesNumbers(thread->search);
  if (auto* fetch = std::get_if<Fetch>(&body)) return fetch->numbers == Numbers::kSequence;
  if (auto* store = std::get_if<Store>(&body)) return store->numbers == Numbers::kSequence;
  if (auto* copy = std::get_if<Copy>(&body)) return copy->numbers == Numbers::kSequence;
  if (auto* replace = std::get_if<Replace>(&body)) return replace->numbers == Numbers::kSequence;
  return false;
}

}  // namespace pennypost::imap
