#include "cli/compare_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace robomerge::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Difference = CompareReport::Difference;
using Settlement = CompareReport::Settlement;

Difference MakeDifference(const std::string& kind, Settlement settlement, int number = 0) {
  const std::string name = "feature_" + std::to_string(number);
  Difference difference{kind, {name}, "another dtype", settlement, {}, {}, {}, "for a reason"};
  difference.forms = {{"float32", 499, {"a"}},
                      {"float64", 1, {"kitchen_" + std::to_string(number)}}};
  if (settlement == Settlement::kFlag)
    difference.remedies = {{"cast", name, "float32", "--cast " + name + "=float32"}};
  difference.alternatives = {"--drop " + name};
  return difference;
}

CompareReport MakeReport(std::vector<Difference> differences) {
  CompareReport report;
  report.num_sources = report.num_compared = 500;
  report.differences = std::move(differences);
  for (const Difference& difference : report.differences) {
    for (const CompareReport::Remedy& remedy : difference.remedies)
      report.flags.push_back(remedy.flag);
  }
  return report;
}

size_t NumLines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(CompareText, OfADifferenceSaysWhoDepartsAndWhatSettlesIt) {
  EXPECT_EQ(CompareText(MakeReport({MakeDifference("D-dtype", Settlement::kFlag)}), false),
            "Compared 500 datasets: 1 difference to settle\n"
            "\n"
            "To settle\n"
            "  `feature_0`: another dtype\n"
            "      499  float32\n"
            "        1  float64: kitchen_0\n"
            "    --cast feature_0=float32  # for a reason\n"
            "    or --drop feature_0\n");
}

TEST(CompareText, SaysWhyNothingSettlesIt) {
  EXPECT_THAT(CompareText(MakeReport({MakeDifference("D-dtype", Settlement::kNothing)}), false),
              HasSubstr("\nNothing settles\n"
                        "  `feature_0`: another dtype\n"
                        "      499  float32\n"
                        "        1  float64: kitchen_0\n"
                        "    # for a reason\n"));
}

TEST(CompareText, OfWhatAMergeSettlesIsOneLine) {
  EXPECT_THAT(CompareText(MakeReport({MakeDifference("D-form", Settlement::kMerge)}), false),
              HasSubstr("\nA merge settles\n"
                        "  `feature_0`: another dtype: 499 float32, 1 float64 (kitchen_0)\n"));
}

TEST(CompareText, ShowsAllFlagsTogether) {
  CompareReport report = MakeReport({MakeDifference("D-dtype", Settlement::kFlag),
                                     MakeDifference("D-dtype", Settlement::kFlag, 1)});
  EXPECT_THAT(CompareText(report, false),
              HasSubstr("\nAll flags together\n"
                        "  --cast feature_0=float32 --cast feature_1=float32\n"));
}

TEST(CompareText, OfManySourcesFitsAScreen) {
  std::vector<Difference> differences;
  for (const char* kind : {"D-fps", "D-size", "D-dtype", "D-rename", "D-missing", "D-names"})
    differences.push_back(
        MakeDifference(kind, Settlement::kFlag, static_cast<int>(differences.size())));
  for (int at = 0; at < 3; ++at)
    differences.push_back(MakeDifference("D-form", Settlement::kMerge, at));
  const CompareReport report = MakeReport(std::move(differences));
  EXPECT_LE(NumLines(CompareText(report, false)), 40u);
  EXPECT_GT(NumLines(CompareText(report, true)), 40u);
}

TEST(CompareText, NamesTheFirstSourcesAndAllWithV) {
  Difference difference = MakeDifference("D-dtype", Settlement::kFlag);
  difference.forms[1] = {"float64", 100, {}};
  for (int at = 0; at < 100; ++at)
    difference.forms[1].sources.push_back("kitchen_" + std::to_string(at));
  const CompareReport report = MakeReport({difference});
  EXPECT_THAT(CompareText(report, false), HasSubstr("      100  float64: kitchen_0, kitchen_1, "));
  EXPECT_THAT(CompareText(report, false), HasSubstr(", ...\n"));
  EXPECT_THAT(CompareText(report, false), Not(HasSubstr("kitchen_99")));
  EXPECT_THAT(CompareText(report, true), HasSubstr("kitchen_99"));
}

TEST(CompareText, OfManyDifferencesOfAKindShowsTheFirst) {
  std::vector<Difference> differences;
  for (int at = 0; at < 20; ++at)
    differences.push_back(MakeDifference("D-dtype", Settlement::kFlag, at));
  const CompareReport report = MakeReport(std::move(differences));
  EXPECT_THAT(CompareText(report, false), HasSubstr("  and 15 more like these, which -v shows\n"));
  EXPECT_THAT(CompareText(report, false), HasSubstr("--cast feature_19=float32"));
}

TEST(CompareText, OfOneDatasetSaysThatThereIsNothingToCompareItWith) {
  CompareReport report;
  report.num_sources = report.num_compared = 1;
  EXPECT_EQ(CompareText(report, false),
            "Compared 1 dataset: there is nothing to compare it with\n");
  report.num_sources = report.num_compared = 2;
  EXPECT_EQ(CompareText(report, false), "Compared 2 datasets: nothing differs\n");
}

}  // namespace
}  // namespace robomerge::cli
