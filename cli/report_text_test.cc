#include "cli/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace robomerge::cli {
namespace {

MergeReport Example() {
  MergeReport report;
  report.destination = "kitchen";
  report.num_sources = 3;
  report.num_episodes = 6;
  report.num_frames = 1'810;
  report.num_tasks = 1;
  ReportedFile data;
  data.path = "data/chunk-000/file-000.parquet";
  data.mode = ReportedFile::Mode::kSplice;
  data.size_bytes = 1'234'567;
  data.sources = {"a/x", "b/x", "c/x"};
  ReportedFile info;
  info.path = "meta/info.json";
  info.size_bytes = 812;
  report.files = {data, info};
  report.size_bytes = 1'235'379;
  report.copied_bytes = 1'200'000;
  report.encoded_bytes = 35'379;
  report.stages = {{"read", 0.4}, {"write", 2.7}};
  report.seconds = 3.1;
  report.num_workers = 2;
  report.utilisation = 0.934;
  return report;
}

TEST(ReportText, TableNamesTheFirstSourcesAndCountsAll) {
  EXPECT_EQ(FileTable(Example(), false),
            "file                                 bytes  how     sources\n"
            "data/chunk-000/file-000.parquet  1,234,567  splice  3: a/x, b/x, ...\n"
            "meta/info.json                         812  write\n");
}

TEST(ReportText, VerboseTableNamesAllSources) {
  EXPECT_NE(FileTable(Example(), true).find("splice  3: a/x, b/x, c/x\n"), std::string::npos);
}

TEST(ReportText, TotalsAreExactAndReadable) {
  EXPECT_EQ(TotalsText(Example()),
            "2 files, 1,235,379 bytes (1.24 MB): 1.20 MB copied, 0 B shared, 35.4 kB encoded anew\n"
            "3 datasets, 6 episodes, 1,810 frames, 1 task\n");
}

TEST(ReportText, SuccessFits80Columns) {
  EXPECT_EQ(SuccessText(Example()),
            "Merged 3 datasets\n"
            "  into  kitchen\n"
            "  made  6 episodes, 1,810 frames, 1 task\n"
            "  in    2 files, 1.24 MB: 1.20 MB copied, 0 B shared, 35.4 kB encoded anew\n"
            "  took  3.10 s: read 0.40 s, write 2.70 s\n"
            "  with  2 workers, 93 % busy\n");
}

TEST(ReportText, InspectShowsFeaturesAndFiles) {
  InspectReport report;
  report.root = "a";
  report.version = "v3.0";
  report.fps = "30";
  report.num_episodes = 2;
  report.tasks = {"stack the cups"};
  report.features = {{"action", "float32", "[6]"}, {"observation.state", "float32", "[6]"}};
  report.files = {{"data/chunk-000/file-000.parquet", "data", 4'096, 1'200, "2 row groups"}};
  EXPECT_EQ(InspectText(report),
            "a\n"
            "  version   v3.0\n"
            "  fps       30\n"
            "  robot     not named\n"
            "  episodes  2\n"
            "  frames    0\n"
            "\n1 task\n"
            "  stack the cups\n"
            "\n2 features\n"
            "  action             float32  [6]\n"
            "  observation.state  float32  [6]\n"
            "\n1 file, 4.10 kB\n"
            "  file                             bytes   rows  content\n"
            "  data/chunk-000/file-000.parquet  4,096  1,200  2 row groups\n"
            "\n0 problems, 0 warnings\n");
  report.num_findings = 1;
  report.notes.resize(2);
  EXPECT_THAT(
      InspectText(report),
      ::testing::EndsWith("\n0 problems, 0 warnings, 1 finding in rows and videos, 2 notes\n"));
}

TEST(ReportText, UnreadableDatasetShowsNoEmptyFacts) {
  InspectReport report;
  report.root = "a";
  report.problems = {Problem(Code::kUnsupported, "dataset is of version v2.1, which is not read")};
  EXPECT_EQ(InspectText(report), "a\n1 problem, 0 warnings\n");
}

}  // namespace
}  // namespace robomerge::cli
