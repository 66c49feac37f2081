#include "cli/json_lines.h"

#include <nlohmann/json.hpp>

namespace robomerge::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Line(const Json& fields) {
  return fields.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json Message(const char* type) { return Json{{"message_type", type}}; }

Json ProblemFields(const char* type, const Problem& problem) {
  Json fields = Message(type);
  fields["code"] = CodeName(problem.code);
  fields["kind"] = problem.kind;
  fields["what"] = problem.what;
  fields["source"] = problem.source;
  fields["where"] = problem.where;
  fields["expected"] = problem.expected;
  fields["found"] = problem.found;
  fields["hint"] = problem.hint;
  fields["context"] = problem.context;
  return fields;
}

// What a merge and a single stage of one have in common.
template <typename Report>
void AddBytesAndTimes(const Report& report, Json& fields) {
  fields["size_bytes"] = report.size_bytes;
  fields["copied_bytes"] = report.copied_bytes;
  fields["shared_bytes"] = report.shared_bytes;
  fields["encoded_bytes"] = report.encoded_bytes;
  fields["num_warnings"] = report.warnings.size();
  fields["stages"] = Json::array();
  for (const StageTime& stage : report.stages) {
    fields["stages"].push_back(Json{{"stage", stage.stage}, {"seconds", stage.seconds}});
  }
  fields["seconds"] = report.seconds;
  fields["num_workers"] = report.num_workers;
  fields["utilisation"] = report.utilisation;
}

}  // namespace

std::string StageLine(const std::string& stage) {
  Json fields = Message("stage");
  fields["stage"] = stage;
  return Line(fields);
}

std::string StatusLine(const ProgressState& state) {
  const MergeProgress& counts = state.counts;
  Json fields = Message("status");
  fields["stage"] = counts.stage;
  fields["elapsed_seconds"] = state.elapsed_seconds;
  fields["num_sources"] = counts.num_sources;
  fields["num_sources_read"] = counts.num_sources_read;
  fields["planned_bytes"] = counts.planned_bytes;
  fields["moved_bytes"] = counts.moved_bytes;
  fields["num_files"] = counts.num_files;
  fields["num_files_written"] = counts.num_files_written;
  const std::optional<double> remaining = RemainingSeconds(state);
  fields["remaining_seconds"] = remaining ? Json(*remaining) : Json(nullptr);
  return Line(fields);
}

std::string WarningLine(const Problem& problem) { return Line(ProblemFields("warning", problem)); }

std::string ProblemLine(const Problem& problem) { return Line(ProblemFields("problem", problem)); }

std::string ErrorLine(const Problem& problem, int exit_code) {
  Json fields = ProblemFields("error", problem);
  fields["exit_code"] = exit_code;
  return Line(fields);
}

std::string FileLine(const ReportedFile& file) {
  Json fields = Message("file");
  fields["path"] = file.path;
  fields["kind"] = file.kind;
  fields["mode"] = ModeName(file.mode);
  fields["size_bytes"] = file.size_bytes;
  fields["num_episodes"] = file.num_episodes;
  fields["sources"] = file.sources;
  return Line(fields);
}

std::string SummaryLine(const MergeReport& report) {
  Json fields = Message("summary");
  fields["destination"] = report.destination;
  fields["dry_run"] = report.dry_run;
  fields["num_sources"] = report.num_sources;
  fields["num_episodes"] = report.num_episodes;
  fields["num_frames"] = report.num_frames;
  fields["num_tasks"] = report.num_tasks;
  fields["plan_id"] = report.plan_id;
  fields["already_done"] = report.already_done;
  fields["num_files"] = report.files.size();
  fields["num_files_written"] = report.num_files_written;
  fields["num_files_skipped"] = report.num_files_skipped;
  AddBytesAndTimes(report, fields);
  fields["critical_path_seconds"] = report.critical_path_seconds;
  return Line(fields);
}

std::string StageSummaryLine(const StageReport& report) {
  Json fields = Message("summary");
  fields["command"] = report.stage;
  fields["plan_id"] = report.plan_id;
  fields["directory"] = report.directory;
  fields["destination"] = report.destination;
  fields["already_done"] = report.already_done;
  fields["first_source"] = report.first_source;
  fields["num_sources"] = report.num_sources;
  fields["num_episodes"] = report.num_episodes;
  fields["num_frames"] = report.num_frames;
  fields["first_file"] = report.first_unit;
  fields["num_files"] = report.num_units;
  fields["num_files_written"] = report.num_files_written;
  fields["num_files_skipped"] = report.num_files_skipped;
  fields["payload_bytes"] = report.payload_bytes;
  AddBytesAndTimes(report, fields);
  return Line(fields);
}

std::string FindingLine(const Finding& finding) {
  Json fields = Message("finding");
  fields["kind"] = finding.kind;
  fields["what"] = finding.what;
  fields["episode"] = finding.episode ? Json(*finding.episode) : Json(nullptr);
  fields["column"] = finding.column;
  fields["frame"] = finding.frame ? Json(*finding.frame) : Json(nullptr);
  fields["where"] = finding.where;
  fields["expected"] = finding.expected;
  fields["found"] = finding.found;
  return Line(fields);
}

std::string VerifySummaryLine(const VerifyReport& report, int exit_code) {
  Json fields = Message("summary");
  fields["destination"] = report.destination;
  fields["num_sources"] = report.num_sources;
  fields["num_episodes"] = report.num_episodes;
  fields["num_rows"] = report.num_rows;
  fields["num_video_frames"] = report.num_video_frames;
  fields["checked_bytes"] = report.checked_bytes;
  fields["is_complete"] = report.is_complete;
  fields["num_findings"] = report.num_findings;
  fields["num_workers"] = report.num_workers;
  fields["seconds"] = report.seconds;
  fields["exit_code"] = exit_code;
  return Line(fields);
}

std::string InspectLines(const InspectReport& report, int exit_code) {
  Json dataset = Message("dataset");
  dataset["root"] = report.root;
  dataset["version"] = report.version;
  dataset["fps"] = report.fps;
  dataset["robot_type"] = report.robot_type;
  dataset["num_episodes"] = report.num_episodes;
  dataset["num_frames"] = report.num_frames;
  dataset["tasks"] = report.tasks;
  dataset["features"] = Json::array();
  for (const InspectReport::Feature& feature : report.features) {
    dataset["features"].push_back(
        Json{{"name", feature.name}, {"dtype", feature.dtype}, {"shape", feature.shape}});
  }
  std::string lines = Line(dataset);
  for (const InspectReport::File& file : report.files) {
    Json fields = Message("file");
    fields["path"] = file.path;
    fields["kind"] = file.kind;
    fields["size_bytes"] = file.size_bytes;
    fields["num_rows"] = file.num_rows;
    fields["what"] = file.what;
    lines += Line(fields);
  }
  for (const Problem& warning : report.warnings) lines += WarningLine(warning);
  for (const Problem& problem : report.problems) lines += ProblemLine(problem);
  Json summary = Message("summary");
  summary["num_files"] = report.files.size();
  summary["num_warnings"] = report.warnings.size();
  summary["num_problems"] = report.problems.size();
  summary["exit_code"] = exit_code;
  return lines + Line(summary);
}

}  // namespace robomerge::cli
