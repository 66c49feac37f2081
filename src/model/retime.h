// Retimes a dataset: frames of every episode numbered from 0, timestamp = frame_index / fps.
#pragma once

#include <string>
#include <vector>

#include "model/dataset.h"
#include "model/distribution.h"
#include "robomerge/status.h"

namespace robomerge {

/// Marks the episodes whose rows are odd (EpisodeRows::odd) to be written anew, moves their
/// from_timestamp so that every row keeps the picture that LeRobot shows for it, and sets the
/// statistics of frame_index and timestamp right. If LeRobot finds no picture for some of these
/// rows, row k of each episode gets its picture k. Adds a warning with the number of rows
/// (W-retimed).
///
/// kCorrupt (E-retime) if the rows of an episode show its pictures in another order. REQUIRES: the
/// dataset was read with ReadOptions::decodes_times.
Status Retime(Dataset& dataset);

/// The statistic `stat` of frame_index, or of timestamp, over these frames.
double StatisticOfFrames(const Distribution& frames, const std::string& stat,
                         const std::string& feature, const FrameRate& rate);

/// The statistics of frame_index or timestamp over episodes that are numbered and timed as they
/// should be: min, max, mean, std, count, and `quantiles`, by name.
FeatureStatistics StatisticsOfFrames(const Dataset& dataset, const std::string& feature,
                                     const std::vector<std::string>& quantiles);

}  // namespace robomerge
