#include "services/cli/transfer/report.h"

#include <absl/time/clock.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace pennypost::cli {
namespace {

constexpr size_t kMaxFailures = 1000;  // in the JSON

}  // namespace

void TransferReport::BeginFolder(const std::string& from, const std::string& to) {
  folders_.push_back({from, to, 0, 0, 0});
}

void TransferReport::ClearLine() {
  if (line_is_open_) fprintf(stderr, "\n");
  line_is_open_ = false;
}

void TransferReport::Fail(const std::string& where, const absl::Status& status) {
  ++folder().failed;
  ClearLine();
  std::string words = MessageOf(status);
  // Errors of files name the file themselves.
  bool named = words.find(where) != std::string::npos;
  context_.Fail(named ? words : fmt::format("{}: {}", where, words));
  if (failures_.size() < kMaxFailures) failures_.push_back({where, words});
}

void TransferReport::Note(const std::string& words) {
  ClearLine();
  fprintf(stderr, "pennypost: %s\n", words.c_str());
}

void TransferReport::Progress() {
  bool terminal = isatty(STDERR_FILENO) == 1;
  absl::Time now = absl::Now();
  if (shown_ == absl::InfinitePast()) shown_ = now;  // what is done at once needs no progress
  if (now - shown_ < (terminal ? absl::Seconds(1) : absl::Seconds(10))) return;
  shown_ = now;
  FolderCounts sum = Sum();
  std::string line = fmt::format("{}: {} {}, {} already there, {} failed", folder().to, sum.done,
                                 verb_, sum.there, sum.failed);
  fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", line.c_str());
  fflush(stderr);
  line_is_open_ = terminal;
}

void TransferReport::Stop(const absl::Status& status) {
  ClearLine();
  stopped_ = MessageOf(status);
  context_.Fail("stopped: " + stopped_ + "; run the same command again to go on from here");
}

FolderCounts TransferReport::Sum() const {
  FolderCounts sum;
  for (const FolderCounts& counts : folders_) {
    sum.done += counts.done;
    sum.there += counts.there;
    sum.failed += counts.failed;
  }
  return sum;
}

void TransferReport::Finish() {
  ClearLine();
  FolderCounts sum = Sum();
  if (context_.json()) {
    nlohmann::json folders = nlohmann::json::array(), failures = nlohmann::json::array();
    for (const FolderCounts& f : folders_) {
      folders.push_back({{"from", f.from},
                         {"to", f.to},
                         {verb_, f.done},
                         {"already_there", f.there},
                         {"failed", f.failed}});
    }
    for (const Failure& f : failures_) failures.push_back({{"where", f.where}, {"error", f.error}});
    nlohmann::json all = {{verb_, sum.done},
                          {"already_there", sum.there},
                          {"failed", sum.failed},
                          {"folders", std::move(folders)},
                          {"errors", std::move(failures)},
                          {"stopped", stopped_}};
    printf("%s\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  std::vector<Row> rows;
  for (const FolderCounts& f : folders_) {
    rows.push_back(
        {f.from, f.to, std::to_string(f.done), std::to_string(f.there), std::to_string(f.failed)});
  }
  std::string head = verb_;
  for (char& c : head) c = static_cast<char>(toupper(c));
  PrintTable({"FROM", "TO", head, "ALREADY THERE", "FAILED"}, rows);
  printf("%lu %s, %lu already there, %lu failed\n", sum.done, verb_.c_str(), sum.there, sum.failed);
}

}  // namespace pennypost::cli
