// SORT (RFC 5256, RFC 5957, RFC 6203 6, ESORT of RFC 5267 3) and THREAD (RFC 5256).

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

using Field = SortKey::Field;

struct FieldRow {
  std::string_view name;
  Field field;
};
constexpr FieldRow kFields[] = {{"ARRIVAL", Field::kArrival},
                                {"CC", Field::kCc},
                                {"DATE", Field::kDate},
                                {"FROM", Field::kFrom},
                                {"SIZE", Field::kSize},
                                {"SUBJECT", Field::kSubject},
                                {"TO", Field::kTo},
                                {"DISPLAYFROM", Field::kDisplayFrom},
                                {"DISPLAYTO", Field::kDisplayTo},
                                {"RELEVANCY", Field::kRelevancy}};
constexpr size_t kMaxSortKeys = 20;

absl::StatusOr<SortKey> ParseSortKey(Scanner& in) {
  SortKey key;
  key.reverse = in.EatWord("REVERSE");
  if (key.reverse) RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string word, in.Word());
  for (const FieldRow& row : kFields) {
    if (row.name != word) continue;
    key.field = row.field;
    return key;
  }
  return SyntaxError("Unknown sort key");
}

// RFC 5256 5 search-criteria: the charset is a must.
absl::Status ParseCriteria(Scanner& in, Search& search) {
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string charset, in.AString());
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(search.key, ParseSearchKeys(in, charset));
  return absl::OkStatus();
}

absl::StatusOr<CommandBody> ParseSortAs(Scanner& in, Numbers numbers) {
  Sort sort;
  sort.search.numbers = numbers;
  RETURN_IF_ERROR(in.Expect(' '));
  if (in.EatWord("RETURN")) {
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(ParseSearchReturn(in, sort.search));
    RETURN_IF_ERROR(in.Expect(' '));
  }
  RETURN_IF_ERROR(in.Expect('('));
  do {
    ASSIGN_OR_RETURN(SortKey key, ParseSortKey(in));
    sort.order.push_back(key);
    if (sort.order.size() > kMaxSortKeys) return SyntaxError("Too many sort keys");
  } while (in.Eat(' '));
  RETURN_IF_ERROR(in.Expect(')'));
  RETURN_IF_ERROR(ParseCriteria(in, sort.search));
  RETURN_IF_ERROR(CheckRelevancy(sort.search));
  for (const SortKey& key : sort.order) {
    if (key.field == Field::kRelevancy && !UsesFuzzy(sort.search.key))
      return SyntaxError("RELEVANCY needs a FUZZY key");
  }
  return sort;
}

absl::StatusOr<CommandBody> ParseThreadAs(Scanner& in, Numbers numbers) {
  Thread thread;
  thread.search.numbers = numbers;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(std::string algorithm, in.Atom());
  if (EqualsIgnoreCase(algorithm, "ORDEREDSUBJECT")) {
    thread.algorithm = Thread::Algorithm::kOrderedSubject;
  } else if (!EqualsIgnoreCase(algorithm, "REFERENCES")) {
    return SyntaxError("Unknown threading algorithm");
  }
  RETURN_IF_ERROR(ParseCriteria(in, thread.search));
  return thread;
}

}  // namespace

absl::StatusOr<CommandBody> ParseSort(Scanner& in) {
  return ParseSortAs(in, Numbers::kSequence);
}
absl::StatusOr<CommandBody> ParseUidSort(Scanner& in) {
  return ParseSortAs(in, Numbers::kUid);
}
absl::StatusOr<CommandBody> ParseThread(Scanner& in) {
  return ParseThreadAs(in, Numbers::kSequence);
}
absl::StatusOr<CommandBody> ParseUidThread(Scanner& in) {
  return ParseThreadAs(in, Numbers::kUid);
}

}  // namespace pennypost::imap
