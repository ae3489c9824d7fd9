#pragma once
// Typed writers of responses. Every string of a message or a user goes through here, so that no
// byte of it can end a line or start another response.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imap/command.h"
#include "imap/scanner.h"
#include "mime/structure.h"

namespace pennypost::imap {

// Quoted where it can be, else a literal; NUL becomes 0x80, since no literal may hold it (RFC 9051
// 9 CHAR8).
void WriteString(std::string_view text, std::string& out);
// NIL for nothing.
void WriteNString(const std::optional<std::string>& text, std::string& out);
void WriteLiteral(std::string_view bytes, std::string& out);
// A mailbox name as the client wants it: an atom or a string.
void WriteMailbox(std::string_view utf8, NameForm form, std::string& out);

// "(\Seen $Junk)"
void WriteFlags(const std::vector<std::string>& flags, std::string& out);
// "17-Jul-1996 02:44:25 +0000", quoted.
void WriteDate(int64_t unix_seconds, std::string& out);

// How a report about one message begins: "* 3 FETCH (", or "* 17 UIDFETCH (" for a client that
// knows UIDs only (RFC 9586 3.3).
void BeginFetch(size_t index, uint32_t uid, Numbers numbers, std::string& out);
// The same with the UID as its first item where the message has a number: "* 3 FETCH (UID 17 ".
void BeginFetchWithUid(size_t index, uint32_t uid, Numbers numbers, std::string& out);

// RFC 9051 7.5.2
void WriteEnvelope(const mime::Envelope& envelope, std::string& out);
enum class BodyForm { kBody, kBodyStructure };
void WriteBodyStructure(const mime::Structure& structure, BodyForm form, std::string& out);

// "1:3,5" of ascending numbers.
std::string FormatSet(const std::vector<uint32_t>& ascending);

// The word of a STATUS item.
std::string_view StatusItemName(StatusItem item);

// "BODY[1.HEADER.FIELDS (TO)]<0>": the name of a fetch item in its response.
std::string FetchItemName(const FetchItem& item);

struct ListEntry {
  std::string name;
  std::vector<std::string> attributes;  // "\HasChildren"
  bool child_info_subscribed = false;   // CHILDINFO (RFC 5258 3.5)
  bool lsub = false;
  std::string old_name = "";  // OLDNAME (RFC 5465 5.4), if it was renamed
};
void WriteList(const ListEntry& entry, NameForm form, std::string& out);

struct StatusValue {
  StatusItem item;
  uint64_t value = 0;
  std::string object_id = "";  // of kMailboxId
};
void WriteStatus(std::string_view mailbox, const std::vector<StatusValue>& values, NameForm form,
                 std::string& out);

// What SEARCH or SORT found, as `numbers` in the order of the result.
struct SearchResult {
  std::vector<uint32_t> numbers;
  std::optional<uint64_t> highest_modseq;
  std::vector<uint32_t> relevancy = {};  // 1 to 100 for each number, where it was asked for
};
// "* SEARCH 1 2 (MODSEQ 9)"
void WriteSearch(const SearchResult& result, std::string& out);
// "* ESEARCH (TAG "a") UID MIN 1" (RFC 4731)
void WriteESearch(const SearchResult& result, std::string_view tag, const Search& search,
                  unsigned returns, std::string& out);
// "* SORT 3 1"
void WriteSort(const SearchResult& result, std::string& out);

// A message in its thread, in preorder; number 0 is one that is missing.
struct ThreadEntry {
  uint32_t number = 0;
  uint32_t depth = 0;
};
// "* THREAD (1 (2)(3 4))" (RFC 5256 4)
void WriteThread(const std::vector<ThreadEntry>& entries, std::string& out);

// "* VANISHED (EARLIER) 1:3"; nothing for no UID (RFC 7162 3.2.10.1). Ascending.
void WriteVanishedEarlier(const std::vector<uint32_t>& uids, std::string& out);
void WriteVanishedEarlier(const std::vector<NumberRange>& uids, std::string& out);

// "* METADATA INBOX (/private/comment "x")" (RFC 5464 4.4.1); nothing for no entry.
void WriteMetadata(std::string_view mailbox, const std::vector<MetadataEntry>& entries,
                   NameForm form, std::string& out);

// RFC 4314 3.6 to 3.8. Of LISTRIGHTS `always` are those that the identifier has in any case; each
// of the others can be granted alone.
void WriteAcl(std::string_view mailbox,
              const std::vector<std::pair<std::string, mail::Rights>>& entries, NameForm form,
              std::string& out);
void WriteListRights(std::string_view mailbox, std::string_view identifier, mail::Rights always,
                     NameForm form, std::string& out);
void WriteMyRights(std::string_view mailbox, mail::Rights rights, NameForm form, std::string& out);

// RFC 9208 5.2: sizes in units of 1,024 bytes; no limit gives an empty list.
void WriteQuota(std::string_view root, uint64_t used_bytes, uint64_t limit_bytes, std::string& out);

}  // namespace pennypost::imap
