#include "services/cli/transfer/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "services/cli/transfer/source.h"

namespace pennypost::cli {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// What Dovecot's zlib plugin writes: stored as it is it would be no mail.
std::string_view CompressionOf(std::string_view content) {
  using namespace std::string_view_literals;  // NOLINT: for the suffix
  if (content.starts_with("\x1f\x8b"sv)) return "gzip";
  if (content.starts_with("BZh"sv)) return "bzip2";
  if (content.starts_with("\x28\xb5\x2f\xfd"sv)) return "zstd";
  if (content.starts_with("\xfd\x37\x7a\x58\x5a"sv)) return "xz";
  if (content.starts_with("Dovecot-LZ4"sv)) return "lz4";
  return "";
}

absl::Status WriteAll(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("cannot write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FileError(std::string_view what, const std::filesystem::path& path) {
  std::string words =
      fmt::format("{} {}: {}", what, path.native(), std::generic_category().message(errno));
  return errno == ENOENT ? NotFoundError(words) : PolicyError(words);
}

absl::StatusOr<MailFile> ReadMailFile(const std::filesystem::path& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat state {};
  if (file.get() < 0 || fstat(file.get(), &state) != 0) return FileError("cannot read", path);
  if (!S_ISREG(state.st_mode)) return SyntaxError(path.native() + " is no regular file");
  if (static_cast<size_t>(state.st_size) > kMaxMail) {
    return SyntaxError(fmt::format("{} is {} MiB, over the limit of {}", path.native(),
                                   state.st_size >> 20, kMaxMail >> 20));
  }
  MailFile mail;
  mail.modified = absl::TimeFromTimespec(state.st_mtim);
  mail.content.resize(static_cast<size_t>(state.st_size));
  size_t at = 0;
  while (at < mail.content.size()) {
    ssize_t got = read(file.get(), mail.content.data() + at, mail.content.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("cannot read", path);
    if (got == 0) break;
    at += static_cast<size_t>(got);
  }
  mail.content.resize(at);
  std::string_view compression = CompressionOf(mail.content);
  if (!compression.empty()) {
    return SyntaxError(
        fmt::format("{} is compressed ({}): unpack the mail first, or import it "
                    "from its server by IMAP",
                    path.native(), compression));
  }
  return mail;
}

absl::Status WriteMailFile(const std::filesystem::path& temporary,
                           const std::filesystem::path& path, std::string_view content,
                           absl::Time modified) {
  {
    Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return FileError("cannot write", temporary);
    RETURN_IF_ERROR(WriteAll(file.get(), content, temporary));
    timespec times[2] = {absl::ToTimespec(modified), absl::ToTimespec(modified)};
    if (futimens(file.get(), times) != 0) return FileError("cannot set the time of", temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return FileError("cannot write", path);
  return absl::OkStatus();
}

absl::Status WriteFile(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path.native() + ".partial";
  {
    Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return FileError("cannot write", temporary);
    RETURN_IF_ERROR(WriteAll(file.get(), content, temporary));
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return FileError("cannot write", path);
  return absl::OkStatus();
}

}  // namespace pennypost::cli
