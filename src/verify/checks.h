// The checks, each in a file of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/parquet/footer.h"
#include "io/file_system.h"
#include "verify/episode_statistics.h"
#include "verify/findings.h"
#include "verify/moments.h"
#include "verify/profile.h"
#include "verify/read_hashes.h"

namespace robomerge::verify_internal {

// -- Metadata alone.

/// Checks numbering, references, tasks, and where rows and frames are said to be (I-2 to I-6,
/// I-8).
Status CheckStructure(const io::FileSystem& file_system, const Case& all, FindingList& findings);
/// Finds files that no part of the dataset names (I-9).
Status CheckStrayFiles(const io::FileSystem& file_system, const Dataset& dataset,
                       FindingList& findings);

// -- The bytes of files, as the record states them (docs/formats/record.md, "Hashes").

struct CheckedHash {
  bool is_hashed = false;          ///< the file was there, and was read
  std::optional<Finding> finding;  ///< it is not as it was written
};
/// Fails if the system refuses to read the file.
Result<CheckedHash> CheckHash(const io::FileSystem& file_system, const std::string& root,
                              const RecordedHash& hash);
/// Finds files of the dataset of which a record with hashes has none.
void CheckAllHaveHashes(const Dataset& dataset, const RecordedHashes& hashes,
                        FindingList& findings);

// -- Rows.

/// The columns that are read as numbers: `frame_index` and the bookkeeping columns, and without
/// sources every numeric feature.
std::vector<std::string> NumericColumns(const Case& all);

/// Consecutive episodes of one data file.
struct RowsPart {
  uint32_t data_file = 0;
  size_t first = 0;  ///< index into DataFile::episodes
  size_t count = 0;
};

/// Per column. Statistics may be of all numbers, as numpy's: then one NaN makes them NaN. Or they
/// are of the finite numbers alone, as measured ones (docs/statistics.md).
struct RowMoments {
  std::vector<ElementMoments> all, finite;
};

struct RowsResult {
  explicit RowsResult(uint64_t most_findings) : findings(most_findings) {}
  FindingList findings;
  uint64_t num_rows = 0;
  bool is_complete = true;                ///< false if some rows could not be decoded
  RowMoments moments;                     ///< per column of NumericColumns()
  std::vector<ElementProfiles> profiles;  ///< the same, with Case::is_profiled
};

/// Checks the bookkeeping columns in every row (I-1, I-4, I-6). Without sources also checks
/// timestamps and statistics; with sources compares every other column with the source's.
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

/// Checks the times of the frames of one video file (I-7), and with sources their coded bytes and
/// the decoder configuration.
Status CheckFrames(const io::FileSystem& file_system, const Case& all, size_t key,
                   uint32_t video_file, FramesResult& result);

// -- Statistics, and what else a merge keeps.

/// Compares meta/stats.json with the `moments` of all rows, and with the statistics of the episodes
/// or of the sources.
Status CheckStatistics(const io::FileSystem& file_system, const Case& all,
                       const std::vector<std::string>& columns, const RowMoments& moments,
                       FindingList& findings);
/// Compares one episode's statistics with its rows.
void CheckEpisodeStatistics(const Case& all, const EpisodeStatistics& statistics, uint64_t episode,
                            const std::vector<std::string>& columns, const RowMoments& moments,
                            FindingList& findings);

/// Fills Case::origins and Case::is_paired, and reports counts that differ.
void PairEpisodes(Case& all, FindingList& findings);
/// Compares schema, tasks, and each episode's row except its numbers with the sources.
Status CheckAgainstSources(const io::FileSystem& file_system, const Case& all,
                           FindingList& findings);

}  // namespace robomerge::verify_internal
