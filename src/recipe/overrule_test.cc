#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "robomerge/recipe.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Recipe Parsed(std::string_view text) {
  const Result<Recipe> recipe = ParseRecipe(text, "r.yaml");
  EXPECT_TRUE(recipe.ok()) << recipe.status().ToString();
  return recipe.ok() ? *recipe : Recipe();
}

TEST(Overrule, FlagsWinOverBothLevels) {
  Recipe recipe = Parsed(
      "output: a\nchunk_size: 5\ncopy_mode: copy\nmin_frames: 3\nrename: {a: x, b: y}\nsources:\n- "
      "path: s\n  min_frames: 4\n  sample: 3\n"
      "  seed: 7\n");
  Recipe flags;
  flags.destination = "b";
  flags.options.chunk_size = 1000;
  flags.options.num_workers = 2;
  flags.options.dry_run = true;
  flags.given = {"output", "chunk_size", "num_workers"};
  flags.common.adaptation.min_frames = 9;
  flags.common.adaptation.rename = {{"b", "z"}};
  flags.common.adaptation.seed = 0;
  flags.common.given = {"min_frames", "rename", "seed"};
  ASSERT_TRUE(Overrule(recipe, flags).ok());
  EXPECT_EQ(recipe.destination, "b");
  EXPECT_EQ(recipe.options.chunk_size, 1000);
  EXPECT_EQ(recipe.options.num_workers, 2);
  EXPECT_TRUE(recipe.options.dry_run);
  EXPECT_EQ(recipe.options.copy_mode, CopyMode::kCopy);
  const Adaptation& rules = recipe.sources.at(0).adaptation;
  EXPECT_EQ(rules.min_frames, 9u);
  EXPECT_EQ(rules.seed, 0u);
  EXPECT_THAT(rules.rename, ElementsAre(Rule{"a", "x"}, Rule{"b", "z"}));
  // A line that does not hold any more is not named.
  EXPECT_EQ(PlaceOf(recipe, 0, "rename: a"), "r.yaml: line 5");
  EXPECT_EQ(PlaceOf(recipe, 0, "rename: b"), std::nullopt);
  EXPECT_EQ(PlaceOf(recipe, 0, "min_frames"), std::nullopt);
}

TEST(Overrule, ARecipeWithoutSourcesTakesThoseOfTheCommandLine) {
  Recipe flags;
  flags.sources = {"a", "b"};
  Recipe recipe = Parsed("drop: [x]\n");
  ASSERT_TRUE(Overrule(recipe, flags).ok());
  ASSERT_EQ(recipe.sources.size(), 2u);
  EXPECT_THAT(recipe.sources[1].adaptation.drop, ElementsAre("x"));
  EXPECT_EQ(PlaceOf(recipe, 1, "drop: x"), "r.yaml: line 1");

  Recipe full = Parsed("sources: [c]\n");
  EXPECT_THAT(Overrule(full, flags).ToString(), HasSubstr("in the recipe and on the command line"));
}

TEST(WithLines, ProblemsOfRulesAreCompleted) {
  const Recipe recipe = Parsed(
      "episodes: 0-9\nrename:\n  hand: wrist\nsources:\n- one\n- path: two\n  rename:\n    hand: "
      "arm\n");
  const auto place = [&](const std::string& where, const std::string& source) {
    const Problem problem =
        Problem(Code::kIncompatible, "x").Kind("E-rule").At(where).Source(source);
    return WithLines(problem, recipe).problems().front().where;
  };
  EXPECT_EQ(place("rename: hand", "one"), "r.yaml: line 3: rename: hand");
  EXPECT_EQ(place("rename: hand", "two"), "r.yaml: line 8: rename: hand");
  EXPECT_EQ(place("rename: hand", "/somewhere/two"), "r.yaml: line 8: rename: hand");
  EXPECT_EQ(place("rename: hand", ""), "r.yaml: line 3: rename: hand");
  EXPECT_EQ(place("episodes: 12", "two"), "r.yaml: line 1: episodes: 12");
  EXPECT_EQ(place("rename: foot", "one"), "rename: foot");
  const Problem other = Problem(Code::kCorrupt, "x").Kind("E-rows").At("rename: hand");
  EXPECT_EQ(WithLines(other, recipe).problems().front().where, "rename: hand");
  EXPECT_TRUE(WithLines(Status(), recipe).ok());
}

}  // namespace
}  // namespace robomerge
