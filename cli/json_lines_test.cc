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
                            {"num_notes", 0},
                            {"num_findings", 0},
                            {"exit_code", 1}}));
}

// Compares every line as programs read it: names, order and types.
TEST(JsonLines, LinesAreAsDocumented) {
  ProgressState state;
  state.counts = {"write", 9, 8, 700, 600, 5, 4};
  state.elapsed_seconds = 2.5;
  state.moving_seconds = 3;
  EXPECT_EQ(StageLine("read"), "{\"message_type\":\"stage\",\"stage\":\"read\"}\n");
  EXPECT_EQ(StatusLine(state),
            R"({"message_type":"status","stage":"write","elapsed_seconds":2.5,"num_sources":9,)"
            R"("num_sources_read":8,"planned_bytes":700,"moved_bytes":600,"num_files":5,)"
            R"("num_files_written":4,"remaining_seconds":0.5})"
            "\n");

  const ReportedFile file = {"data/chunk-000/file-000.parquet",
                             "data",
                             ReportedFile::Mode::kEncode,
                             12,
                             true,
                             3,
                             {"a/x", "b/y"}};
  EXPECT_EQ(
      FileLine(file),
      R"({"message_type":"file","path":"data/chunk-000/file-000.parquet","kind":"data",)"
      R"("mode":"encode","size_bytes":12,"is_estimate":true,"num_episodes":3,"sources":["a/x","b/y"]})"
      "\n");

  MergeReport merge;
  merge.destination = "d";
  merge.plan_id = "0123456789abcdef";
  merge.dry_run = true;
  merge.num_sources = 1, merge.num_episodes = 2, merge.num_frames = 3, merge.num_tasks = 4;
  merge.files = {file, file};
  merge.num_files_written = 5, merge.num_files_skipped = 6, merge.size_bytes = 7;
  merge.copied_bytes = 8, merge.shared_bytes = 9, merge.encoded_bytes = 10;
  merge.warnings = {Problem(Code::kCorrupt, "bad")};
  merge.stages = {{"read", 0.5}};
  merge.seconds = 1.5, merge.num_workers = 11, merge.utilisation = 0.25;
  merge.critical_path_seconds = 0.75;
  merge.skipped = {{7, "s7", "garage", "3,17-19", {Problem(Code::kCorrupt, "bad")}}};
  EXPECT_EQ(SkippedLine(merge.skipped.front()),
            R"({"message_type":"skipped","position":7,"source":"s7","name":"garage",)"
            R"("episodes":"3,17-19","reasons":[{"code":"corrupt","kind":"","what":"bad",)"
            R"("source":"","where":"","expected":"","found":"","hint":"","context":[]}]})"
            "\n");
  EXPECT_EQ(
      SummaryLine(merge),
      R"({"message_type":"summary","destination":"d","dry_run":true,"num_sources":1,)"
      R"("num_episodes":2,"num_frames":3,"num_tasks":4,"plan_id":"0123456789abcdef",)"
      R"("already_done":false,"num_files":2,"num_files_written":5,"num_files_skipped":6,)"
      R"("size_bytes":7,"copied_bytes":8,"shared_bytes":9,"encoded_bytes":10,"num_warnings":1,"num_skipped":1,)"
      R"("stages":[{"stage":"read","seconds":0.5}],"seconds":1.5,"num_workers":11,)"
      R"("utilisation":0.25,"critical_path_seconds":0.75})"
      "\n");

  StageReport stage;
  stage.stage = "write", stage.plan_id = "0123456789abcdef";
  stage.directory = "p", stage.destination = "/d", stage.already_done = true;
  stage.first_source = 1, stage.num_sources = 2, stage.num_episodes = 3, stage.num_frames = 4;
  stage.first_unit = 5, stage.num_units = 6, stage.num_files_written = 7;
  stage.num_files_skipped = 8, stage.payload_bytes = 9, stage.size_bytes = 10;
  stage.copied_bytes = 11, stage.shared_bytes = 12, stage.encoded_bytes = 13;
  stage.files = {file};
  stage.warnings = merge.warnings, stage.stages = merge.stages;
  stage.seconds = 2.5, stage.num_workers = 14, stage.utilisation = 0.5;
  EXPECT_EQ(
      StageSummaryLine(stage),
      R"({"message_type":"summary","command":"write","plan_id":"0123456789abcdef","directory":"p",)"
      R"("destination":"/d","already_done":true,"first_source":1,"num_sources":2,)"
      R"("num_episodes":3,"num_frames":4,"first_file":5,"num_files":6,"num_files_written":7,)"
      R"("num_files_skipped":8,"payload_bytes":9,"size_bytes":10,"copied_bytes":11,)"
      R"("shared_bytes":12,"encoded_bytes":13,"num_warnings":1,"num_skipped":0,)"
      R"("stages":[{"stage":"read","seconds":0.5}],"seconds":2.5,"num_workers":14,)"
      R"("utilisation":0.5})"
      "\n");
}

TEST(JsonLines, LinesOfAVerificationAreAsDocumented) {
  const Finding finding = {"V-index", "wrong", 3, "index", std::nullopt, "1", "2", "d/x"};
  EXPECT_EQ(
      FindingLine(finding),
      R"({"message_type":"finding","kind":"V-index","what":"wrong","episode":3,"column":"index",)"
      R"("frame":null,"where":"d/x","expected":"1","found":"2"})"
      "\n");
  VerifyReport report;
  report.destination = "d";
  report.num_sources = 1, report.num_episodes = 2, report.num_rows = 3;
  report.num_video_frames = 4, report.checked_bytes = 5;
  report.findings = {finding};
  report.num_findings = 1001, report.num_workers = 7, report.seconds = 0.5;
  EXPECT_EQ(
      VerifySummaryLine(report, 3),
      R"({"message_type":"summary","destination":"d","num_sources":1,"num_episodes":2,)"
      R"("num_rows":3,"num_video_frames":4,"checked_bytes":5,"num_hashed_files":0,"is_complete":true,)"
      R"("num_findings":1001,"num_workers":7,"seconds":0.5,"exit_code":3})"
      "\n");
}

TEST(JsonLines, LinesOfAnInspectionAreAsDocumented) {
  InspectReport report;
  report.root = "a", report.version = "v3.0", report.fps = "30", report.robot_type = "so100";
  report.num_episodes = 1, report.num_frames = 2;
  report.tasks = {"stack"};
  report.features = {{"x", "f4", "[6]"}};
  report.files = {{"data/x", "data", 3, 4, "one row group"}};
  report.warnings = {Problem(Code::kUnsupported, "odd").Kind("W-odd")};
  report.notes = {{"N-codec", "played", {}, "top", {}, "", "hevc", "videos/x"}};
  report.findings = {{"V-index", "wrong", 0, "index", 1, "1", "2", "data/x"}};
  report.num_findings = 1001;
  EXPECT_EQ(
      InspectLines(report, 3),
      R"({"message_type":"dataset","root":"a","version":"v3.0","fps":"30","robot_type":"so100",)"
      R"("num_episodes":1,"num_frames":2,"tasks":["stack"],)"
      R"("features":[{"name":"x","dtype":"f4","shape":"[6]"}]})"
      "\n"
      R"({"message_type":"file","path":"data/x","kind":"data","size_bytes":3,"num_rows":4,)"
      R"("what":"one row group"})"
      "\n"
      R"({"message_type":"warning","code":"unsupported","kind":"W-odd","what":"odd","source":"",)"
      R"("where":"","expected":"","found":"","hint":"","context":[]})"
      "\n"
      R"({"message_type":"note","kind":"N-codec","what":"played","episode":null,"column":"top",)"
      R"("frame":null,"where":"videos/x","expected":"","found":"hevc"})"
      "\n"
      R"({"message_type":"finding","kind":"V-index","what":"wrong","episode":0,"column":"index",)"
      R"("frame":1,"where":"data/x","expected":"1","found":"2"})"
      "\n"
      R"({"message_type":"summary","num_files":1,"num_warnings":1,"num_problems":0,"num_notes":1,)"
      R"("num_findings":1001,"exit_code":3})"
      "\n");
}

}  // namespace
}  // namespace robomerge::cli
