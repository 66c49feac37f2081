// The rules by which the sources of a merge were adapted, from the record of its result.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// The sources at `locations`, in the order of the merge, with the names and rules that
/// meta/robomerge.json of `destination` keeps, and without those that the merge left out; without
/// any of it where there is no such record, or not one of as many sources. kUnsupported if the
/// record has a rule that is not known, kInvalidArgument (E-sources) if it has rules of another
/// number of sources.
Result<std::vector<SourceSpec>> SourcesByRecord(const io::FileSystem& file_system,
                                                const std::string& destination,
                                                const std::vector<std::string>& locations);

/// A source in the record of a merge: its name, if it has one, and how many episodes and frames are
/// from it.
struct RecordedSource {
  std::string name;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
};

/// Those of the dataset at `root`, in their order; none where there is no such record.
Result<std::vector<RecordedSource>> RecordedSourcesOf(const io::FileSystem& file_system,
                                                      const std::string& root);

/// Of how many sources the record says that they, or episodes of them, were left out.
Result<uint64_t> NumRecordedAsLeftOut(const io::FileSystem& file_system, const std::string& root);

/// Whether meta/robomerge.json of the dataset says that its statistics are measured.
/// Fails if the system refuses to read it.
Result<bool> IsMeasured(const io::FileSystem& file_system, const std::string& root);

}  // namespace robomerge
