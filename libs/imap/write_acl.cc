// ACL, LISTRIGHTS and MYRIGHTS responses.

#include "imap/write.h"

namespace pennypost::imap {

void WriteAcl(std::string_view mailbox,
              const std::vector<std::pair<std::string, mail::Rights>>& entries, NameForm form,
              std::string& out) {
  out += "* ACL ";
  WriteMailbox(mailbox, form, out);
  for (const auto& [identifier, rights] : entries) {
    out += ' ';
    WriteString(identifier, out);
    out += ' ';
    WriteString(rights.ForClients(), out);
  }
  out += "\r\n";
}

void WriteListRights(std::string_view mailbox, std::string_view identifier, mail::Rights always,
                     NameForm form, std::string& out) {
  out += "* LISTRIGHTS ";
  WriteMailbox(mailbox, form, out);
  out += ' ';
  WriteString(identifier, out);
  out += ' ';
  WriteString(always.ForClients(), out);
  std::string others = mail::Rights::All().Without(always).ForClients();
  for (char letter : others) {
    out += ' ';
    out += letter;
  }
  out += "\r\n";
}

void WriteMyRights(std::string_view mailbox, mail::Rights rights, NameForm form, std::string& out) {
  out += "* MYRIGHTS ";
  WriteMailbox(mailbox, form, out);
  out += ' ';
  WriteString(rights.ForClients(), out);
  out += "\r\n";
}

}  // namespace pennypost::imap
