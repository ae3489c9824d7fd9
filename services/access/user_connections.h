#pragma once
// How many connections a user has open from one address (ROBUSTNESS 5, Limits).

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace pennypost::access {

// Thread-safe; outlives its places.
class UserConnections {
 public:
  explicit UserConnections(uint32_t limit) : limit_(limit) {}
  UserConnections(const UserConnections&) = delete;
  UserConnections& operator=(const UserConnections&) = delete;

  // Given back when it goes.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Place() {
      if (owner_ != nullptr) owner_->Leave(key_);
    }
    explicit operator bool() const { return owner_ != nullptr; }

   private:
    friend class UserConnections;
    Place(UserConnections* owner, std::pair<int64_t, std::string> key)
        : owner_(owner), key_(std::move(key)) {}
    UserConnections* owner_ = nullptr;
    std::pair<int64_t, std::string> key_;
  };

  // False where the user has all he may have. `address` is what limits count by.
  Place Enter(int64_t account_id, std::string address) {
    std::pair<int64_t, std::string> key{account_id, std::move(address)};
    std::lock_guard lock(mutex_);
    uint32_t& count = open_[key];
    if (count >= limit_) return {};
    ++count;
    return Place(this, std::move(key));
  }

 private:
  void Leave(const std::pair<int64_t, std::string>& key) {
    std::lock_guard lock(mutex_);
    auto found = open_.find(key);
    if (--found->second == 0) open_.erase(found);
  }

  const uint32_t limit_;
  std::mutex mutex_;
  std::map<std::pair<int64_t, std::string>, uint32_t> open_;
};

}  // namespace pennypost::access
