#pragma once
// One FETCH at work: loads messages in batches and writes their responses as it goes.
//
// Small messages come whole, many a call; of a large one only the asked ranges are read, a piece at
// a time, so that memory does not grow with the mail. What FLAGS, UID, dates and sizes need is in
// the view already.

#include <span>
#include <string>
#include <vector>

#include "imap/section.h"
#include "mime/structure.h"
#include "services/access/imap/context.h"

namespace pennypost::access {

class FetchRun {
 public:
  FetchRun(ImapContext& context, const imap::Fetch& fetch);

  // Writes the responses of all messages; what is not yet with the client stays in TakeOutput().
  net::Awaitable<absl::Status> Run(const std::vector<size_t>& indexes);
  std::string TakeOutput() { return std::move(out_); }
  // Messages that the store no longer has.
  bool some_gone() const { return some_gone_; }

 private:
  // What is known of the message being written.
  struct Loaded {
    uint32_t uid = 0;
    uint64_t size = 0;
    mime::Structure structure;
    std::string header;
    std::string content;
    bool whole = false;  // `content` is there
    std::string email_id;
    std::string thread_id;
    int64_t save_date = 0;
  };

  net::Awaitable<void> MarkSeen(const std::vector<size_t>& indexes);
  size_t BatchSize(std::span<const size_t> indexes) const;
  bool IsLarge(size_t index) const;
  bool IsSaid(const imap::FetchItem& item) const;
  net::Awaitable<absl::Status> RunBatch(std::span<const size_t> indexes);
  absl::Status CheckEncodings(const Loaded& loaded) const;
  net::Awaitable<absl::Status> WriteMessage(size_t index, Loaded& loaded);
  void WriteFromView(size_t index);
  bool WriteAtOnce(const imap::FetchItem& item, const imap::MessageState& state,
                   const Loaded& loaded);
  net::Awaitable<absl::Status> WriteContent(const imap::FetchItem& item, Loaded& loaded);
  net::Awaitable<absl::Status> WriteBytes(const imap::FetchItem& item, Loaded& loaded);
  net::Awaitable<absl::Status> WritePreview(Loaded& loaded);
  net::Awaitable<absl::Status> WriteBinary(const imap::FetchItem& item, Loaded& loaded);
  net::Awaitable<absl::Status> StreamRange(uint32_t uid, imap::ByteRange range);
  net::Awaitable<absl::StatusOr<std::string>> ReadRange(const Loaded& loaded,
                                                        imap::ByteRange range);
  net::Awaitable<absl::Status> Flush();

  ImapContext& context_;
  const imap::Fetch& fetch_;
  std::string out_;
  std::vector<bool> seen_set_;  // by index of the view: \Seen was set by this command
  bool only_uid_ = true;        // no other item was asked for
  bool want_record_ = false;
  bool want_structure_ = false;
  bool want_header_ = false;
  bool want_content_ = false;
  bool some_gone_ = false;
  bool flushed_ = false;  // a part of the message that is being written went out
};

}  // namespace pennypost::access
