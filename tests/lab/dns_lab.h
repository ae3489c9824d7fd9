#pragma once
// tests/lab/dns_lab.py from C++: a real name server for the life of this object.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace pennypost::testing {

class DnsLab {
 public:
  // Zone name to the text of its file, without SOA and NS.
  using Zones = std::map<std::string, std::string>;

  DnsLab(const Zones& signed_zones, const Zones& plain_zones) {
    std::string pattern = (std::filesystem::temp_directory_path() / "pp-dns-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Write("signed", signed_zones);
    Write("plain", plain_zones);
    Spawn();
  }
  ~DnsLab() {
    if (control_ != nullptr) fclose(control_);
    if (output_ != nullptr) fclose(output_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  DnsLab(const DnsLab&) = delete;
  DnsLab& operator=(const DnsLab&) = delete;

  int port() const { return port_; }
  std::string upstream() const { return "127.0.0.1@" + std::to_string(port_); }
  const std::string& anchor() const { return anchor_; }

 private:
  void Write(const std::string& kind, const Zones& zones) {
    std::filesystem::create_directories(folder_ / kind);
    for (const auto& [name, text] : zones) {
      std::ofstream file(folder_ / kind / (name + ".zone"));
      file << "$ORIGIN " << name << ".\n$TTL 300\n@ SOA ns." << name << ". root." << name
           << ". 1 3600 600 86400 60\n@ NS ns." << name << ".\nns A 127.0.0.1\n"
           << text;
    }
  }

  void Spawn() {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return;
    child_ = fork();
    if (child_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      execlp("python3", "python3", PP_SOURCE_DIR "/tests/lab/dns_lab.py", folder_.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    control_ = fdopen(in[1], "w");
    output_ = fdopen(out[0], "r");
    char anchor[512] = {};
    if (fscanf(output_, "PORT %d\nANCHOR %511s", &port_, anchor) == 2) anchor_ = anchor;
  }

  std::filesystem::path folder_;
  pid_t child_ = -1;
  FILE* control_ = nullptr;
  FILE* output_ = nullptr;
  int port_ = 0;
  std::string anchor_;
};

}  // namespace pennypost::testing
