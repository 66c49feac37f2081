#include "recipe/read_recipe.h"

#include "base/foreign_file.h"

namespace robomerge {
namespace {

// Room for a hundred thousand sources.
constexpr uint64_t kMostBytes = 16 << 20;

}  // namespace

Result<Recipe> ReadRecipeOn(const io::FileSystem& file_system, const std::string& path) {
  const Result<std::string> text = io::ReadWholeFile(file_system, path, kMostBytes);
  if (!text.ok()) {
    std::vector<Problem> problems = text.status().problems();
    for (Problem& problem : problems) {
      problem.what = "cannot read the recipe: " + problem.what;
      if (problem.code == Code::kNotFound) problem.kind = "E-path";
    }
    return Status::Many(std::move(problems)).OfKind("E-recipe");
  }
  // A pointer reads as YAML.
  std::optional<Problem> foreign = ForeignFile(*text, path, "a recipe in YAML");
  if (foreign && foreign->kind == "E-lfs-pointer") return *std::move(foreign);
  return ParseRecipe(*text, path);
}

}  // namespace robomerge
