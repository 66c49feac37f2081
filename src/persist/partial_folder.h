// Partial <-> folder: the description of a range of consecutive sources, so that another process
// can combine and plan it (docs/formats/plan-directory.md).
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/partial.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge::persist {

/// Which range of all sources a partial describes.
struct PartialPlace {
  uint64_t first_source = 0;
  uint64_t num_sources = 0;
  uint64_t num_sources_in_all = 0;
  StatsMode stats = StatsMode::kFold;  ///< for which its sources were described
};

struct StoredPartial {
  std::string path;
  PartialPlace place;
  Partial partial;
};

/// Writes partial-<first>-<last> into `directory`. Returns whether it was there already with the
/// same content. One with other content (a source has changed since) or a damaged one is replaced.
/// `list`: all sources as this rank was given them; partials of different lists do not fit
/// together. REQUIRES: list.size() == place.num_sources_in_all.
Result<bool> WritePartial(io::FileSystem& file_system, const std::string& directory,
                          const PartialPlace& place, const std::vector<std::string>& list,
                          const Partial& partial, bool sync);

/// Reads all partials of a folder, in the order of their sources. kNotFound (E-partial-missing) if
/// there are none; kUnsupported (E-partial-version). kCorrupt if sources are missing
/// (E-partial-missing) or come twice, if lists of sources differ (E-partial-overlap), or if a
/// partial is damaged (E-partial-damaged). Reports all damaged and unfit partials at once.
Result<std::vector<StoredPartial>> ReadPartials(const io::FileSystem& file_system,
                                                const std::string& directory);

}  // namespace robomerge::persist
