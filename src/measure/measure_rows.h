// The rows of one data file -> its summary, and the statistics of its episodes where the stated
// ones are not of their rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "measure/summary.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::measure {

/// A feature of numbers, which has a column of its name.
struct FeatureToMeasure {
  std::string name;
  uint32_t width = 1;      ///< elements of its last dimension
  uint64_t row_width = 1;  ///< all elements
  /// The quantiles that its measured statistics of episodes are to have.
  std::vector<std::string> quantiles;
};

/// The measurable features of a schema, bookkeeping columns left out. `stat_columns`: statistics of
/// episodes, whose quantiles are to be there besides the usual ones.
std::vector<FeatureToMeasure> FeaturesToMeasure(const Schema& schema,
                                                const StatColumns& stat_columns);

/// What one of so many workers may hold of rows that wait to be sorted: together 48 MB, but each 1
/// MB.
inline uint64_t BufferBytesOf(int num_workers) {
  return std::max((uint64_t{48} << 20) / static_cast<uint64_t>(std::max(num_workers, 1)),
                  uint64_t{1} << 20);
}

/// Consecutive rows of the file that are all of one episode.
struct EpisodeToMeasure {
  uint64_t episode = 0;
  uint64_t first_row = 0;
  uint64_t num_rows = 0;
  StatisticsRow stated;
};

struct RowsToMeasure {
  const io::RandomAccessFile* file = nullptr;
  std::vector<FeatureToMeasure> features;
  std::vector<EpisodeToMeasure> episodes;  ///< in file order
  /// Whether the statistics of episodes are held against the rows.
  bool checks_episodes = true;
  /// Whether rows that cannot be decoded are an error (E-data-file).
  bool refuses_damage = false;
  /// Values that wait to be sorted, and those of an episode, take about this much memory each.
  uint64_t buffer_bytes = uint64_t{16} << 20;
};

/// Writes the summary of the rows to `out`, which the caller closes. `summary` has its plan and its
/// unit. What cannot be decoded, or has rows of different widths, is not measured, and `summary`
/// says why. Fails only if the system refuses, and for RowsToMeasure::refuses_damage.
Status MeasureRows(const RowsToMeasure& rows, io::OutputFile& out, Summary& summary);

}  // namespace robomerge::measure
