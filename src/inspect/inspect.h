// Inspect of robomerge/inspect.h, on any file system.
#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/inspect.h"
#include "robomerge/status.h"

namespace robomerge {

Result<InspectReport> InspectOn(const io::FileSystem& file_system, const std::string& root,
                                const InspectOptions& options = {},
                                const ProgressCallback& progress = {},
                                const std::atomic<bool>* stop = nullptr);

/// What InspectOn() says of a dataset that was read from `root`, without reading its payload; with
/// no problems and no warnings if some of its videos are broken.
InspectReport InspectDataset(const std::string& root,
                             const std::shared_ptr<const Dataset>& dataset);

}  // namespace robomerge
