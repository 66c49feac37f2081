// The parts of Describe, each in a file of its own. They add to `source`, `warnings` and
// `problems`.
#pragma once

#include <vector>

#include "describe/describe.h"
#include "model/partial.h"

namespace robomerge::describe_internal {

/// Finds every episode's rows in the file that the episodes table names (I-4, I-5, W-19).
void PlaceRows(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& problems);

/// Finds every episode's frames in the videos, and corrects timestamps that are off (I-5, I-7).
void PlaceFrames(const Dataset& dataset, DescribedSource& source, std::vector<Problem>& warnings,
                 std::vector<Problem>& problems);

/// Where the rows of an episode have their frames in a stream, by its sample table.
struct FoundFrames {
  struct Place {
    uint64_t row = 0;
    double due_seconds = 0, nearest_seconds = 0;
  };
  /// Rows without a frame of their own within half a frame's time.
  uint64_t num_missing = 0;
  Place first_missing;
  /// Rows whose frame lies farther from its time than LeRobot tolerates.
  uint64_t num_late = 0;
  Place first_late;
};
/// Row 0 shows picture `first_picture`, counted from the one at `from_timestamp`. REQUIRES:
/// stream.has_times.
FoundFrames FindFrames(const mp4::StreamSummary& stream, double from_timestamp,
                       int64_t first_picture, uint64_t length, const FrameRate& rate);

/// Decides what becomes of rows whose frame_index or timestamp is odd (EpisodeRows::odd).
void CheckTimes(const Dataset& dataset, std::vector<Problem>& warnings,
                std::vector<Problem>& problems);

/// Warns if the rows of the episodes table are not in the order of their episodes (I-2).
void CheckOrder(const Dataset& dataset, std::vector<Problem>& warnings);
/// Leaves out the frames of videos that no episode shows, and moves the places of the others. The
/// dataset with the cuts.
Result<std::shared_ptr<const Dataset>> CutVideos(const Dataset& dataset, const CutVideo& cut,
                                                 DescribedSource& source,
                                                 std::vector<Problem>& warnings);

/// Gives every episode a video file, or a part of one, for each camera (DescribedSource::is_split).
/// kUnsupported names every video that cannot be cut where it must be.
Result<std::shared_ptr<const Dataset>> SplitVideos(const Dataset& dataset, const CutVideo& split,
                                                   DescribedSource& source,
                                                   std::vector<Problem>& warnings);
/// Finds the rows in a copy of the dataset: their places point into it.
void PlaceRowsAgain(const Dataset& dataset, DescribedSource& source);

/// Checks that task numbers and texts belong to the task table (I-6).
void CheckTasks(const Dataset& dataset, std::vector<Problem>& problems);
/// Checks that the numbers of subtasks belong to their table.
void CheckSubtasks(const Dataset& dataset, std::vector<Problem>& problems);

}  // namespace robomerge::describe_internal
