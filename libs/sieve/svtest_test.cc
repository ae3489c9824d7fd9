// Runs testdata/*.svtest.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "sieve/testsuite.h"

namespace pennypost::sieve {
namespace {

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(SvTest, AllFilesPass) {
  const std::string folder = PP_SOURCE_DIR "/libs/sieve/testdata";
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".svtest") continue;
    ++files;
    TestReport report = RunTestFile(
        *ReadFile(entry.path().string()),
        [&folder](std::string_view name) { return ReadFile(folder + "/" + std::string(name)); });
    EXPECT_GT(report.passed, 0u) << entry.path();
    for (const TestFailure& failure : report.failed) {
      ADD_FAILURE() << entry.path().filename() << ": " << failure.test << ": " << failure.reason;
    }
  }
  EXPECT_GT(files, 0u);
}

TEST(SvTest, ReportsWhatFails) {
  TestReport report = RunTestFile(
      "require \"vnd.dovecot.testsuite\";\n"
      "test \"good\" { if false { test_fail \"no\"; } }\n"
      "test \"bad\" { if true {\n test_fail \"yes\"; } }\n"
      "test \"broken\" { test_message 7; }\n",
      [](std::string_view) { return std::nullopt; });
  EXPECT_EQ(report.passed, 1u);
  ASSERT_EQ(report.failed.size(), 2u);
  EXPECT_EQ(report.failed[0].test, "bad");
  EXPECT_EQ(report.failed[0].reason, "line 4: yes");
  EXPECT_EQ(report.failed[1].reason, "line 5, column 17: test_message: there is no such message");
}

TEST(SvTest, DialectIsForTestFilesAlone) {
  EXPECT_FALSE(Compile("require \"vnd.dovecot.testsuite\";").ok());
}

}  // namespace
}  // namespace pennypost::sieve
