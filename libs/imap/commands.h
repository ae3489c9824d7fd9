#pragma once
// The command table: one row a verb, and what the session must know before it runs one.

#include <absl/status/statusor.h>

#include <string_view>

#include "imap/command.h"
#include "imap/scanner.h"

namespace pennypost::imap {

enum CommandState : unsigned { kNotAuthenticated = 1, kAuthenticated = 2, kSelected = 4 };
inline constexpr unsigned kLoggedIn = kAuthenticated | kSelected;
inline constexpr unsigned kAnyState = kNotAuthenticated | kLoggedIn;

enum CommandFlag : unsigned {
  // EXPUNGE must not be sent while it runs: its sequence numbers must keep their meaning (RFC
  // 9051 7.5.1).
  kHoldsExpunge = 1,
  kChangesSelection = 2,
  // Answered by the session itself, without a Request.
  kLocal = 4,
};

struct CommandRow {
  std::string_view name;  // upper case; also the metric label
  unsigned states;
  unsigned flags;
  absl::StatusOr<CommandBody> (*parse)(Scanner& in);
};

// nullptr for an unknown verb. `name` is upper case; UID forms are "UID FETCH" and so on.
const CommandRow* FindCommand(std::string_view name);

// Parsers, one file a command. Each starts behind the verb and must reach the end of the text.
absl::StatusOr<CommandBody> ParseLogin(Scanner& in);
absl::StatusOr<CommandBody> ParseAuthenticate(Scanner& in);
absl::StatusOr<CommandBody> ParseEnable(Scanner& in);
absl::StatusOr<CommandBody> ParseCompress(Scanner& in);
absl::StatusOr<CommandBody> ParseId(Scanner& in);
absl::StatusOr<CommandBody> ParseSelect(Scanner& in);
absl::StatusOr<CommandBody> ParseExamine(Scanner& in);
absl::StatusOr<CommandBody> ParseCreate(Scanner& in);
absl::StatusOr<CommandBody> ParseDelete(Scanner& in);
absl::StatusOr<CommandBody> ParseRename(Scanner& in);
absl::StatusOr<CommandBody> ParseSubscribe(Scanner& in);
absl::StatusOr<CommandBody> ParseUnsubscribe(Scanner& in);
absl::StatusOr<CommandBody> ParseList(Scanner& in);
absl::StatusOr<CommandBody> ParseLsub(Scanner& in);
absl::StatusOr<CommandBody> ParseStatus(Scanner& in);
absl::StatusOr<CommandBody> ParseAppend(Scanner& in);
absl::StatusOr<CommandBody> ParseReplace(Scanner& in);
absl::StatusOr<CommandBody> ParseUidReplace(Scanner& in);
absl::StatusOr<CommandBody> ParseGetQuota(Scanner& in);
absl::StatusOr<CommandBody> ParseGetQuotaRoot(Scanner& in);
absl::StatusOr<CommandBody> ParseGetMetadata(Scanner& in);
absl::StatusOr<CommandBody> ParseSetMetadata(Scanner& in);
absl::StatusOr<CommandBody> ParseSetAcl(Scanner& in);
absl::StatusOr<CommandBody> ParseDeleteAcl(Scanner& in);
absl::StatusOr<CommandBody> ParseGetAcl(Scanner& in);
absl::StatusOr<CommandBody> ParseListRights(Scanner& in);
absl::StatusOr<CommandBody> ParseMyRights(Scanner& in);
absl::StatusOr<CommandBody> ParseUidExpunge(Scanner& in);
absl::StatusOr<CommandBody> ParseSearch(Scanner& in);
absl::StatusOr<CommandBody> ParseUidSearch(Scanner& in);
absl::StatusOr<CommandBody> ParseNotify(Scanner& in);
absl::StatusOr<CommandBody> ParseCancelUpdate(Scanner& in);
absl::StatusOr<CommandBody> ParseSort(Scanner& in);
absl::StatusOr<CommandBody> ParseUidSort(Scanner& in);
absl::StatusOr<CommandBody> ParseThread(Scanner& in);
absl::StatusOr<CommandBody> ParseUidThread(Scanner& in);
absl::StatusOr<CommandBody> ParseFetch(Scanner& in);
absl::StatusOr<CommandBody> ParseUidFetch(Scanner& in);
absl::StatusOr<CommandBody> ParseStore(Scanner& in);
absl::StatusOr<CommandBody> ParseUidStore(Scanner& in);
absl::StatusOr<CommandBody> ParseCopy(Scanner& in);
absl::StatusOr<CommandBody> ParseUidCopy(Scanner& in);
absl::StatusOr<CommandBody> ParseMove(Scanner& in);
absl::StatusOr<CommandBody> ParseUidMove(Scanner& in);

// Shared by SEARCH, SORT and THREAD. The result options in parentheses; the keys up to the end, in
// a charset; "-1:-100".
absl::Status ParseSearchReturn(Scanner& in, Search& search);
absl::StatusOr<SearchKey> ParseSearchKeys(Scanner& in, std::string_view charset);
bool UsesFuzzy(const SearchKey& key);
absl::Status CheckRelevancy(const Search& search);
absl::StatusOr<Partial> ParsePartialRange(Scanner& in);

// Shared by NOTIFY and SEARCH RETURN (UPDATE (...)): items of FETCH in parentheses, none of which
// sets \Seen then.
absl::StatusOr<std::vector<FetchItem>> ParsePushedItems(Scanner& in);

// The inside of BODY[...], as it stands in a URL too.
absl::StatusOr<Section> ParseSectionText(std::string_view text);

// Shared by STATUS and LIST RETURN (STATUS (...)): a list in parentheses.
absl::StatusOr<std::vector<StatusItem>> ParseStatusItems(Scanner& in);

}  // namespace pennypost::imap
