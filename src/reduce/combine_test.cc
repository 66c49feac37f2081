#include "reduce/combine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/text.h"
#include "testing/built_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;

// A leaf with only what Combine reads.
Partial Leaf(size_t number, std::mt19937& random) {
  auto dataset = std::make_shared<Dataset>(
      test::MakeDataset({.root = StrCat("source", number), .lengths = {1 + random() % 50}}));
  if (random() % 3 == 0) dataset->schema.fps = 10 + static_cast<int>(random() % 3);
  auto source = std::make_shared<DescribedSource>();
  Partial leaf;
  leaf.num_given = 1;
  if (random() % 4 == 0) leaf.skipped = {{0, dataset->root, "", random() % 2 == 0 ? "" : "3", {}}};
  if (!leaf.skipped.empty() && leaf.skipped.front().is_whole()) return leaf;
  leaf.schemas.push_back({std::shared_ptr<const Schema>(dataset, &dataset->schema),
                          dataset->schema.Fingerprint(), 0, dataset->root, 1});
  for (size_t task = 0; task < random() % 4; ++task) leaf.tasks.Add(StrCat("task ", random() % 6));
  for (size_t text = 0; text < random() % 3; ++text)
    leaf.subtasks.Add(StrCat("subtask ", random() % 4));
  leaf.num_episodes = 1;
  leaf.num_frames = dataset->num_frames();
  leaf.payload_bytes = random() % 1000;
  leaf.warnings = Rope<Problem>({Problem(Code::kCorrupt, StrCat("warning ", number))});
  source->dataset = std::move(dataset);
  leaf.sources = Rope<std::shared_ptr<const DescribedSource>>({std::move(source)});
  return leaf;
}

// Everything a plan can see of a partial, as text.
std::string Print(const Partial& partial) {
  std::string text =
      StrCat(partial.num_episodes, " ", partial.num_frames, " ", partial.payload_bytes, "\n");
  for (const auto& source : partial.sources.Flatten()) text += source->dataset->root + ",";
  for (const std::string& task : partial.tasks.tasks)
    text += StrCat("|", task, "=", partial.tasks.index.at(task));
  for (const std::string& subtask : partial.subtasks.tasks)
    text += StrCat("|", subtask, "=", partial.subtasks.index.at(subtask));
  for (const SchemaClass& schema : partial.schemas) {
    text += StrCat("\n", schema.fingerprint, " ", schema.first_source, " ", schema.first_root, " ",
                   schema.num_sources);
  }
  for (const Problem& warning : partial.warnings.Flatten()) text += "\n" + warning.what;
  for (const Skipped& one : partial.skipped)
    text += StrCat("\n", one.position, " ", one.source, " ", one.episodes);
  text += StrCat("\n", partial.num_given, " given");
  const std::vector<std::shared_ptr<const DescribedSource>> sources = partial.sources.Flatten();
  const std::vector<uint64_t> positions = PositionsOf(partial);
  for (size_t at = 0; at < sources.size(); ++at) {
    EXPECT_EQ(sources[at]->dataset->root, StrCat("source", positions[at]));
  }
  return text;
}

TEST(Combine, AnyBracketingGivesTheSamePartial) {
  std::mt19937 random(20261123);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<Partial> leaves;
    const size_t num_leaves = 1 + random() % 40;
    for (size_t leaf = 0; leaf < num_leaves; ++leaf) leaves.push_back(Leaf(leaf, random));
    Partial folded = leaves.front();
    for (size_t leaf = 1; leaf < num_leaves; ++leaf) folded = Combine(folded, leaves[leaf]);
    while (leaves.size() > 1) {
      const size_t at = random() % (leaves.size() - 1);
      leaves[at] = Combine(std::move(leaves[at]), leaves[at + 1]);
      leaves.erase(leaves.begin() + static_cast<int64_t>(at) + 1);
    }
    ASSERT_EQ(Print(leaves.front()), Print(folded)) << "trial " << trial;
  }
}

TEST(Combine, KeepsFirstAppearanceOrderOfTasks) {
  Partial left, right;
  for (const char* task : {"a", "b"}) left.tasks.Add(task);
  for (const char* task : {"b", "c"}) right.tasks.Add(task);
  EXPECT_THAT(Combine(left, right).tasks.tasks, ElementsAre("a", "b", "c"));
  EXPECT_THAT(Combine(right, left).tasks.tasks, ElementsAre("b", "c", "a"));
}

TEST(Combine, KeepsSchemasThatDisagree) {
  std::mt19937 random(1);
  const auto sound_leaf = [&](size_t number) {
    Partial leaf;
    while (leaf.schemas.empty()) leaf = Leaf(number, random);
    return leaf;
  };
  Partial a = sound_leaf(0), b = sound_leaf(1);
  a.schemas[0].fingerprint = "x";
  b.schemas[0].fingerprint = "y";
  const Partial both = Combine(Combine(a, b), a);
  ASSERT_EQ(both.schemas.size(), 2u);
  EXPECT_EQ(both.schemas[0].num_sources, 2u);
  EXPECT_EQ(both.schemas[1].first_source, 1u);
}

}  // namespace
}  // namespace robomerge
