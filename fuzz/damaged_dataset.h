// A small dataset that a fuzzer's bytes damage: its metadata, its bookkeeping columns and the order
// of its rows. The bytes choose damages and values, so that nearly all inputs are files that parse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "testing/memory_file_system.h"

namespace robomerge::fuzz {

/// What the bytes choose, one after another. When they have ended, every choice is the first one.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}

  bool has_ended() const { return bytes_.empty(); }
  /// A number below `count`, which is at most 256.
  size_t Below(size_t count);
  bool Yes() { return Below(2) == 1; }
  /// A number as it may stand in metadata: small, a time of a frame, huge, NaN, ...
  double Number();

 private:
  std::string_view bytes_;
};

struct SmallDataset {
  bool has_video = false;
  uint8_t seed = 0;  ///< tells its rows and frames from those of another
};

/// Puts three episodes of three frames at `root`, and does the damages that `choices` say.
void PutDamagedDataset(Choices& choices, const SmallDataset& dataset, const std::string& root,
                       io::MemoryFileSystem& files);

}  // namespace robomerge::fuzz
