#pragma once
// The store's side of the search index: signatures (libs/search) of the text of each email, one row
// for each block of it. They are made after the commit of the message, by any process; a message
// without them is still found, because MayHold names it. See docs/adr/0010.

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "search/signature.h"

namespace pennypost::mailbox {

// The turn to index an account, with what waits there.
struct IndexTurn {
  struct Email {
    Uuid email_id;
    uint64_t size = 0;
  };
  int64_t turn = 0;
  uint64_t upto = 0;  // with these emails all messages up to this MODSEQ are indexed
  bool more = false;  // behind it
  std::vector<Email> emails;
};

struct EmailContent {
  Uuid email_id;
  // Nothing where it does not fit its checksum.
  std::optional<std::string> content;
};

struct EmailSignatures {
  Uuid email_id;
  std::vector<std::string> signatures;  // one at least
};

// A page of the accounts.
struct UnindexedStep {
  struct Account {
    int64_t account_id = 0;
    uint64_t messages = 0;  // that wait, up to kMostCounted
  };
  static constexpr int64_t kMostCounted = 10'000;
  std::vector<Account> accounts;  // with something to index
  int64_t last = 0;               // the last one looked at
  bool at_end = false;
};

class SearchIndex {
 public:
  virtual ~SearchIndex() = default;

  // UIDs of the mailbox's messages that may hold words of these grams, among them all messages not
  // indexed yet: of any other message it is certain that it does not. `messages` says about how
  // many the mailbox has.
  virtual absl::StatusOr<std::vector<uint32_t>> MayHold(int64_t account_id, int64_t mailbox_id,
                                                        size_t messages,
                                                        const std::vector<search::Gram>& grams) = 0;

  // Takes the turn for some minutes, with at most `limit` emails; nothing while another has it.
  virtual absl::StatusOr<std::optional<IndexTurn>> StartIndexing(int64_t account_id,
                                                                 size_t limit) = 0;
  // Those that are gone are left out.
  virtual absl::StatusOr<std::vector<EmailContent>> LoadEmails(int64_t account_id,
                                                               const std::vector<Uuid>& emails) = 0;
  // Those that are gone are left out.
  virtual absl::Status PutSignatures(int64_t account_id,
                                     const std::vector<EmailSignatures>& emails) = 0;
  // Gives the turn back. All emails of it were put; without them (`done` false) the same ones wait.
  virtual absl::Status FinishIndexing(int64_t account_id, const IndexTurn& turn, bool done) = 0;

  // Accounts after that one that have messages to index.
  virtual absl::StatusOr<UnindexedStep> FindUnindexed(int64_t after, size_t limit) = 0;
  // All messages of the account are to be indexed anew.
  virtual absl::Status ForgetSignatures(int64_t account_id) = 0;
};

}  // namespace pennypost::mailbox
