// Responses of SEARCH, SORT and THREAD, and VANISHED (EARLIER).

#include <fmt/format.h>

#include "imap/number_set.h"
#include "imap/write.h"

namespace pennypost::imap {

void WriteVanishedEarlier(const std::vector<uint32_t>& uids, std::string& out) {
  if (!uids.empty()) out += fmt::format("* VANISHED (EARLIER) {}\r\n", FormatSet(uids));
}

void WriteVanishedEarlier(const std::vector<NumberRange>& uids, std::string& out) {
  if (uids.empty()) return;
  out += "* VANISHED (EARLIER) ";
  for (const NumberRange& range : uids) {
    out += std::to_string(range.first);
    if (range.last > range.first) out += fmt::format(":{}", range.last);
    out += ',';
  }
  out.pop_back();
  out += "\r\n";
}

void WriteSearch(const SearchResult& result, std::string& out) {
  out += "* SEARCH";
  for (uint32_t number : result.numbers) out += " " + std::to_string(number);
  // RFC 7162 3.1.5: only with a non-empty result.
  if (result.highest_modseq && !result.numbers.empty()) {
    out += fmt::format(" (MODSEQ {})", *result.highest_modseq);
  }
  out += "\r\n";
}

void WriteSort(const SearchResult& result, std::string& out) {
  out += "* SORT";
  for (uint32_t number : result.numbers) out += " " + std::to_string(number);
  out += "\r\n";
}

void WriteESearch(const SearchResult& result, std::string_view tag, const Search& search,
                  unsigned returns, std::string& out) {
  const std::vector<uint32_t>& numbers = result.numbers;
  out += "* ESEARCH (TAG ";
  WriteString(tag, out);
  out += ")";
  if (search.numbers == Numbers::kUid) out += " UID";
  // RFC 4731 3.1: MIN, MAX and ALL are left out where nothing was found.
  if (!numbers.empty()) {
    if (returns & kReturnMin) out += fmt::format(" MIN {}", numbers.front());
    if (returns & kReturnMax) out += fmt::format(" MAX {}", numbers.back());
    if (returns & kReturnAll) out += " ALL " + FormatSet(numbers);
  }
  // RFC 6203 4: of what is returned, be it a piece.
  if (returns & kReturnRelevancy) {
    IndexRange piece{0, result.relevancy.size()};
    if (returns & kReturnPartial) piece = PieceOf(*search.partial, piece.end);
    out += " RELEVANCY (";
    for (size_t i = piece.begin; i < piece.end; ++i)
      out += fmt::format("{}{}", i == piece.begin ? "" : " ", result.relevancy[i]);
    out += ")";
  }
  if (returns & kReturnPartial) {
    // RFC 9394 4 ret-data-partial
    const Partial& partial = *search.partial;
    IndexRange piece = PieceOf(partial, numbers.size());
    auto begin = numbers.begin();
    std::vector<uint32_t> part(begin + static_cast<std::ptrdiff_t>(piece.begin),
                               begin + static_cast<std::ptrdiff_t>(piece.end));
    std::string_view sign = partial.from_end ? "-" : "";
    out += fmt::format(" PARTIAL ({}{}:{}{} {})", sign, partial.first, sign, partial.last,
                       part.empty() ? "NIL" : FormatSet(part));
  }
  if (returns & kReturnCount) out += fmt::format(" COUNT {}", numbers.size());
  if (result.highest_modseq && !numbers.empty()) {
    out += fmt::format(" MODSEQ {}", *result.highest_modseq);
  }
  out += "\r\n";
}

void WriteThread(const std::vector<ThreadEntry>& entries, std::string& out) {
  // How many answers each entry has.
  std::vector<size_t> answers(entries.size(), 0);
  std::vector<size_t> path;
  for (size_t i = 0; i < entries.size(); ++i) {
    path.resize(entries[i].depth);
    if (!path.empty()) ++answers[path.back()];
    path.push_back(i);
  }
  out += "* THREAD";
  if (!entries.empty()) out += ' ';
  path.clear();
  std::vector<uint32_t> open;  // depths at which a list began
  for (size_t i = 0; i < entries.size(); ++i) {
    const ThreadEntry& entry = entries[i];
    path.resize(entry.depth);
    for (; !open.empty() && open.back() >= entry.depth; open.pop_back()) out += ')';
    // RFC 5256 5 thread-members: an only answer goes on in the list of its parent.
    bool own_list = path.empty() || answers[path.back()] > 1;
    bool behind_number = out.back() != '(' && out.back() != ')' && !path.empty();
    if (behind_number) out += ' ';
    if (own_list) {
      out += '(';
      open.push_back(entry.depth);
    }
    if (entry.number != 0) out += std::to_string(entry.number);
    path.push_back(i);
  }
  out.append(open.size(), ')');
  out += "\r\n";
}

}  // namespace pennypost::imap
