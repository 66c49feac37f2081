// The first frames of episodes, decoded by the command ffmpeg.
#pragma once

#include <atomic>
#include <vector>

#include "base/for_each.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "page/facts.h"

namespace robomerge::page {

/// Adds pictures to the cameras, which are those of the dataset. What cannot be decoded is left
/// out, and everything if there is no ffmpeg.
void AddThumbnails(const io::FileSystem& file_system, const Dataset& dataset,
                   const ForEach& for_each, const std::atomic<bool>* stop,
                   std::vector<Camera>& cameras);

}  // namespace robomerge::page
