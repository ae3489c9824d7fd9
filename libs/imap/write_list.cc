// LIST, LSUB, STATUS, QUOTA responses and the names of items.

#include <fmt/format.h>

#include "imap/mailbox_name.h"
#include "imap/write.h"

namespace pennypost::imap {

std::string_view StatusItemName(StatusItem item) {
  switch (item) {
    case StatusItem::kMessages:
      return "MESSAGES";
    case StatusItem::kRecent:
      return "RECENT";
    case StatusItem::kUidNext:
      return "UIDNEXT";
    case StatusItem::kUidValidity:
      return "UIDVALIDITY";
    case StatusItem::kUnseen:
      return "UNSEEN";
    case StatusItem::kDeleted:
      return "DELETED";
    case StatusItem::kSize:
      return "SIZE";
    case StatusItem::kHighestModSeq:
      return "HIGHESTMODSEQ";
    case StatusItem::kMailboxId:
      return "MAILBOXID";
    case StatusItem::kAppendLimit:
      return "APPENDLIMIT";
  }
  return "";
}

void WriteList(const ListEntry& entry, NameForm form, std::string& out) {
  out += entry.lsub ? "* LSUB " : "* LIST ";
  WriteFlags(entry.attributes, out);
  out += fmt::format(" \"{}\" ", kSeparator);
  WriteMailbox(entry.name, form, out);
  if (entry.child_info_subscribed) out += " (\"CHILDINFO\" (\"SUBSCRIBED\"))";
  if (!entry.old_name.empty()) {
    out += " (\"OLDNAME\" (";
    WriteMailbox(entry.old_name, form, out);
    out += "))";
  }
  out += "\r\n";
}

void WriteStatus(std::string_view mailbox, const std::vector<StatusValue>& values, NameForm form,
                 std::string& out) {
  out += "* STATUS ";
  WriteMailbox(mailbox, form, out);
  out += " (";
  for (size_t i = 0; i < values.size(); ++i) {
    const StatusValue& value = values[i];
    out += fmt::format("{}{} ", i ? " " : "", StatusItemName(value.item));
    out += value.item == StatusItem::kMailboxId ? "(" + value.object_id + ")"
                                                : std::to_string(value.value);
  }
  out += ")\r\n";
}

void WriteMetadata(std::string_view mailbox, const std::vector<MetadataEntry>& entries,
                   NameForm form, std::string& out) {
  if (entries.empty()) return;
  out += "* METADATA ";
  WriteMailbox(mailbox, form, out);
  out += " (";
  for (const MetadataEntry& entry : entries) {
    if (&entry != &entries[0]) out += ' ';
    WriteMailbox(entry.name, NameForm::kUtf8, out);
    out += ' ';
    if (entry.value && entry.value->find('\0') != std::string::npos) {
      out += fmt::format("~{{{}}}\r\n{}", entry.value->size(), *entry.value);
    } else {
      WriteNString(entry.value, out);
    }
  }
  out += ")\r\n";
}

void WriteQuota(std::string_view root, uint64_t used_bytes, uint64_t limit_bytes,
                std::string& out) {
  out += "* QUOTA ";
  WriteString(root, out);
  if (limit_bytes == 0) {
    out += " ()\r\n";
  } else {
    out += fmt::format(" (STORAGE {} {})\r\n", (used_bytes + 1023) / 1024, limit_bytes / 1024);
  }
}

}  // namespace pennypost::imap
