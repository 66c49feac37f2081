#include "compare/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/compare.h"
#include "testing/faulty_file_system.h"
#include "testing/stored_dataset.h"

namespace robomerge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Settlement = CompareReport::Settlement;

CompareReport MakeReport(std::vector<CompareReport::Remedy> remedies,
                         Settlement settlement = Settlement::kFlag) {
  CompareReport report;
  report.differences.push_back({"D-rename",
                                {"wrist"},
                                "another name",
                                settlement,
                                {{"`wrist`", 2, {"a"}}, {"`hand`", 1, {"c"}}},
                                std::move(remedies),
                                {"--drop wrist"},
                                "is it the same?"});
  return report;
}

std::string TextOf(const CompareReport& report, const std::vector<std::string>& sources) {
  const Result<std::string> text = RecipeText(report, sources, sources, "k.yaml");
  EXPECT_TRUE(text.ok());
  return text->substr(text->find('\n') + 1);
}

TEST(RecipeText, SaysWhyAboveEachRule) {
  const CompareReport report = MakeReport({{"rename", "hand", "wrist", "--rename hand=wrist"}});
  EXPECT_EQ(TextOf(report, {"a", "b"}),
            "# Read it, change it, then: robomerge merge --recipe k.yaml\n"
            "# `compare` no longer replaces this file once it is changed.\n"
            "output: merged  # relative to this file; `-o DST` wins\n"
            "# wrist: another name (2 `wrist`; 1 `hand`: c)\n"
            "#   is it the same?\n"
            "#   or, as a flag: --drop wrist\n"
            "rename: {hand: wrist}\n"
            "sources:\n"
            "  - a\n"
            "  - b\n");
}

TEST(RecipeText, WritesEachKindOfRule) {
  const std::string text = TextOf(MakeReport({{"rename", "a=b", "c: d", ""},
                                              {"rename", "x", "y", ""},
                                              {"drop", "no", "", ""},
                                              {"drop", "x.y-z", "", ""},
                                              {"keep_common", "", "", ""},
                                              {"cast", "x", "int64", ""},
                                              {"pad", "x", "7", ""},
                                              {"robot_type", "", "it's \"so\"", ""},
                                              {"allow_mixed_size", "1", "", ""}}),
                                  {});
  for (const char* line : {"\nrename: {\"a=b\": \"c: d\", x: \"y\"}\n", "\ndrop: [\"no\", x.y-z]\n",
                           "\nkeep_common: true\n", "\ncast: {x: int64}\n", "\npad: {x: 7}\n",
                           "\nrobot_type: \"it's \\\"so\\\"\"\n", "\nallow_mixed_size: [\"1\"]\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(RecipeText, NamesWhatIsNotSettledAndNotRead) {
  CompareReport report = MakeReport({}, Settlement::kNothing);
  report.problems.push_back(Problem(Code::kCorrupt, "info.json\nis damaged").Source("b"));
  const std::string text = TextOf(report, {"a", "b"});
  EXPECT_THAT(text, HasSubstr("# Not settled. wrist: another name (2 `wrist`; 1 `hand`: c)\n"));
  EXPECT_THAT(text, HasSubstr("  - a\n  - b  # not read: info.json\\x0ais damaged\n"));
}

TEST(RecipeText, EscapesWhatYamlTakesForTheEndOfALine) {
  const std::string text = TextOf(MakeReport({{"robot_type", "",
                                               "a\xc2\x85"
                                               "b\xe2\x80\xa8"
                                               "c\x7f",
                                               ""}}),
                                  {"\x1b"});
  EXPECT_THAT(text, HasSubstr("\nrobot_type: \"a\\x85b\\u2028c\\x7f\"\n"));
  EXPECT_THAT(text, HasSubstr("\n  - \"\\u001b\"\n"));
}

TEST(RecipeText, RefusesWhatNoYamlCanHold) {
  const Result<std::string> text = RecipeText({}, {"caf\xe9"}, {"caf\xe9"}, "k.yaml");
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.status().code(), Code::kInvalidArgument);
}

class WritingARecipe : public ::testing::Test {
 protected:
  WritingARecipe() {
    PutTestDataset(files_, "/data/a", 1, 1);
    PutTestDataset(files_, "/data/b", 1, 2);
  }
  Result<CompareReport> Compare(const std::string& path) {
    return CompareOn(files_, {"/data/a", "/data/b"}, {.num_workers = 2, .recipe_out = path});
  }
  std::string Read(const std::string& path) { return io::ReadWholeFile(files_, path).value(); }

  io::MemoryFileSystem files_;
};

TEST_F(WritingARecipe, NamesSourcesBelowItsFolderFromThere) {
  ASSERT_TRUE(Compare("/data/k.yaml").ok());
  EXPECT_THAT(Read("/data/k.yaml"), HasSubstr("sources:\n  - a\n  - b\n"));
  ASSERT_TRUE(files_.MakeDirectories("/dat").ok());
  ASSERT_TRUE(Compare("/dat/k.yaml").ok());
  EXPECT_THAT(Read("/dat/k.yaml"), HasSubstr("sources:\n  - /data/a\n  - /data/b\n"));
  ASSERT_TRUE(Compare("k.yaml").ok());
  EXPECT_THAT(Read("/k.yaml"), HasSubstr("sources:\n  - data/a\n"));
}

TEST_F(WritingARecipe, ReplacesAnOlderRecipeAndNothingElse) {
  ASSERT_TRUE(Compare("/k.yaml").ok());
  ASSERT_TRUE(files_.RemoveAll("/data/b").ok());
  ASSERT_TRUE(Compare("/k.yaml").ok());
  EXPECT_THAT(Read("/k.yaml"), HasSubstr("  - data/b  # not read: "));
  ASSERT_TRUE(files_.Put("/k.yaml", Read("/k.yaml") + "keep_common: true\n").ok());
  for (const char* path : {"/k.yaml", "/data", "/data/a/meta/info.json"}) {
    const auto before = files_.Tree("/");
    const Result<CompareReport> refused = Compare(path);
    ASSERT_FALSE(refused.ok()) << path;
    EXPECT_EQ(refused.status().problems().front().kind, "E-recipe-exists");
    EXPECT_EQ(files_.Tree("/"), before);
  }
}

TEST_F(WritingARecipe, IsThereWholeOrNotAtAll) {
  for (uint64_t at = 0;; ++at) {
    io::FaultyFileSystem faulty(files_, {io::FaultKind::kError, at});
    const Result<CompareReport> report =
        CompareOn(faulty, {"/data/a", "/data/b"}, {.num_workers = 1, .recipe_out = "/k.yaml"});
    if (!faulty.has_struck()) {
      EXPECT_TRUE(report.ok());
      EXPECT_TRUE(IsUnchangedRecipe(Read("/k.yaml")));
      break;
    }
    EXPECT_TRUE(!report.ok() || !report->problems.empty()) << "operation " << at << " is hidden";
    const std::map<std::string, std::string> left = files_.Tree("/");
    for (const auto& [path, bytes] : left) {
      EXPECT_THAT(path, Not(HasSubstr(".tmp"))) << "after operation " << at;
      if (path.ends_with("k.yaml")) {
        EXPECT_TRUE(IsUnchangedRecipe(bytes));
      }
    }
    ASSERT_TRUE(files_.RemoveAll("/k.yaml").ok());
  }
}

TEST(CompareOn, ReportsWhatCannotBeReadAndComparesTheRest) {
  io::MemoryFileSystem files;
  for (const char* root : {"/a", "/b", "/c", "/d"}) PutTestDataset(files, root, 1, 1);
  ASSERT_TRUE(files.Put("/b/meta/info.json", "{").ok());
  ASSERT_TRUE(files.RemoveAll("/c/meta/tasks.parquet").ok());
  const Result<CompareReport> report =
      CompareOn(files, {"/a", "/b", "/none", "/c", "/d"}, {.num_workers = 3, .recipe_out = ""});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->num_sources, 5u);
  EXPECT_EQ(report->num_compared, 2u);
  std::vector<std::string> sources;
  for (const Problem& problem : report->problems) sources.push_back(problem.source);
  EXPECT_THAT(sources, ElementsAre("/b", "/none", "/c"));
  EXPECT_THAT(report->differences, IsEmpty());
  EXPECT_FALSE(report->ok());
}

TEST(CompareOn, SaysTheSameForAnyNumberOfWorkersAndOpensNoDataFile) {
  io::MemoryFileSystem files;
  std::vector<std::string> roots;
  for (const char* root : {"/a", "/b", "/c"}) {
    PutTestDataset(files, root, 1, 1);
    roots.emplace_back(root);
  }
  std::string info = io::ReadWholeFile(files, "/b/meta/info.json").value();
  const size_t at = info.find("\"fps\"");
  ASSERT_NE(at, std::string::npos);
  ASSERT_TRUE(files.Put("/b/meta/info.json", info.insert(at, "\"robot_type\": \"x\", ")).ok());
  io::FaultyFileSystem logged(files);
  const Result<CompareReport> one = CompareOn(logged, roots, {.num_workers = 1, .recipe_out = ""});
  const Result<CompareReport> four = CompareOn(files, roots, {.num_workers = 4, .recipe_out = ""});
  ASSERT_TRUE(one.ok() && four.ok());
  EXPECT_EQ(*one, *four);
  EXPECT_FALSE(one->differences.empty());
  for (const auto& operation : logged.log()) {
    if (operation.operation != io::Operation::kOpen) continue;
    EXPECT_THAT(operation.path, Not(HasSubstr("/data/")));
    EXPECT_THAT(operation.path, Not(HasSubstr("/episodes/")));
  }
}

TEST(CompareOn, NeedsASource) {
  io::MemoryFileSystem files;
  EXPECT_EQ(CompareOn(files, {}).status().problems().front().kind, "E-no-sources");
}

}  // namespace
}  // namespace robomerge
