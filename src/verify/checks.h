// The checks, each in a file of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/parquet/footer.h"
#include "io/file_system.h"
#include "verify/episode_statistics.h"
#include "verify/findings.h"
#include "verify/moments.h"

namespace robomerge::verify_internal {

// -- Metadata alone.

/// Numbering, references, tasks, and where rows and frames are claimed to be (I-2 to I-6, I-8 to
/// I-10).
Status CheckStructure(const io::FileSystem& file_system, const Case& all, FindingList& findings);
/// Files that no part of the dataset names (I-9).
Status CheckStrayFiles(const io::FileSystem& file_system, const Dataset& dataset,
                       FindingList& findings);

// -- Rows.

/// Columns that are read as numbers: those of bookkeeping, and without sources every numeric
/// feature.
std::vector<std::string> NumericColumns(const Case& all);

/// Consecutive episodes of one data file.
struct RowsPart {
  uint32_t data_file = 0;
  size_t first = 0;  ///< of DataFile::episodes
  size_t count = 0;
};

struct RowsResult {
  explicit RowsResult(uint64_t most_findings) : findings(most_findings) {}
  FindingList findings;
  uint64_t num_rows = 0;
  std::vector<ElementMoments> moments;  ///< per column of NumericColumns()
};

/// The columns of bookkeeping in every row (I-1, I-4, I-6); without sources also timestamps and
/// statistics, with sources every other column against the source's.
Status CheckRows(const io::FileSystem& file_system, const Case& all,
                 const std::vector<std::string>& columns, const RowsPart& part,
                 const io::RandomAccessFile& file, const parquet::Footer& footer,
                 RowsResult& result);

// -- Videos.

struct FramesResult {
  explicit FramesResult(uint64_t most_findings) : findings(most_findings) {}
  FindingList findings;
  uint64_t num_frames = 0;
};

/// The frames of one video file at their times (I-7), and with sources their coded bytes and what a
/// decoder must know.
Status CheckFrames(const io::FileSystem& file_system, const Case& all, size_t key,
                   uint32_t video_file, FramesResult& result);

// -- Statistics and what else a merge keeps.

/// meta/stats.json, from `moments` of all rows and from the episodes' statistics.
void CheckStatistics(const Case& all, const std::vector<std::string>& columns,
                     const std::vector<ElementMoments>& moments, FindingList& findings);
/// One episode's statistics against its rows.
void CheckEpisodeStatistics(const Case& all, const EpisodeStatistics& statistics, uint64_t episode,
                            const std::vector<std::string>& columns,
                            const std::vector<ElementMoments>& moments, FindingList& findings);

/// Fills Case::origins and says where counts differ.
void PairEpisodes(Case& all, FindingList& findings);
/// Schema, tasks, and each episode's row but its numbers against the sources.
Status CheckAgainstSources(const io::FileSystem& file_system, const Case& all,
                           FindingList& findings);

}  // namespace robomerge::verify_internal
