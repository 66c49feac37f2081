// Which episodes of a dataset go into which split.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/split.h"

namespace robomerge {

struct SplitPart {
  std::string name;              ///< of its folder
  std::vector<size_t> episodes;  ///< positions in the dataset, ascending
};

/// Whether the rules are some, by themselves: E-flag, E-value.
Status CheckSplitRules(const SplitRules& rules);

/// The parts of `dataset` by `rules`, which are checked: E-rule for episodes that are not there or
/// are in two parts, and by source where the record does not tell; E-nothing-selected for a part
/// without episodes.
Result<std::vector<SplitPart>> SplitPartsOf(const io::FileSystem& file_system,
                                            const SplitRules& rules, const Dataset& dataset);

}  // namespace robomerge
