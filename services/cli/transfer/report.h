#pragma once
// What import and export say: progress on stderr, one line for each failure, and counts at the end.

#include <absl/time/time.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "services/cli/context.h"

namespace pennypost::cli {

struct FolderCounts {
  std::string from;
  std::string to;
  uint64_t done = 0;
  uint64_t there = 0;
  uint64_t failed = 0;
};

class TransferReport {
 public:
  // `verb` is what is counted: "imported".
  TransferReport(Context& context, std::string verb) : context_(context), verb_(std::move(verb)) {}

  void BeginFolder(const std::string& from, const std::string& to);
  FolderCounts& folder() { return folders_.back(); }
  // Counts it and says why, at once. Memory stays bounded: the JSON of the end has the first 1,000.
  void Fail(const std::string& where, const absl::Status& status);
  // Something of note that is no failure.
  void Note(const std::string& words);
  // Shows where it is, at most once a second on a terminal and once in ten elsewhere.
  void Progress();
  // Ends early: nothing more was tried.
  void Stop(const absl::Status& status);
  bool stopped() const { return !stopped_.empty(); }
  // Prints the counts and sets the exit code.
  void Finish();

 private:
  void ClearLine();
  FolderCounts Sum() const;

  Context& context_;
  const std::string verb_;
  std::vector<FolderCounts> folders_;
  struct Failure {
    std::string where, error;
  };
  std::vector<Failure> failures_;
  std::string stopped_;
  absl::Time shown_ = absl::InfinitePast();
  bool line_is_open_ = false;
};

}  // namespace pennypost::cli
