#include "cli/json_lines.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace robomerge::cli {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(JsonLines, ErrorCarriesEveryFieldInOrder) {
  const std::string line = ErrorLine(Problem(Code::kCorrupt, "file ends early")
                                         .Kind("E-data")
                                         .Source("a")
                                         .At("a/data/x.parquet")
                                         .Expected("8 bytes")
                                         .Found("3 bytes")
                                         .Hint("copy it again")
                                         .While("reading source 1 of 2"),
                                     1);
  EXPECT_EQ(
      line,
      R"({"message_type":"error","code":"corrupt","kind":"E-data","what":"file ends early","source":"a",)"
      R"("where":"a/data/x.parquet","expected":"8 bytes","found":"3 bytes","hint":"copy it again",)"
      R"("context":["reading source 1 of 2"],"exit_code":1})"
      "\n");
}

TEST(JsonLines, BytesThatAreNoUtf8AreReplaced) {
  ReportedFile file;
  file.path = "data/caf\xe9\xff.parquet";
  file.mode = ReportedFile::Mode::kSplice;
  file.sources = {"line\nbreak"};
  const std::string line = FileLine(file);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json parsed = Json::parse(line);
  EXPECT_EQ(parsed["path"], "data/caf\xef\xbf\xbd\xef\xbf\xbd.parquet");
  EXPECT_EQ(parsed["mode"], "splice");
  EXPECT_EQ(parsed["sources"][0], "line\nbreak");
}

TEST(JsonLines, MessageTypeComesFirstInEveryLine) {
  const Problem problem(Code::kCorrupt, "bad");
  for (const std::string& line :
       {StageLine("read"), StatusLine({}), WarningLine(problem), ProblemLine(problem),
        ErrorLine(problem, 1), FileLine({}), SummaryLine({})}) {
    EXPECT_EQ(Keys(Json::parse(line)).front(), "message_type") << line;
  }
}

TEST(JsonLines, StatusTellsNoRemainingTimeWithoutARate) {
  ProgressState state;
  EXPECT_TRUE(Json::parse(StatusLine(state))["remaining_seconds"].is_null());
  state.counts.planned_bytes = 300;
  state.counts.moved_bytes = 100;
  state.moving_seconds = 2;
  EXPECT_EQ(Json::parse(StatusLine(state))["remaining_seconds"], 4.0);
}

TEST(JsonLines, SummaryKeepsLargeNumbersExactAndCountsFiles) {
  MergeReport report;
  report.size_bytes = 18'446'744'073'709'551'615u;
  report.files.resize(3);
  report.stages = {{"read", 0.5}, {"write", 1.5}};
  const Json summary = Json::parse(SummaryLine(report));
  EXPECT_EQ(summary["size_bytes"].get<uint64_t>(), report.size_bytes);
  EXPECT_EQ(summary["num_files"], 3);
  EXPECT_EQ(summary["stages"][1], Json({{"stage", "write"}, {"seconds", 1.5}}));
}

TEST(JsonLines, InspectEndsWithASummaryOfWhatWasFound) {
  InspectReport report;
  report.root = "a";
  report.features = {{"action", "float32", "[6]"}};
  report.files.resize(1);
  report.problems = {Problem(Code::kCorrupt, "bad")};
  std::vector<Json> lines;
  std::istringstream text(InspectLines(report, 1));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["features"][0]["name"], "action");
  EXPECT_EQ(lines[1]["message_type"], "file");
  EXPECT_EQ(lines[2]["message_type"], "problem");
  EXPECT_EQ(lines[3], Json({{"message_type", "summary"},
                            {"num_files", 1},
                            {"num_warnings", 0},
                            {"num_problems", 1},
                            {"exit_code", 1}}));
}

}  // namespace
}  // namespace robomerge::cli
