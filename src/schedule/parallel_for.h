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

/// An independent item, or one part of an item.
struct Item {
  std::string name;      ///< "write data/chunk-000/file-003.parquet"
  std::string category;  ///< "write", "verify", ...
  uint64_t bytes =
      0;  ///< bytes it handles, those of its body's parts included; larger items begin first
  Body body;
  /// For items: begins before all that are not such, whatever their size. For what others wait for.
  bool is_first = false;
  /// For parts: runs only when no item is left to begin and no other part of a begun item is
  /// queued. A worker then helps with a file that another one is writing, instead of getting in its
  /// way from the start.
  bool is_spare = false;
};

/// How a running body splits its item: instead of waiting for parts, which a node never does, it
/// names them, returns, and a continuation runs after the last of them. For a large file, the body
/// makes it, and the parts copy its ranges. What they share, they must own together
/// (std::shared_ptr): the body with its captures and locals may be gone when they run.
class Spawner {
 public:
  /// Queues `parts` when the body that holds this returns ok, and `then` when all of them have
  /// succeeded. Parts and `then` may spawn too; a part counts as finished when its own continuation
  /// is. If a part fails, `then` is destroyed unrun. At most once per body.
  void Spawn(std::vector<Item> parts, Body then = {});

  /// Queues `then` as Spawn() does, after the parts that the body has spawned, if it has any. For a
  /// body that does not know what it calls. At most once per body, and not after a Spawn() with
  /// a continuation.
  void Then(Body then);
  bool has_spawned() const { return has_spawned_; }

  /// Says how many bytes the running body itself has handled, where Item::bytes could not say it
  /// before, as for parts that divide their work while they run.
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

/// Runs all items. Blocks until no node is left. Items run in order of decreasing `bytes`, those
/// that are `is_first` before the others, equal ones in their order. Parts and continuation of a
/// begun item run with that item's rank, so large items are also finished first. Apart from spare
/// parts, no more items are under way at any time than there are workers.
///
/// If items fail, the first failure in the order of items is returned, the same on every executor;
/// within an item, the order of its parts and continuation decides. Nodes after the first failure
/// so far that have not begun are cancelled; nodes before it still run. kCancelled if a stop kept a
/// node from running. An exception becomes a Status.
Status ParallelFor(Executor& executor, std::vector<Item> items,
                   const ParallelForOptions& options = {});

}  // namespace robomerge::schedule
