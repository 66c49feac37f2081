// Rules that hold for all sources, and need to know them, become rules of each source alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/feature.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// What rules must know of other sources.
struct RuleFacts {
  Schema schema;
  std::vector<std::string> tasks;
};

/// Whether the tables of tasks are among the facts that ResolveRules() needs.
bool NeedsTasks(const Adaptation& adaptation);

/// Adds to each source's rules what the others decide: `drop` for `keep_common`, `entry` for
/// `fill`, `reorder_by_name` and `names_from_first`, `replace_task` for `normalize_tasks`.
///
/// `facts`: one per source; nothing for one that cannot be read, whose own problems are reported
/// when it is. kInvalidArgument (E-rule) names every rule that matches nothing in any source that
/// has it; where facts are missing, only if they may be: the source will not be merged.
Result<std::vector<SourceSpec>> ResolveRules(std::vector<SourceSpec> sources,
                                             const std::vector<std::optional<RuleFacts>>& facts,
                                             bool may_lack_facts = false);

}  // namespace robomerge
