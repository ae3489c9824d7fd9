#pragma once
// The mailboxes of a user of another server, read over IMAP. A message is its server, user,
// mailbox, UIDVALIDITY and UID; what the store has already is not transferred. Nothing is changed
// there.

#include <memory>
#include <string>
#include <vector>

#include "services/cli/transfer/imap_client.h"
#include "services/cli/transfer/source.h"

namespace pennypost::cli {

class ImapSource : public Source {
 public:
  ImapSource(const ImapServer& server, std::unique_ptr<ImapClient> client)
      : server_(server), client_(std::move(client)) {}

  std::string Identity() const override;
  absl::StatusOr<std::vector<SourceFolder>> Folders() override;
  absl::Status Open(const SourceFolder& folder) override;
  absl::StatusOr<std::vector<SourceMail>> Next() override;
  absl::Status Load(const std::vector<SourceMail*>& mails) override;

 private:
  absl::Status List(const std::string& reference, std::vector<SourceFolder>* folders);
  absl::StatusOr<std::string> PersonalPrefix();
  absl::Status ListSubscribed(std::vector<SourceFolder>* folders);
  absl::Status ReadMail(const imap::ServerResponse& response, std::vector<SourceMail>* mails) const;
  // Counts what another client removes meanwhile.
  void NoteExpunge(const imap::ServerResponse& response);

  const ImapServer server_;
  std::unique_ptr<ImapClient> client_;
  std::string prefix_;  // of the personal namespace
  std::string open_;
  uint64_t uid_validity_ = 0;
  uint64_t messages_ = 0;  // in the open mailbox
  uint64_t next_ = 1;      // sequence number
};

}  // namespace pennypost::cli
