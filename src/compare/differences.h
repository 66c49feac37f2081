// In which ways sources differ, and what settles it. Pure: facts -> differences.
#pragma once

#include <string>
#include <vector>

#include "compare/facts.h"
#include "model/partial.h"
#include "robomerge/compare.h"

namespace robomerge {

/// All differences, those to be settled first. The order of sources decides what is first among
/// equals; nothing else does.
std::vector<CompareReport::Difference> DifferencesOf(const std::vector<SourceFacts>& sources);

/// The flags of all remedies, each once, in the order in which a merge applies them.
std::vector<std::string> FlagsOf(const std::vector<CompareReport::Difference>& differences);

struct SettlingFlags {
  std::vector<std::string> flags;
  bool settle_all = true;  ///< false: something is left that no flag settles
};

/// The flags for which a merge takes sources of these schemas: FlagsOf() what must be settled.
SettlingFlags FlagsThatSettle(const std::vector<SchemaClass>& schemas);

}  // namespace robomerge
