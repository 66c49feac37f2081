// The rules by which the sources of a merge were adapted, from the record of its result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/dataset.h"
#include "model/recorded_source.h"
#include "robomerge/options.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// meta/robomerge.json of the dataset at `root`. An empty object if there is none, or it is no JSON
/// object, which `understood` tells (E-record). Fails if the system refuses to read it.
Result<json::Json> ReadRecord(const io::FileSystem& file_system, const std::string& root,
                              Status* understood = nullptr);

/// The sources at `locations`, in the order of the merge, with the names and rules that
/// meta/robomerge.json of `destination` keeps, and without those that the merge left out; without
/// any of it where there is no such record, or not one of as many sources. kUnsupported if the
/// record has a rule that is not known, kInvalidArgument (E-sources) if it has rules of another
/// number of sources.
Result<std::vector<SourceSpec>> SourcesByRecord(const io::FileSystem& file_system,
                                                const std::string& destination,
                                                const std::vector<std::string>& locations);

/// The sources in the record of the dataset at `root`, in their order; none where there is no such
/// record.
Result<std::vector<RecordedSource>> RecordedSourcesOf(const io::FileSystem& file_system,
                                                      const std::string& root);

/// Where all episodes of a dataset come from.
struct EpisodeOrigins {
  std::vector<RecordedSource> sources;  ///< one after another they have all episodes
  bool is_recorded = false;  ///< false: no record fits, and there is one source, without an entry
  json::Json skipped;        ///< what the merge has left out, as it is written there; null: nothing
};
/// By the record, if that fits the episodes. Those behind it, which were recorded later, are a
/// source without an entry.
Result<EpisodeOrigins> OriginsOfEpisodes(const io::FileSystem& file_system, const Dataset& dataset);

/// Of how many sources the record says that they, or episodes of them, were left out.
Result<uint64_t> NumRecordedAsLeftOut(const io::FileSystem& file_system, const std::string& root);

/// How meta/robomerge.json of the dataset says that its statistics were made; nothing where there
/// is no such record. Fails if the system refuses to read it.
Result<std::optional<StatsMode>> RecordedStatsMode(const io::FileSystem& file_system,
                                                   const std::string& root);

}  // namespace robomerge
