// The commands that edit one dataset: a merge of it alone, by rules (docs/edit.md).
#pragma once

#include "cli/flags.h"
#include "robomerge/status.h"

namespace robomerge::cli {

/// Makes of the words of an edit its source, rules and options. kInvalidArgument for words that are
/// missing, too many or wrong.
Status TakeEdit(Invocation& invocation);

/// The same of `convert`, which takes no rules.
Status TakeConvert(Invocation& invocation);

/// The same of `stats --in-place`, an edit without rules.
Status TakeStats(Invocation& invocation);

/// Makes of the words of `append` and `remove-source` the dataset that grows, and its sources or
/// the one that goes. kInvalidArgument for words that are missing or too many.
Status TakeGrowth(Invocation& invocation);

/// kInvalidArgument unless there is one dataset to split, and a folder to make.
Status CheckSplit(const Invocation& invocation);

}  // namespace robomerge::cli
