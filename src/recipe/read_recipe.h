// ReadRecipe() on a file system that is handed in.
#pragma once

#include "io/file_system.h"
#include "robomerge/recipe.h"

namespace robomerge {

Result<Recipe> ReadRecipeOn(const io::FileSystem& file_system, const std::string& path);

}  // namespace robomerge
