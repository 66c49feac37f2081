// Partial <-> folder: the description of a run of consecutive sources, so that another process can
// combine and plan it.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/partial.h"
#include "robomerge/status.h"

namespace robomerge::persist {

/// Where a run of sources stands among all of them.
struct PartialPlace {
  uint64_t first_source = 0;
  uint64_t num_sources = 0;
  uint64_t num_sources_in_all = 0;
};

struct StoredPartial {
  std::string path;
  PartialPlace place;
  Partial partial;
};

/// Writes DIR/partial-<first>-<last>. Returns whether it was there already, with the same content;
/// one with other content (a source has changed since) is replaced. `list` names all sources as
/// this rank was given them: ranks that were given other lists do not fit together.
/// REQUIRES: list.size() == place.num_sources_in_all.
Result<bool> WritePartial(io::FileSystem& file_system, const std::string& directory,
                          const PartialPlace& place, const std::vector<std::string>& list,
                          const Partial& partial, bool sync);

/// Reads all partials of a folder, in the order of their sources. kCorrupt (E-partial-...) where
/// positions are missing or come twice, partials are of different lists of sources, or a partial is
/// damaged: everything at once.
Result<std::vector<StoredPartial>> ReadPartials(const io::FileSystem& file_system,
                                                const std::string& directory);

}  // namespace robomerge::persist
