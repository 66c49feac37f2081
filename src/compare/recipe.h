// A recipe (docs/adapt.md) of all that settles differences, as YAML.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "robomerge/compare.h"

namespace robomerge {

/// The recipe. `sources` are the paths to be written; `roots` the same as the report names them.
/// kInvalidArgument for a path that is not UTF-8, which no YAML can hold.
Result<std::string> RecipeText(const CompareReport& report, const std::vector<std::string>& sources,
                               const std::vector<std::string>& roots, const std::string& file_name);

/// Whether this is a recipe of RecipeText() that nobody has changed.
bool IsUnchangedRecipe(std::string_view text);

/// kAlreadyExists if something is at `path` that must not be replaced. Called before any source is
/// read, too, so that nobody waits for nothing.
Status CheckRecipePath(const io::FileSystem& file_system, const std::string& path);

/// Writes the recipe, whole or not at all.
Status WriteRecipe(io::FileSystem& file_system, const std::string& path,
                   const CompareReport& report, const std::vector<std::string>& roots);

}  // namespace robomerge
