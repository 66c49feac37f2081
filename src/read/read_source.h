// Reads one source as its rules make it.
#pragma once

#include <vector>

#include "adapt/adapt.h"
#include "base/for_each.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Reads the dataset, its files in a loop of that kind, and applies the rules of its adaptation,
/// which must be resolved (adapt/resolve.h). Fails as ReadDataset() and Adapt() do.
Result<Dataset> ReadSource(const io::FileSystem& file_system, const SourceSpec& source,
                           const ForEach& for_each = OneByOne);

/// Adds to `missing` the payload files that the rules need and that are not there
/// (ReadOptions::missing_files). Fails as ReadSource() does on everything else. Conditions on rows
/// need these before it is known which videos are needed: ask again when the files are there, until
/// none is missing.
Status ReadMissingFiles(const io::FileSystem& file_system, const SourceSpec& source,
                        const ForEach& for_each, std::vector<std::string>& missing);

/// What becomes of the episodes of a source by its rules.
Result<std::vector<EpisodeChoice>> ReadChoices(const io::FileSystem& file_system,
                                               const SourceSpec& source,
                                               const ForEach& for_each = OneByOne);

}  // namespace robomerge
