// Runs independent items on an executor; an item may split itself into parts that run in parallel.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "robomerge/status.h"
#include "schedule/executor.h"
#include "schedule/observer.h"
#include "schedule/stop_token.h"

namespace robomerge::schedule {

class Spawner;

/// What an item, a part, or a continuation does. May be destroyed unrun, when it is cancelled.
using Body = std::function<Status(Spawner&)>;

/// One independent piece of work, or one part of such a piece.
struct Item {
  std::string name;      ///< "write data/chunk-000/file-003.parquet"
  std::string category;  ///< "write", "verify", ...
  uint64_t bytes =
      0;  ///< bytes it handles, those of its body's parts included; larger items begin first
  Body body;
  /// For parts: runs only when no item is left to begin and nothing else of a begun one. A worker
  /// then helps with a file that another one is at, instead of standing in its way from the start.
  bool is_spare = false;
};

/// How a running body splits its item: instead of waiting for parts, which a node never does, it
/// names them, returns, and a continuation runs after the last of them. A large file: the body
/// opens it, the parts write one range each, the continuation syncs and closes it. What they share,
/// they own together (std::shared_ptr): the body with its captures and locals may be gone when they
/// run.
class Spawner {
 public:
  /// Queues `parts` when the body that holds this returns ok, and `then` when all of them have
  /// succeeded. Parts and `then` may spawn in their turn; parts count as finished with their own
  /// continuations. If a part fails, `then` is destroyed unrun. At most once per body.
  void Spawn(std::vector<Item> parts, Body then = {});

  /// Says how many bytes the running body itself has handled, where Item::bytes could not know it
  /// before: parts that share out their work while they run.
  void SetHandled(uint64_t bytes) { handled_bytes_ = bytes; }

 private:
  friend class ParallelForRun;
  bool has_spawned_ = false;
  std::optional<uint64_t> handled_bytes_;
  std::vector<Item> parts_;
  Body then_;
};

struct ParallelForOptions {
  Observer* observer = nullptr;
  /// Id of the node that all items waited for, for the observer; 0 if there is none.
  uint64_t after = 0;
  StopToken stop;
};

/// Runs all items. Blocks until no node is left. Items run by falling `bytes`, equal ones in their
/// order; what belongs to an item that was begun runs with that item's rank, so large items are
/// finished, not only begun, first. Spare parts apart, no more items are under way at any time than
/// there are workers.
///
/// If items fail, the first failure in the order of items is returned, on every executor the same;
/// within an item, parts and continuation fail in their order too. What comes after the first
/// failure so far and has not begun is cancelled, what comes before still runs. kCancelled if a
/// stop kept a node from running. An exception becomes a Status.
Status ParallelFor(Executor& executor, std::vector<Item> items,
                   const ParallelForOptions& options = {});

}  // namespace robomerge::schedule
