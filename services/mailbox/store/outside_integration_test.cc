// Contents in an S3 bucket (tests/lab/s3_server.py), with all the trouble that a network has.

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "services/mailbox/store/blob_contract.h"
#include "services/mailbox/store/deleted_contract.h"
#include "services/mailbox/store/memory_blob_store.h"
#include "services/mailbox/store/pg_store.h"
#include "services/mailbox/store/pg_test_database.h"
#include "services/mailbox/store/s3_blob_store.h"
#include "services/mailbox/store/store_contract.h"

namespace pennypost::mailbox {
namespace {

class S3Server {
 public:
  S3Server() {
    int out[2];
    EXPECT_EQ(pipe(out), 0);
    child_ = fork();
    if (child_ == 0) {
      dup2(out[1], 1);
      close(out[0]);
      execl("/usr/bin/python3", "python3", PP_SOURCE_DIR "/tests/lab/s3_server.py", nullptr);
      _exit(127);
    }
    close(out[1]);
    FILE* lines = fdopen(out[0], "r");
    EXPECT_EQ(fscanf(lines, "ready %d", &port_), 1);
    fclose(lines);
  }
  ~S3Server() { Stop(); }

  void Stop() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }

  s3::Options Options() const {
    s3::Options options;
    options.endpoint = fmt::format("http://127.0.0.1:{}", port_);
    options.bucket = "mail";
    options.region = "test-region";
    options.credentials = {"test-key", "test-secret"};
    options.timeout = absl::Seconds(10);
    options.first_pause = absl::Milliseconds(5);
    options.part_size = 1 << 20;
    return options;
  }
  void Trouble(const std::string& method, const std::string& kind, int count) const {
    Control("_trouble", fmt::format(R"(-d '{{"method": "{}", "kind": "{}", "count": {}}}')", method,
                                    kind, count));
  }
  std::string Control(const std::string& what, const std::string& more = "") const {
    std::string command = fmt::format("curl -s {} http://127.0.0.1:{}/{}", more, port_, what);
    FILE* out = popen(command.c_str(), "r");
    std::string text(65536, '\0');
    text.resize(fread(text.data(), 1, text.size(), out));
    EXPECT_EQ(pclose(out), 0) << command;
    return text;
  }

 private:
  pid_t child_ = 0;
  int port_ = 0;
};

std::string Content(size_t size) {
  std::string content = "Subject: large\r\n\r\n";
  while (content.size() < size) content += "line " + std::to_string(content.size()) + "\r\n";
  return content;
}

TEST(MailboxBlobStore, ContractInMemory) {
  MemoryBlobStore blobs;
  BlobContract(blobs).Run();
}

TEST(MailboxBlobStore, ContractOnS3) {
  S3Server server;
  S3BlobStore blobs(server.Options(), "some/prefix/");
  BlobContract(blobs).Run();
  EXPECT_EQ(server.Control("_keys"), R"({"objects": {}, "uploads": 0})");
}

TEST(MailboxBlobStore, WhatMayPassIsTriedAgain) {
  S3Server server;
  S3BlobStore blobs(server.Options(), "p/");
  std::string large = Content(3 << 20);
  for (const char* kind : {"500", "503", "cut"}) {
    for (const char* method : {"PUT", "GET", "POST", "DELETE"}) {
      server.Trouble(method, kind, 2);
      EXPECT_TRUE(blobs.Put("large", large).ok()) << kind << " " << method;
      EXPECT_TRUE(blobs.Get("large").value_or("failed") == large) << kind << " " << method;
      EXPECT_EQ(blobs.GetRange("large", 2'000'000, 5).value_or("failed"),
                large.substr(2'000'000, 5));
      EXPECT_TRUE(blobs.Delete("large").ok()) << kind << " " << method;
      server.Trouble(method, kind, 0);
    }
  }
}

TEST(MailboxBlobStore, WhatDoesNotPassEndsInTime) {
  S3Server server;
  s3::Options options = server.Options();
  options.timeout = absl::Seconds(1);
  S3BlobStore blobs(options, "p/");
  std::string large = Content(3 << 20);
  for (const char* kind : {"503", "cut", "slow"}) {
    server.Trouble("PUT", kind, 1'000'000);
    absl::Time begin = absl::Now();
    EXPECT_EQ(blobs.Put("small", "x").code(), absl::StatusCode::kUnavailable) << kind;
    EXPECT_EQ(blobs.Put("large", large).code(), absl::StatusCode::kUnavailable) << kind;
    EXPECT_LT(absl::Now() - begin, absl::Seconds(5)) << kind;
    server.Trouble("PUT", kind, 0);
  }
  EXPECT_EQ(server.Control("_keys"), R"({"objects": {}, "uploads": 0})")
      << "an upload that failed is taken back";
  server.Stop();
  EXPECT_EQ(blobs.Get("x").status().code(), absl::StatusCode::kUnavailable) << "never NotFound";
}

TEST(MailboxBlobStore, WrongKeysAreOurTroubleNotTheSenders) {
  S3Server server;
  s3::Options options = server.Options();
  options.credentials.secret_key = "wrong";
  S3BlobStore wrong_key(options, "p/");
  EXPECT_EQ(wrong_key.Put("x", "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(wrong_key.Get("x").status().code(), absl::StatusCode::kUnavailable);
  options = server.Options();
  options.bucket = "other";
  S3BlobStore wrong_bucket(options, "p/");
  EXPECT_EQ(wrong_bucket.Put("x", "x").code(), absl::StatusCode::kUnavailable);
}

// Before the fixture, which wants a store.
struct StoreWithBucket {
  StoreWithBucket() {
    static int databases = 0;
    s3::Options options = server.Options();
    options.timeout = absl::Seconds(2);
    pg = std::make_unique<PgStore>(NewTestDatabase(fmt::format("s3_{}", ++databases)), 4, 4,
                                   std::make_unique<S3BlobStore>(options, "p/"), 100'000);
  }
  S3Server server;
  std::unique_ptr<PgStore> pg;
};

class OutsideStoreTest : public testing::Test, protected StoreWithBucket, protected StoreFixture {
 protected:
  OutsideStoreTest() : StoreFixture(*pg) {}

  std::unique_ptr<Delivery> MakeLarge(int64_t account) {
    auto delivery = Make({account});
    delivery->email = PrepareEmail(large_, delivery->mail_id);
    return delivery;
  }

  const std::string large_ = Content(3 << 20);
};

TEST_F(OutsideStoreTest, LargeContentsGoOutAndComeBack) {
  uint32_t small = Store1(Make({kAlice})).uid, large = Store1(MakeLarge(kAlice)).uid;
  EXPECT_EQ(store_.Fetch(kAlice, 1, {small}, {false, false, true})->at(0).content, kMessage);
  auto fetched = store_.Fetch(kAlice, 1, {large}, {true, true, true});
  ASSERT_TRUE(fetched.ok()) << Describe(fetched.status());
  EXPECT_TRUE(fetched->at(0).content == large_);
  EXPECT_EQ(fetched->at(0).header, "Subject: large\r\n\r\n");
  std::string together;
  v1::ReadContentRequest range;
  range.set_account_id(kAlice);
  range.set_mailbox_id(1);
  range.set_uid(large);
  range.set_length(1 << 20);
  v1::ReadContentResponse part;
  do {
    range.set_offset(together.size());
    part.Clear();
    ASSERT_TRUE(store_.ReadContent(range, &part).ok());
    together += part.data();
  } while (together.size() < part.total_size() && !part.data().empty());
  EXPECT_TRUE(together == large_);
  // Without the bucket the header and the structure are there all the same.
  server.Stop();
  EXPECT_TRUE(store_.Fetch(kAlice, 1, {large}, {true, true, false}).ok());
  EXPECT_EQ(store_.Fetch(kAlice, 1, {large}, {false, false, true}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(OutsideStoreTest, WithoutTheBucketLargeMailWaitsAndSmallMailFlows) {
  server.Trouble("PUT", "503", 1'000'000);
  auto large = MakeLarge(kAlice);
  EXPECT_EQ(store_.PutOutside(large.get()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_.StoreTogether({large.get()}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Store1(Make({kAlice})).uid, 1u);
  server.Trouble("PUT", "503", 0);
  EXPECT_EQ(Store1(std::move(large)).uid, 2u) << "the same mail, tried again";
}

TEST_F(OutsideStoreTest, K14_ABadByteOutsideIsFound) {
  uint32_t uid = Store1(MakeLarge(kAlice)).uid;
  server.Trouble("GET", "flip", 1'000'000);
  EXPECT_EQ(ReasonOf(store_.Fetch(kAlice, 1, {uid}, {false, false, true}).status()),
            Reason::kCorrupt);
  auto step = store_.Scrub({uint64_t{1} << 40, 64 << 20, absl::Hours(1)});
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->corrupt.size(), 1u);
}

// M9 of ROBUSTNESS: without the grace time the collector takes what is on its way.
TEST_F(OutsideStoreTest, M9_OnlyTheGraceTimeKeepsWhatIsOnItsWay) {
  auto kept = MakeLarge(kAlice), lost = MakeLarge(kAlice);
  ASSERT_TRUE(store_.PutOutside(kept.get()).ok());
  EXPECT_EQ(store_.CollectOutside(absl::Hours(1), "").value().removed, 0u);
  uint32_t uid = Store1(std::move(kept)).uid;
  EXPECT_TRUE(store_.Fetch(kAlice, 1, {uid}, {false, false, true}).ok());
  ASSERT_TRUE(store_.PutOutside(lost.get()).ok());
  EXPECT_EQ(store_.CollectOutside(-absl::Hours(1), "").value().removed, 1u);
  uid = Store1(std::move(lost)).uid;
  EXPECT_EQ(ReasonOf(store_.Fetch(kAlice, 1, {uid}, {false, false, true}).status()),
            Reason::kCorrupt)
      << "this test can see the mutant";
}

TEST_F(OutsideStoreTest, ARepeatLeavesAnObjectThatIsCollected) {
  auto first = MakeLarge(kAlice), again = MakeLarge(kAlice), other = MakeLarge(kBob);
  again->mail_id = other->mail_id = first->mail_id;
  Store1(std::move(first));
  Store1(std::move(again));
  Store1(std::move(other));  // the same content for somebody else, late
  EXPECT_EQ(store_.CollectOutside(-absl::Hours(1), "").value().removed, 2u);
  EXPECT_TRUE(store_.Fetch(kAlice, 1, {1}, {false, false, true})->at(0).content == large_);
  EXPECT_TRUE(store_.Fetch(kBob, 1, {1}, {false, false, true})->at(0).content == large_);
  ASSERT_TRUE(store_.DeleteAccount(kAlice).ok());
  EXPECT_EQ(store_.CollectContents(absl::ZeroDuration(), 100).value(), 1u);
  EXPECT_TRUE(store_.Fetch(kBob, 1, {1}, {false, false, true})->at(0).content == large_);
  ASSERT_TRUE(store_.DeleteAccount(kBob).ok());
  EXPECT_EQ(store_.CollectContents(absl::ZeroDuration(), 100).value(), 1u);
  EXPECT_EQ(server.Control("_keys"), R"({"objects": {}, "uploads": 0})");
}

}  // namespace
}  // namespace pennypost::mailbox
