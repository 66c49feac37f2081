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

/// The flags that let a merge take sources of these schemas: FlagsOf() what must be settled. Empty
/// if there is none, or if something is left that no flag settles.
std::vector<std::string> FlagsThatSettle(const std::vector<SchemaClass>& schemas);

}  // namespace robomerge
