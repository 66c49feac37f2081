// Whether the rows of episodes number and time their frames as they should: frame_index 0, 1, 2,
// ..., timestamp frame_index / fps (format spec 1.8). The footer's statistics decide where they
// can.
#pragma once

#include <map>
#include <vector>

#include "formats/parquet/footer.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::v30 {

class TimeScan {
 public:
  /// Rows of one episode that stand together in one row group.
  struct Part {
    size_t episode = 0;      ///< index into DataFile::episodes
    uint64_t first_row = 0;  ///< counted from the first row of the episode
    uint64_t num_rows = 0;
  };

  /// With `decodes`, both columns are decoded even where the statistics leave no doubt.
  TimeScan(const io::RandomAccessFile& file, const parquet::Footer& footer, FrameRate rate,
           bool decodes);
  /// The rows of a row group. `first_row` is counted from the first row of the file.
  Status Add(const parquet::RowGroup& row_group, uint64_t first_row,
             const std::vector<Part>& parts);
  /// Fills in EpisodeRows::odd.
  void Finish(std::vector<EpisodeRows>& episodes) const;

 private:
  struct Rows {
    std::vector<double> frames, seconds;
  };
  bool IsRightByStatistics(const parquet::RowGroup& row_group,
                           const std::vector<Part>& parts) const;

  const io::RandomAccessFile& file_;
  const parquet::Footer& footer_;
  const FrameRate rate_;
  const bool decodes_;
  std::optional<size_t> frame_leaf_, time_leaf_;
  std::map<size_t, Rows> decoded_;  // of episodes with rows that had to be decoded: all rows
};

}  // namespace robomerge::v30
