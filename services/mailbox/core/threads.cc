#include "services/mailbox/core/threads.h"

#include <algorithm>
#include <unordered_map>

namespace pennypost::mailbox {
namespace {

constexpr size_t kNone = SIZE_MAX;

// How old a message is: by its date, then by its place in the mailbox (RFC 5256 2.2).
using Age = std::pair<absl::Time, uint32_t>;

class Forest {
 public:
  explicit Forest(const std::vector<ThreadMessage>& messages) : messages_(messages) {
    LinkAll();
    GatherChildren();
    PruneDummies();
    SortSiblings(roots_);
    MergeSubjects();
    for (Node& node : nodes_) SortSiblings(node.children);
    SortSiblings(roots_);
  }

  std::vector<ThreadNode> Preorder() const {
    std::vector<ThreadNode> out;
    std::vector<std::pair<size_t, uint32_t>> due;
    for (auto root = roots_.rbegin(); root != roots_.rend(); ++root) due.emplace_back(*root, 0);
    while (!due.empty()) {
      auto [at, depth] = due.back();
      due.pop_back();
      out.push_back({IsDummy(at) ? 0 : messages_[nodes_[at].message].uid, depth});
      const std::vector<size_t>& children = nodes_[at].children;
      for (auto child = children.rbegin(); child != children.rend(); ++child)
        due.emplace_back(*child, depth + 1);
    }
    return out;
  }

 private:
  struct Node {
    size_t message = kNone;  // kNone: a dummy
    size_t parent = kNone;
    bool answered = false;  // somebody's parent, now or before
    std::vector<size_t> children;
  };

  bool IsDummy(size_t at) const { return nodes_[at].message == kNone; }

  size_t NodeOf(const std::string& id) {
    auto [at, added] = by_id_.try_emplace(id, nodes_.size());
    if (added) nodes_.emplace_back();
    return at->second;
  }

  // Step 1. Children are gathered afterwards, so that a link is one assignment.
  void LinkAll() {
    for (size_t i = 0; i < messages_.size(); ++i) {
      const ThreadMessage& message = messages_[i];
      size_t at = message.id.empty() ? kNone : NodeOf(message.id);
      if (at == kNone || !IsDummy(at)) {  // no id, or one that an older message has
        at = nodes_.size();
        nodes_.emplace_back();
      }
      nodes_[at].message = i;
      size_t above = kNone;
      for (const std::string& reference : message.references) {
        size_t next = NodeOf(reference);
        if (above != kNone && nodes_[next].parent == kNone) Link(above, next);
        above = next;
      }
      nodes_[at].parent = kNone;
      if (above != kNone) Link(above, at);
    }
  }

  void Link(size_t parent, size_t child) {
    if (parent == child) return;
    // Only what has answers can stand above its own parent.
    for (size_t at = nodes_[child].answered ? parent : kNone; at != kNone; at = nodes_[at].parent) {
      if (at == child || steps_++ > kMostSteps) return;
    }
    nodes_[child].parent = parent;
    nodes_[parent].answered = true;
  }

  // Step 2.
  void GatherChildren() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      std::vector<size_t>& siblings =
          nodes_[i].parent == kNone ? roots_ : nodes_[nodes_[i].parent].children;
      siblings.push_back(i);
    }
  }

  // Step 3: from the leaves up, so that what a dummy hands on is pruned already.
  void PruneDummies() {
    std::vector<size_t> order = roots_;
    for (size_t i = 0; i < order.size(); ++i) {
      for (size_t child : nodes_[order[i]].children) order.push_back(child);
    }
    for (auto at = order.rbegin(); at != order.rend(); ++at)
      nodes_[*at].children = Spliced(nodes_[*at].children, SIZE_MAX);
    // A dummy with several children holds them together at the top.
    roots_ = Spliced(roots_, 1);
  }

  // Without the dummies that have at most `most` children, which take their place.
  std::vector<size_t> Spliced(const std::vector<size_t>& siblings, size_t most) {
    std::vector<size_t> out;
    for (size_t at : siblings) {
      if (!IsDummy(at) || nodes_[at].children.size() > most) {
        out.push_back(at);
      } else if (out.empty()) {
        out = std::move(nodes_[at].children);
      } else {
        out.insert(out.end(), nodes_[at].children.begin(), nodes_[at].children.end());
      }
    }
    return out;
  }

  Age AgeOf(size_t at) const {
    if (!IsDummy(at))
      return {messages_[nodes_[at].message].sent, messages_[nodes_[at].message].uid};
    Age oldest{absl::InfiniteFuture(), UINT32_MAX};
    for (size_t child : nodes_[at].children) oldest = std::min(oldest, AgeOfMessage(child));
    return oldest;
  }
  Age AgeOfMessage(size_t at) const {
    const ThreadMessage& message = messages_[nodes_[at].message];
    return {message.sent, message.uid};
  }

  // Steps 4 and 6.
  void SortSiblings(std::vector<size_t>& siblings) const {
    if (siblings.size() < 2) return;
    std::vector<std::pair<Age, size_t>> aged;
    for (size_t at : siblings) aged.emplace_back(AgeOf(at), at);
    std::sort(aged.begin(), aged.end());
    for (size_t i = 0; i < aged.size(); ++i) siblings[i] = aged[i].second;
  }

  // Of a dummy: what its oldest child says.
  const ThreadMessage& Speaker(size_t at) const {
    if (!IsDummy(at)) return messages_[nodes_[at].message];
    size_t first =
        *std::min_element(nodes_[at].children.begin(), nodes_[at].children.end(),
                          [this](size_t a, size_t b) { return AgeOfMessage(a) < AgeOfMessage(b); });
    return messages_[nodes_[first].message];
  }
  bool IsReply(size_t at) const { return !IsDummy(at) && messages_[nodes_[at].message].reply; }

  // Step 5.
  void MergeSubjects() {
    std::unordered_map<std::string, size_t> table;
    std::vector<std::string> subjects;
    for (size_t at : roots_) {
      const std::string& subject = subjects.emplace_back(Speaker(at).base_subject);
      if (subject.empty()) continue;
      auto [known, added] = table.try_emplace(subject, at);
      if (added || IsDummy(known->second)) continue;
      if (IsDummy(at) || (IsReply(known->second) && !IsReply(at))) known->second = at;
    }
    std::vector<size_t> merged;
    std::vector<bool> replaced(nodes_.size() + roots_.size(), false);
    for (size_t i = 0; i < roots_.size(); ++i) {
      size_t at = roots_[i];
      if (replaced[at]) continue;  // below a new dummy already
      auto known = subjects[i].empty() ? table.end() : table.find(subjects[i]);
      if (known == table.end() || known->second == at) {
        merged.push_back(at);
        continue;
      }
      size_t head = known->second;
      if (IsDummy(head) && IsDummy(at)) {
        std::vector<size_t> more = std::move(nodes_[at].children);
        nodes_[head].children.insert(nodes_[head].children.end(), more.begin(), more.end());
      } else if (IsDummy(head) || (IsReply(at) && !IsReply(head))) {
        nodes_[head].children.push_back(at);
      } else {
        size_t dummy = nodes_.size();
        nodes_.emplace_back();
        nodes_[dummy].children = {head, at};
        replaced[head] = true;
        known->second = dummy;
        merged.push_back(dummy);
      }
    }
    std::erase_if(merged, [&](size_t at) { return replaced[at]; });
    roots_ = std::move(merged);
  }

  static constexpr uint64_t kMostSteps = 20'000'000;

  const std::vector<ThreadMessage>& messages_;
  std::vector<Node> nodes_;
  std::vector<size_t> roots_;
  std::unordered_map<std::string, size_t> by_id_;
  uint64_t steps_ = 0;
};

}  // namespace

std::vector<ThreadNode> ThreadByReferences(const std::vector<ThreadMessage>& messages) {
  return Forest(messages).Preorder();
}

std::vector<ThreadNode> ThreadBySubject(const std::vector<ThreadMessage>& messages) {
  std::unordered_map<std::string, std::vector<const ThreadMessage*>> by_subject;
  for (const ThreadMessage& message : messages)
    by_subject[message.base_subject].push_back(&message);
  auto older = [](const ThreadMessage* a, const ThreadMessage* b) {
    return Age(a->sent, a->uid) < Age(b->sent, b->uid);
  };
  std::vector<std::vector<const ThreadMessage*>> threads;
  for (auto& [subject, thread] : by_subject) {
    std::sort(thread.begin(), thread.end(), older);
    threads.push_back(std::move(thread));
  }
  std::sort(threads.begin(), threads.end(),
            [&](const auto& a, const auto& b) { return older(a[0], b[0]); });
  std::vector<ThreadNode> out;
  for (const auto& thread : threads) {
    for (const ThreadMessage* message : thread)
      out.push_back({message->uid, message == thread[0] ? 0u : 1u});
  }
  return out;
}

}  // namespace pennypost::mailbox
