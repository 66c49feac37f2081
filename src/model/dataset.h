// One source as it was read: its metadata and the indexes of its payload files, no payload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/mp4/frame_cut.h"
#include "formats/mp4/stream.h"
#include "formats/parquet/column_change.h"
#include "model/feature.h"
#include "model/file_id.h"
#include "model/statistics.h"
#include "robomerge/status.h"

namespace robomerge {

/// How the rows of an episode number and time its frames, where frame_index is not 0, 1, 2, ... or
/// timestamp is not frame_index / fps.
struct OddRows {
  uint64_t num_rows = 0;                    ///< rows whose number or time is not that of the row
  int64_t least_frame = 0, most_frame = 0;  ///< of frame_index
  bool is_numbered = false;        ///< frame_index: consecutive numbers, each once, in any order
  bool is_ordered = false;         ///< and ascending
  bool is_timed_by_frame = false;  ///< each timestamp is that of its row's frame_index
  bool is_even = false;            ///< timestamps: first_seconds + row / fps
  double first_seconds = 0;
  /// Rows whose timestamp is neither that of the row nor that of its frame_index; the first of
  /// them, the frame it should show, and its timestamp (NaN: null, or no number).
  uint64_t num_mistimed = 0;
  uint64_t mistimed_row = 0;
  double mistimed_frame = 0, mistimed_seconds = 0;

  /// The picture that row 0 shows, counted from the first one of the episode.
  int64_t first_picture() const { return is_timed_by_frame && is_numbered ? least_frame : 0; }
};

/// Rows of an episode in another data file than the one it begins in.
struct RowsElsewhere {
  uint32_t data_file = 0;  ///< index into Dataset::data_files
  uint64_t first_row = 0;  ///< within the file
  uint64_t num_rows = 0;
};

/// The end of a line of DataFile::physical_schema whose column is made by a rule: it takes the form
/// that other sources give it.
inline constexpr std::string_view kMadeColumn = " optional null";

/// How many frames have each number: (number, frames), ascending by number.
using NumberFrames = std::vector<std::pair<int64_t, uint64_t>>;

/// A column besides task_index whose numbers stand for texts: of the subtasks, or of the tasks, as
/// GR00T has them (docs/carried-files.md).
struct TextColumn {
  std::string name;
  bool is_of_subtasks = false;
  bool operator==(const TextColumn&) const = default;
};

/// A row without a number in a TextColumn counts as one with this, which no table has.
inline constexpr int64_t kNoText = -1;

/// The rows of one episode within one data file, as the file itself says.
struct EpisodeRows {
  int64_t episode_index = 0;  ///< the source's own number
  uint64_t first_row = 0;     ///< within the file
  uint64_t num_rows = 0;
  bool is_row_group = false;        ///< they are exactly one row group, which can be spliced
  uint64_t uncompressed_bytes = 0;  ///< of that row group; else a share by rows
  NumberFrames task_frames;         ///< of task_index
  std::vector<NumberFrames> text_frames = {};  ///< of each of Dataset::text_columns
  std::shared_ptr<const OddRows> odd;          ///< null if the rows are as they should be
  /// frame_index and timestamp are to be written anew: 0, 1, 2, ... and row / fps (Retime).
  bool is_retimed = false;
  /// Frames that a rule leaves out before the first row (`trim`): times are counted from here on.
  uint64_t first_frame = 0;
  /// Where the episode goes on, if it does not lie in one data file; its bytes and tasks are
  /// counted above. Not part of a stored partial: a writer reads its sources again.
  std::vector<RowsElsewhere> more;

  uint64_t total_rows() const {
    uint64_t total = num_rows;
    for (const RowsElsewhere& part : more) total += part.num_rows;
    return total;
  }
};

/// The name of the column that a line of DataFile::physical_schema begins with, which may hold
/// blanks; its form follows after one blank.
std::string_view ColumnOfForm(std::string_view line);

struct DataFile {
  FileId id;
  std::string path;  ///< can be opened as it is
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;             ///< see SourceFile
  uint64_t uncompressed_bytes = 0;    ///< LeRobot's size measure (format spec 3.3)
  std::vector<EpisodeRows> episodes;  ///< in file order
  // Not part of a stored partial:
  uint64_t num_rows = 0;  ///< of the file, whether an episode has them or not
  /// `index` of the first row, if the footer's statistics say that it counts up from there.
  std::optional<int64_t> first_index;
  /// The leaf columns with their types. Row groups of files with equal texts can be spliced into
  /// one file.
  std::string physical_schema;
  /// Whether the key-value metadata `huggingface` is there, which names the columns of images
  /// (W-13).
  bool has_huggingface_features = false;
  /// Whether cells of pictures name files beside it instead of holding bytes (not part of a stored
  /// partial).
  bool has_picture_files = false;
};

struct VideoFile {
  FileId id;
  std::string path;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;  ///< see SourceFile
  uint64_t size_bytes = 0;
  mp4::StreamSummary stream;  ///< of the file, or of its cut as if that were a file
  /// The part that is kept of the file; null: all of it. Not part of a stored partial: a writer
  /// makes it again.
  std::shared_ptr<const mp4::FrameCut> cut;
  /// The cut can only be the first part of a destination file.
  bool must_begin_file = false;
  bool is_cut = false;
  /// Nothing is known of its frames. Only where this is asked for
  /// (ReadOptions::keeps_broken_videos).
  bool is_broken = false;
};

/// Where an episode's frames lie for one video key, as the episodes table says. Times are seconds.
struct VideoSegment {
  uint32_t video_file = 0;  ///< index into VideoKey::files
  double from_timestamp = 0;
  double to_timestamp = 0;
};

struct VideoKey {
  std::string name;
  std::vector<VideoFile> files;        ///< ascending by id
  std::vector<VideoSegment> segments;  ///< one per episode
};

/// One row of the episodes table.
struct Episode {
  uint64_t length_frames = 0;
  std::vector<std::string> tasks;
  int64_t dataset_from_index = 0;  ///< the source's own number of its first frame
  uint32_t data_file = 0;          ///< index into Dataset::data_files
  uint32_t episodes_file = 0;      ///< index into Dataset::episodes_files: where the row stands
  int64_t row = 0;                 ///< its row there
  uint64_t number = 0;             ///< the source's own episode_index
};

struct EpisodesFile {
  std::string path;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;  ///< see SourceFile
  uint64_t uncompressed_bytes = 0;
  /// Whether it is a table; up to v2.1 it is lines of JSON.
  bool is_table() const { return !path.ends_with(".jsonl"); }
};

/// A small file that is read whole.
struct MetadataFile {
  std::string path;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
};

/// A small file that is not of the format.
struct OtherFile {
  std::string path;  ///< relative to the dataset's root
  uint64_t size_bytes = 0;
  uint64_t fingerprint = 0;  ///< of its bytes
  std::string left_out;      ///< why it cannot go along; empty if it can
};

/// meta/modality.json, in which GR00T says what columns mean.
struct Modality {
  std::string text;         ///< under the rules
  bool is_changed = false;  ///< by the rules: `text` is not that of the file
};

struct Dataset {
  std::string root;
  std::string version = "v3.0";              ///< of the format, as it was read
  std::vector<MetadataFile> metadata_files;  ///< info.json, tasks and statistics, if they are there
  Schema schema;
  std::vector<std::string> tasks;  ///< by task_index
  /// By task_index: whether some episode has it. Empty: all tasks are part of the dataset, with
  /// episodes or without.
  std::vector<bool> is_task_used;
  std::vector<std::string> subtasks;     ///< by subtask_index
  std::vector<bool> is_subtask_used;     ///< as is_task_used
  std::vector<TextColumn> text_columns;  ///< those of which metadata say so
  std::vector<OtherFile> other_files;    ///< by path; modality.json only if it is no JSON
  std::optional<Modality> modality;
  std::vector<Episode> episodes;  ///< by episode_index
  std::vector<EpisodesFile> episodes_files;
  /// Columns of the episodes table that the format does not know.
  std::vector<std::string> carried_columns;
  /// The rows of all blocks together: one per episode, by episode_index.
  std::vector<EpisodeStatisticsBlock> episode_statistics;
  /// stats.json; nothing if there is none.
  std::optional<std::vector<FeatureStatistics>> statistics;
  /// Entries of a stats.json of v2.1 that do not count, since the lines of the episodes do.
  /// Trainers read them.
  std::vector<FeatureStatistics> unused_statistics;
  std::vector<DataFile> data_files;  ///< ascending by id
  std::vector<VideoKey> video_keys;  ///< in the order of the features
  /// What becomes of the columns of all data files by the rules of an adaptation; null: nothing.
  std::shared_ptr<const parquet::ColumnChanges> column_changes;
  std::vector<Problem> warnings;

  bool IsTaskUsed(size_t task) const { return is_task_used.empty() || is_task_used[task]; }
  bool IsSubtaskUsed(size_t subtask) const {
    return is_subtask_used.empty() || is_subtask_used[subtask];
  }
  uint64_t num_frames() const;
  /// Bytes of all data and video files.
  uint64_t payload_bytes() const;
};

/// The statistics of one episode: the numbers of all columns of the layout, one after another.
struct StatisticsRow {
  const StatColumns* layout = nullptr;  ///< null: there are none
  const double* values = nullptr;
};
StatisticsRow StatisticsOfEpisode(const Dataset& dataset, uint64_t episode);

/// What becomes of the times in LeRobot's column `language_persistent`, which count from the start
/// of the episode; nothing if there is none, or they stay.
std::optional<parquet::TimeShift> ShiftOf(const Dataset& dataset, const EpisodeRows& rows);

}  // namespace robomerge
