#include "config/config.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pennypost::config {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest()
      : dir_(std::filesystem::temp_directory_path() / ("pp-config-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(dir_);
  }
  ~ConfigTest() override { std::filesystem::remove_all(dir_); }

  std::string File(const std::string& name, const std::string& content) {
    std::string path = dir_ / name;
    std::ofstream(path) << content;
    return path;
  }
  std::string ProblemsOf(const std::string& content) {
    auto config = Load({.files = {File("a.yaml", content)}, .environment = {}, .settings = {}});
    return config.ok() ? "" : MessageOf(config.status());
  }

  std::filesystem::path dir_;
};

TEST_F(ConfigTest, DefaultsFilesEnvironmentAndSettingsInThatOrder) {
  std::string first =
      File("1.yaml",
           "ingress: {max_errors: 5, smtp: '127.0.0.1:2525'}\ndirectory: {domains: [a.test]}\n");
  std::string second =
      File("2.yaml", "ingress: {max_errors: 6}\ndirectory: {domains: [b.test, c.test]}\n");
  auto config = Load({.files = {first, second},
                      .environment = {{"PENNYPOST_INGRESS_MAX_HOPS", "9"},
                                      {"PENNYPOST_COMMON_RPC__CA_FILE", "/ca"}},
                      .settings = {"ingress.max_hops=10", "ingress.proxy_networks=[10.0.0.0/8]"}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->ingress().smtp(), "127.0.0.1:2525");
  EXPECT_EQ(config->ingress().max_errors(), 6u);
  EXPECT_EQ(config->ingress().max_hops(), 10u);
  EXPECT_EQ(config->ingress().max_recipients(), 1000u);
  EXPECT_EQ(config->common().rpc().ca_file(), "/ca");
  EXPECT_EQ(config->ingress().proxy_networks_size(), 1);
  ASSERT_EQ(config->directory().domains_size(), 2);
  EXPECT_EQ(config->directory().domains(0), "b.test");
}

TEST_F(ConfigTest, EachProblemIsOneLineWithItsPlace) {
  std::string problems =
      ProblemsOf("ingress:\n  max_errors: many\n  max_erors: 3\nunknown: 1\nrelay: [1]\n");
  EXPECT_NE(
      problems.find("a.yaml:2: ingress.max_errors: 'many' is not a number from 0 to 4294967295"),
      std::string::npos)
      << problems;
  EXPECT_NE(problems.find("a.yaml:3: unknown key ingress.max_erors"), std::string::npos);
  EXPECT_NE(problems.find("a.yaml:4: unknown key unknown"), std::string::npos);
  EXPECT_NE(problems.find("a.yaml:5: relay must be a map of keys"), std::string::npos);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 3);
}

TEST_F(ConfigTest, BrokenYamlAndMissingFiles) {
  EXPECT_NE(ProblemsOf("a: [1\n").find("a.yaml:"), std::string::npos);
  auto missing = Load({.files = {"/nonexistent/x.yaml"}, .environment = {}, .settings = {}});
  EXPECT_EQ(MessageOf(missing.status()), "/nonexistent/x.yaml: cannot read the file");
}

TEST_F(ConfigTest, SecretsComeFromFilesAndAreNeverPrinted) {
  std::string secret = File("dsn", "host=/run dbname=x password=hunter2\n");
  auto config = Load({.files = {File("a.yaml", "common: {postgres: {dsn_file: " + secret + "}}\n")},
                      .environment = {},
                      .settings = {}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->common().postgres().dsn(), "host=/run dbname=x password=hunter2");
  EXPECT_EQ(PrintRedacted(*config).find("hunter2"), std::string::npos);
}

// One variable of the environment while it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

absl::StatusOr<CommandLine> Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "program");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return ParseCommandLine(static_cast<int>(words.size()), arguments.data());
}

TEST(CommandLineTest, FilesComeFromTheEnvironmentUnlessGiven) {
  Variable files("PENNYPOST_CONFIG", "/a.yaml:/b.yaml:");
  auto line = Parse({});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->sources.files, (std::vector<std::string>{"/a.yaml", "/b.yaml"}));
  for (const auto& [name, value] : line->sources.environment) EXPECT_NE(name, "PENNYPOST_CONFIG");
  line = Parse({"--config", "/c.yaml"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->sources.files, std::vector<std::string>{"/c.yaml"});
}

TEST(CommandLineTest, WhatIsAskedFor) {
  auto line = Parse({"healthcheck", "--set", "common.hostname=x"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->health_check);
  EXPECT_FALSE(line->check_only);
  EXPECT_EQ(line->sources.settings, std::vector<std::string>{"common.hostname=x"});
  EXPECT_FALSE(Parse({"--check-config"})->health_check);
  EXPECT_TRUE(Parse({"after-restore"})->after_restore);
  EXPECT_FALSE(Parse({"healthcheck"})->after_restore);
  EXPECT_EQ(MessageOf(Parse({"helthcheck"}).status()), "unknown option helthcheck; see --help");
}

}  // namespace
}  // namespace pennypost::config
