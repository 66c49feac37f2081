// An immutable sequence whose concatenation costs O(1). The tree joins lists by reference, so that
// the last combine does not cost as much as all the others together.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace robomerge {

template <typename T>
class Rope {
 public:
  Rope() = default;
  explicit Rope(std::vector<T> items) {
    if (!items.empty()) {
      size_ = items.size();
      node_ = std::make_shared<const Node>(Node{std::move(items), nullptr, nullptr});
    }
  }

  size_t size() const { return size_; }

  /// All of `left`, then all of `right`.
  static Rope Concatenate(const Rope& left, const Rope& right) {
    if (left.node_ == nullptr) return right;
    if (right.node_ == nullptr) return left;
    Rope both;
    both.size_ = left.size_ + right.size_;
    both.node_ = std::make_shared<const Node>(Node{{}, left.node_, right.node_});
    return both;
  }

  /// The items in order; O(size).
  std::vector<T> Flatten() const {
    std::vector<T> items;
    items.reserve(size_);
    std::vector<const Node*> open;
    if (node_ != nullptr) open.push_back(node_.get());
    while (!open.empty()) {
      const Node* node = open.back();
      open.pop_back();
      if (node->left == nullptr) {
        items.insert(items.end(), node->items.begin(), node->items.end());
      } else {
        open.push_back(node->right.get());
        open.push_back(node->left.get());
      }
    }
    return items;
  }

 private:
  struct Node {
    std::vector<T> items;
    std::shared_ptr<const Node> left, right;
  };

  std::shared_ptr<const Node> node_;
  size_t size_ = 0;
};

}  // namespace robomerge
