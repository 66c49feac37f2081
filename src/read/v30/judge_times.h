// What the frame numbers and times of an episode's rows are, against what they should be: 0, 1, 2,
// ... and frame_index / fps (format spec 1.8).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::v30 {

/// Of one episode's rows in order; one value per row, at least one, NaN where there is none.
/// Null if all are as they should be.
std::shared_ptr<const OddRows> JudgeTimes(const std::vector<double>& frames,
                                          const std::vector<double>& seconds,
                                          const FrameRate& rate);

/// Judges an episode whose rows lie in several places, by decoding them.
class TimeJudge {
 public:
  TimeJudge(const io::FileSystem& file_system, const FrameRate& rate)
      : file_system_(file_system), rate_(rate) {}
  /// The next rows of the episode: of the data file at `path`, from its row `first_row` on.
  Status Add(const std::string& path, uint64_t first_row, uint64_t num_rows);
  /// Null too if the columns hold no single numbers: other checks refuse such.
  std::shared_ptr<const OddRows> Judge() const;

 private:
  const io::FileSystem& file_system_;
  const FrameRate rate_;
  std::vector<double> frames_, seconds_;
};

}  // namespace robomerge::v30
