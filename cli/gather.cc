// What a command line and its files say together.
#include <algorithm>

#include "cli/commands.h"
#include "cli/source_list.h"

namespace robomerge::cli {

Result<std::vector<SourceSpec>> GatherSources(const Invocation& invocation) {
  std::vector<SourceSpec> sources(invocation.paths.begin(), invocation.paths.end());
  if (!invocation.list_path.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> listed,
                               ReadSourceListFile(invocation.list_path));
    sources.insert(sources.end(), listed.begin(), listed.end());
  }
  if (!sources.empty()) return sources;
  return Problem(Code::kInvalidArgument, "list of sources names none")
      .Kind("E-no-sources")
      .At(invocation.list_path)
      .Expected("one dataset folder per line");
}

Result<Recipe> GatherRecipe(const Invocation& invocation) {
  Recipe recipe;
  if (!invocation.recipe_path.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(recipe, ReadRecipe(invocation.recipe_path));
  }
  Recipe flags;
  flags.destination = invocation.destination;
  flags.options = invocation.options;
  flags.verify = invocation.verify;
  flags.given = invocation.given;
  flags.common = invocation.rules;
  if (!invocation.paths.empty() || !invocation.list_path.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(flags.sources, GatherSources(invocation));
  }
  ROBOMERGE_RETURN_NOT_OK(Overrule(recipe, flags));
  if (recipe.sources.empty()) {
    return Problem(Code::kInvalidArgument, "no sources")
        .Kind("E-no-sources")
        .At(recipe.path)
        .Expected("`sources` in the recipe, or dataset folders on the command line");
  }
  const bool is_written = invocation.command != kDescribe && !invocation.list_episodes;
  if (is_written && recipe.destination.empty()) {
    return Problem(Code::kInvalidArgument, "no destination")
        .Kind("E-no-destination")
        .At(recipe.path)
        .Expected("`output` in the recipe, or `-o DST`");
  }
  const bool has_sample =
      std::any_of(recipe.sources.begin(), recipe.sources.end(),
                  [](const SourceSpec& source) { return source.adaptation.sample.has_value(); });
  if (flags.common.given.contains("seed") && !has_sample) {
    return Problem(Code::kInvalidArgument, "`--seed` without `--sample`")
        .Kind("E-flag")
        .Expected("--sample N --seed S, or `sample` in the recipe");
  }
  return recipe;
}

}  // namespace robomerge::cli
