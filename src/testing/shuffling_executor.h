// For tests: an executor that runs ready nodes in a random order, given by a seed.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "base/check.h"
#include "schedule/executor.h"

namespace robomerge::schedule {

/// Pops any ready node with equal probability: every order that a pool of unlimited size could
/// finish in, replayable. Used by one thread.
class ShufflingExecutor final : public Executor {
 public:
  ShufflingExecutor(uint32_t seed, int num_workers) : random_(seed), num_workers_(num_workers) {}

  int num_workers() const override { return num_workers_; }
  void Submit(Node node) override { ready_.push_back(std::move(node)); }

  void RunUntilFinished(Outstanding& work) override {
    while (!work.finished()) {
      ROBOMERGE_CHECK(!ready_.empty());
      std::swap(ready_[random_() % ready_.size()], ready_.back());
      const Node node = std::move(ready_.back());
      ready_.pop_back();
      node.body(static_cast<int>(random_() % static_cast<uint32_t>(num_workers_)));
    }
  }

 private:
  std::mt19937
      random_;  // its sequence is fixed by the standard; distributions are not, hence the modulus
  const int num_workers_;
  std::vector<Node> ready_;
};

}  // namespace robomerge::schedule
