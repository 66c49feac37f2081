// What an edit takes from its dataset, and how it takes its place.
#pragma once

#include <string>

#include "io/file_system.h"
#include "merge/hashing.h"
#include "publish/transaction.h"
#include "robomerge/edit.h"
#include "robomerge/options.h"
#include "robomerge/source.h"

namespace robomerge {

/// `options` with what an edit keeps: the version, and the sizes of files that info.json states.
/// What is wrong with that file is found when the dataset is read.
MergeOptions WithLimits(const io::FileSystem& file_system, const std::string& root,
                        MergeOptions options);

/// Whether there is nothing to convert. What cannot be read is found when the dataset is read.
bool IsOfVersion(const io::FileSystem& file_system, const std::string& root,
                 CodebaseVersion version);

/// How an edit takes the place of its source.
InPlace InPlaceOf(const SourceSpec& source, const EditOptions& edit, const MergeOptions& options);

/// With `record_hashes`, an edit that changes nothing is for the sake of the hashes.
StaleHashes StaleHashesOf(const SourceSpec& source, const EditOptions& edit,
                          const MergeOptions& options);

}  // namespace robomerge
