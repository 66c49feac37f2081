// A recipe as a dict, in the words of the package's arguments.
#pragma once

#include <nanobind/nanobind.h>

#include "robomerge/recipe.h"

namespace robomerge::python {

/// {"path", "destination", "options", "rules", "lines", "sources"}. Options and rules are those
/// that are stated, as arguments of robomerge.merge and robomerge.Source; lines are numbers by
/// rule.
nanobind::dict RecipeToPython(const Recipe& recipe);

}  // namespace robomerge::python
