#pragma once
// What every BlobStore does, run on an empty one.

#include <gtest/gtest.h>

#include <set>

#include "services/mailbox/store/blob_store.h"

namespace pennypost::mailbox {

class BlobContract {
 public:
  explicit BlobContract(BlobStore& blobs) : blobs_(blobs) {}

  void Run() {
    KeepsWhatItWasGiven();
    ReadsRanges();
    DeletesOnceAndAgain();
    ListsInOrder();
  }

 private:
  // Every byte, so that nothing on the way may take it for text; larger than a part of an upload.
  static std::string Large() {
    std::string content;
    while (content.size() < (3 << 20) + 7) content += static_cast<char>(content.size() * 7 % 251);
    return content;
  }

  void KeepsWhatItWasGiven() {
    ASSERT_TRUE(blobs_.Put("a/1", "one").ok());
    ASSERT_TRUE(blobs_.Put("a/large +%&=?", Large()).ok()) << "any name";
    EXPECT_EQ(blobs_.Get("a/1").value_or("failed"), "one");
    EXPECT_TRUE(blobs_.Get("a/large +%&=?").value_or("failed") == Large());
    EXPECT_EQ(blobs_.Get("a/none").status().code(), absl::StatusCode::kNotFound);
    ASSERT_TRUE(blobs_.Put("a/1", "two").ok());
    EXPECT_EQ(blobs_.Get("a/1").value_or("failed"), "two");
  }

  void ReadsRanges() {
    std::string large = Large();
    EXPECT_EQ(blobs_.GetRange("a/large +%&=?", 0, 10).value_or("failed"), large.substr(0, 10));
    EXPECT_EQ(blobs_.GetRange("a/large +%&=?", 2'000'000, 70'000).value_or("failed"),
              large.substr(2'000'000, 70'000));
    EXPECT_EQ(blobs_.GetRange("a/large +%&=?", large.size() - 3, 10).value_or("failed"),
              large.substr(large.size() - 3));
    EXPECT_EQ(blobs_.GetRange("a/none", 0, 1).status().code(), absl::StatusCode::kNotFound);
  }

  void DeletesOnceAndAgain() {
    EXPECT_TRUE(blobs_.Delete("a/1").ok());
    EXPECT_TRUE(blobs_.Delete("a/1").ok());
    EXPECT_EQ(blobs_.Get("a/1").status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(blobs_.Delete("a/large +%&=?").ok());
  }

  void ListsInOrder() {
    std::set<std::string> put, listed;
    for (int i = 0; i < 25; ++i) {
      put.insert("list/" + std::to_string(i));
      ASSERT_TRUE(blobs_.Put("list/" + std::to_string(i), "x").ok());
    }
    std::string after, previous;
    do {
      auto page = blobs_.List(after, 10);
      ASSERT_TRUE(page.ok()) << Describe(page.status());
      EXPECT_LE(page->objects.size(), 10u);
      for (const auto& object : page->objects) {
        EXPECT_GT(object.name, previous);
        previous = object.name;
        listed.insert(object.name);
        EXPECT_LT(object.age, absl::Minutes(1));
        EXPECT_GE(object.age, -absl::Seconds(2));
      }
      after = page->last;
    } while (!after.empty());
    EXPECT_EQ(listed, put);
    for (const std::string& name : put) EXPECT_TRUE(blobs_.Delete(name).ok());
  }

  BlobStore& blobs_;
};

}  // namespace pennypost::mailbox
