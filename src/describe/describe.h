// Dataset -> Partial: checks one source's claims against its files, finds where its episodes lie,
// and makes its schema and tasks ready to be combined.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "model/dataset.h"
#include "model/partial.h"
#include "model/source_statistics.h"
#include "robomerge/status.h"

namespace robomerge {

/// Cuts a video so that the wanted frames are shown: as many parts as must be first in a file. None
/// if it can only be kept whole, or must be.
using CutVideo = std::function<Result<std::vector<VideoFile>>(
    const VideoFile& video, const std::vector<mp4::FrameRange>& wanted)>;

/// Describes one source, which `spec` names: the leaf of the reduction tree. Pure, no I/O; safe to
/// run for many sources in parallel.
///
/// kCorrupt lists every contradiction: rows that are missing or too many, task numbers without a
/// task, videos with too few frames or another frame rate. What can be corrected without loss is
/// corrected in the description and becomes a warning.
///
/// `measure` gives statistics that only the rows can tell (ChooseStatistics). `cut` makes the cuts
/// of videos if the source's rules leave out episodes; without it, videos are kept whole. With
/// `split`, which gives one part for each range of frames, every episode gets a video of its own
/// instead; kUnsupported names videos that cannot be cut so.
Result<Partial> Describe(std::shared_ptr<const Dataset> dataset, const SourceSpec& spec = {},
                         const MeasureFeatures& measure = {}, const CutVideo& cut = {},
                         const CutVideo& split = {}, StatsMode stats = StatsMode::kFold);

}  // namespace robomerge
