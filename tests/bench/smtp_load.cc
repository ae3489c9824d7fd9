// A load of SMTP or LMTP for both sides of a benchmark: a number of sessions, each a thread that
// keeps its connection and sends one message after the other, each step answered before the next.
//
// usage: smtp_load smtp|lmtp PORT SESSIONS MESSAGES BYTES|FOLDER RECIPIENTS DOMAIN
// Messages of one size, or the files of a folder (lines end with CRLF) in turn. Recipients are
// user0 to userN-1 of DOMAIN in turn. Prints "seconds=... p50_ms=... p99_ms=... failed=...".

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

class Session {
 public:
  Session(uint16_t port, bool lmtp) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    good_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
            Reply() == 220 && Ask(lmtp ? "LHLO load.example\r\n" : "EHLO load.example\r\n") == 250;
  }
  ~Session() { close(socket_); }

  bool Send(const std::string& recipient, const std::string& data) {
    good_ = good_ && Ask("MAIL FROM:<load@load.example>\r\n") == 250 &&
            Ask("RCPT TO:<" + recipient + ">\r\n") == 250 && Ask("DATA\r\n") == 354 &&
            Ask(data) == 250;
    return good_;
  }
  // The last line that the server said.
  const std::string& last() const { return last_; }

 private:
  int Ask(const std::string& text) {
    size_t at = 0;
    while (at < text.size()) {
      ssize_t n = write(socket_, text.data() + at, text.size() - at);
      if (n <= 0) return 0;
      at += static_cast<size_t>(n);
    }
    return Reply();
  }

  // The code of one whole reply, 0 at the end of the connection.
  int Reply() {
    for (;;) {
      size_t end;
      while ((end = input_.find('\n')) != std::string::npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        if (line.size() >= 4 && line[3] == '-') continue;
        last_ = std::move(line);
        return atoi(last_.c_str());
      }
      char buffer[4096];
      ssize_t n = read(socket_, buffer, sizeof buffer);
      if (n <= 0) return 0;
      input_.append(buffer, static_cast<size_t>(n));
    }
  }

  int socket_;
  bool good_ = false;
  std::string input_, last_;
};

std::string MakeMessage(size_t bytes) {
  std::string text =
      "From: load@load.example\r\nTo: you@example.test\r\nSubject: load\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain\r\n\r\n";
  while (text.size() + 80 < bytes) text += std::string(76, 'x') + "\r\n";
  return text + "\r\n.\r\n";
}

// RFC 5321 4.5.2: a dot before a dot, and the final one.
std::string Stuffed(const std::string& mail) {
  std::string text;
  for (size_t i = 0; i < mail.size(); ++i) {
    if (mail[i] == '.' && (i == 0 || mail[i - 1] == '\n')) text += '.';
    text += mail[i];
  }
  return text + ".\r\n";
}

std::vector<std::string> Messages(const char* what) {
  if (atoi(what) > 0) return {MakeMessage(static_cast<size_t>(atoi(what)))};
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(what)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> messages;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    messages.push_back(Stuffed({std::istreambuf_iterator<char>(file), {}}));
  }
  return messages;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    fprintf(stderr,
            "usage: smtp_load smtp|lmtp PORT SESSIONS MESSAGES BYTES|FOLDER RECIPIENTS DOMAIN\n");
    return 2;
  }
  bool lmtp = strcmp(argv[1], "lmtp") == 0;
  auto port = static_cast<uint16_t>(atoi(argv[2]));
  int sessions = atoi(argv[3]), messages = atoi(argv[4]), recipients = atoi(argv[6]);
  std::vector<std::string> bodies = Messages(argv[5]);
  std::string domain = argv[7];
  std::atomic<int> next{0}, failed{0};
  std::mutex mutex;
  std::vector<double> times;
  auto run = [&] {
    Session session(port, lmtp);
    std::vector<double> mine;
    for (int i; (i = next++) < messages;) {
      auto begin = Clock::now();
      std::string id = "Message-ID: <" + std::to_string(i) + "@load.example>\r\n";
      const std::string& body = bodies[static_cast<size_t>(i) % bodies.size()];
      if (!session.Send("user" + std::to_string(i % recipients) + "@" + domain, id + body)) {
        if (failed++ == 0) fprintf(stderr, "refused: %s\n", session.last().c_str());
        break;
      }
      mine.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    std::lock_guard lock(mutex);
    times.insert(times.end(), mine.begin(), mine.end());
  };
  auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < sessions; ++i) threads.emplace_back(run);
  for (std::thread& thread : threads) thread.join();
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(times.begin(), times.end());
  auto percentile = [&](double p) {
    return times.empty() ? 0.0
                         : times[static_cast<size_t>(p * static_cast<double>(times.size() - 1))];
  };
  printf("seconds=%.3f p50_ms=%.2f p99_ms=%.2f failed=%d\n", seconds, percentile(0.5),
         percentile(0.99), failed.load());
  return failed == 0 ? 0 : 1;
}
