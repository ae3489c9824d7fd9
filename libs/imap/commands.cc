#include "imap/commands.h"

#include <array>

#include "base/status.h"

namespace pennypost::imap {
namespace {

template <typename Body>
absl::StatusOr<CommandBody> ParseNothing(Scanner& in) {
  RETURN_IF_ERROR(in.ExpectEnd());
  return Body{};
}

constexpr auto kTable = std::to_array<CommandRow>({
    {"CAPABILITY", kAnyState, kLocal, ParseNothing<Capability>},
    {"NOOP", kAnyState, 0, ParseNothing<Noop>},
    {"LOGOUT", kAnyState, kLocal, ParseNothing<Logout>},
    {"ID", kAnyState, kLocal, ParseId},
    {"STARTTLS", kNotAuthenticated, kLocal, ParseNothing<StartTlsCommand>},
    {"AUTHENTICATE", kNotAuthenticated, kLocal, ParseAuthenticate},
    {"LOGIN", kNotAuthenticated, kLocal, ParseLogin},
    {"ENABLE", kAuthenticated, kLocal, ParseEnable},
    {"COMPRESS", kLoggedIn, kLocal, ParseCompress},
    {"SELECT", kLoggedIn, kChangesSelection, ParseSelect},
    {"EXAMINE", kLoggedIn, kChangesSelection, ParseExamine},
    {"CREATE", kLoggedIn, 0, ParseCreate},
    {"DELETE", kLoggedIn, 0, ParseDelete},
    {"RENAME", kLoggedIn, 0, ParseRename},
    {"SUBSCRIBE", kLoggedIn, 0, ParseSubscribe},
    {"UNSUBSCRIBE", kLoggedIn, 0, ParseUnsubscribe},
    {"LIST", kLoggedIn, 0, ParseList},
    {"LSUB", kLoggedIn, 0, ParseLsub},
    {"NAMESPACE", kLoggedIn, kLocal, ParseNothing<Namespace>},
    {"STATUS", kLoggedIn, 0, ParseStatus},
    {"APPEND", kLoggedIn, 0, ParseAppend},
    {"IDLE", kLoggedIn, kLocal, ParseNothing<Idle>},
    {"GETQUOTA", kLoggedIn, 0, ParseGetQuota},
    {"GETQUOTAROOT", kLoggedIn, 0, ParseGetQuotaRoot},
    {"GETMETADATA", kLoggedIn, 0, ParseGetMetadata},
    {"SETMETADATA", kLoggedIn, 0, ParseSetMetadata},
    {"SETACL", kLoggedIn, 0, ParseSetAcl},
    {"DELETEACL", kLoggedIn, 0, ParseDeleteAcl},
    {"GETACL", kLoggedIn, 0, ParseGetAcl},
    {"LISTRIGHTS", kLoggedIn, 0, ParseListRights},
    {"MYRIGHTS", kLoggedIn, 0, ParseMyRights},
    {"NOTIFY", kLoggedIn, 0, ParseNotify},
    {"CHECK", kSelected, 0, ParseNothing<Check>},
    {"CLOSE", kSelected, kChangesSelection, ParseNothing<Close>},
    {"UNSELECT", kSelected, kChangesSelection | kLocal, ParseNothing<Unselect>},
    {"EXPUNGE", kSelected, 0, ParseNothing<Expunge>},
    {"UID EXPUNGE", kSelected, 0, ParseUidExpunge},
    {"SEARCH", kSelected, kHoldsExpunge, ParseSearch},
    {"UID SEARCH", kSelected, 0, ParseUidSearch},
    {"CANCELUPDATE", kSelected, kLocal, ParseCancelUpdate},
    {"REPLACE", kSelected, 0, ParseReplace},
    {"UID REPLACE", kSelected, 0, ParseUidReplace},
    {"SORT", kSelected, kHoldsExpunge, ParseSort},
    {"UID SORT", kSelected, 0, ParseUidSort},
    {"THREAD", kSelected, kHoldsExpunge, ParseThread},
    {"UID THREAD", kSelected, 0, ParseUidThread},
    {"FETCH", kSelected, kHoldsExpunge, ParseFetch},
    {"UID FETCH", kSelected, 0, ParseUidFetch},
    {"STORE", kSelected, kHoldsExpunge, ParseStore},
    {"UID STORE", kSelected, 0, ParseUidStore},
    {"COPY", kSelected, 0, ParseCopy},
    {"UID COPY", kSelected, 0, ParseUidCopy},
    {"MOVE", kSelected, 0, ParseMove},
    {"UID MOVE", kSelected, 0, ParseUidMove},
});

}  // namespace

const CommandRow* FindCommand(std::string_view name) {
  for (const CommandRow& row : kTable) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace pennypost::imap
