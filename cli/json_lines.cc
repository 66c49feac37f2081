#include "cli/json_lines.h"

#include "formats/json/fields.h"

namespace robomerge::cli {
namespace {

using json::Json;

std::string Line(const Json& fields) {
  return fields.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json Message(const char* type) { return Json{{"message_type", type}}; }

// Adds the fields of a value to a line. Of a list whose elements have lines of their own only the
// length is added, as num_NAME. If the value has a field of that name, its number is taken instead.
class AddToLine {
 public:
  explicit AddToLine(Json& fields) : fields_(fields) {}

  void operator()(const char* name, const auto& value) const {
    fields_[name] = json::ToJson(value);
  }
  void operator()(const char* name, const std::vector<ReportedFile>& files) const {
    Count(name, files);
  }
  void operator()(const char* name, const std::vector<InspectReport::File>& files) const {
    Count(name, files);
  }
  void operator()(const char* name, const std::vector<StatsReport::Element>& elements) const {
    Count(name, elements);
  }
  void operator()(const char* name, const std::vector<Problem>& problems) const {
    Count(name, problems);
  }
  void operator()(const char* name, const std::vector<Skipped>& skipped) const {
    Count(name, skipped);
  }
  void operator()(const char* name, const std::vector<Finding>& findings) const {
    Count(name, findings);
  }
  void operator()(const char* name,
                  const std::vector<CompareReport::Difference>& differences) const {
    Count(name, differences);
  }

 private:
  void Count(const std::string& name, const auto& list) const {
    fields_["num_" + name] = list.size();
  }

  Json& fields_;
};

template <typename Value>
Json Message(const char* type, const Value& value) {
  Json fields = Message(type);
  Value::VisitFields(value, AddToLine(fields));
  return fields;
}

}  // namespace

std::string StageLine(const std::string& stage) {
  Json fields = Message("stage");
  fields["stage"] = stage;
  return Line(fields);
}

std::string StatusLine(const ProgressState& state) {
  Json fields = Message("status");
  fields["stage"] = state.counts.stage;
  fields["elapsed_seconds"] = state.elapsed_seconds;
  MergeProgress::VisitFields(state.counts, AddToLine(fields));
  fields["remaining_seconds"] = json::ToJson(RemainingSeconds(state));
  return Line(fields);
}

std::string WarningLine(const Problem& problem) { return Line(Message("warning", problem)); }

std::string ProblemLine(const Problem& problem) { return Line(Message("problem", problem)); }

std::string ErrorLine(const Problem& problem, int exit_code) {
  Json fields = Message("error", problem);
  fields["exit_code"] = exit_code;
  return Line(fields);
}

std::string SkippedLine(const Skipped& skipped) {
  Json fields = Message("skipped");
  Skipped::VisitFields(skipped, json::AddTo(fields));
  return Line(fields);
}

std::string SourceLine(const LoggedSource& source) { return Line(Message("source", source)); }

std::string EpisodeLine(const ListedEpisode& episode) { return Line(Message("episode", episode)); }

std::string FileLine(const ReportedFile& file) { return Line(Message("file", file)); }

std::string SummaryLine(const MergeReport& report) { return Line(Message("summary", report)); }

std::string StageSummaryLine(const StageReport& report) { return Line(Message("summary", report)); }

std::string PushSummaryLine(const Json& report) {
  Json fields = Message("summary");
  for (const auto& [name, value] : report.items()) fields[name] = value;
  return Line(fields);
}

std::string FindingLine(const Finding& finding) { return Line(Message("finding", finding)); }

std::string VerifySummaryLine(const VerifyReport& report, int exit_code) {
  Json fields = Message("summary", report);
  fields["exit_code"] = exit_code;
  return Line(fields);
}

std::string StatsLines(const StatsReport& report, int exit_code) {
  std::string lines;
  for (const StatsReport::Element& element : report.elements)
    lines += Line(Message("element", element));
  for (const Finding& note : report.notes) lines += Line(Message("note", note));
  for (const Finding& finding : report.findings) lines += FindingLine(finding);
  Json summary = Message("summary", report);
  summary["exit_code"] = exit_code;
  return lines + Line(summary);
}

std::string ReportLine(const PageReport& report, int exit_code) {
  Json summary = Message("summary", report);
  summary["exit_code"] = exit_code;
  return Line(summary);
}

std::string InspectLines(const InspectReport& report, int exit_code) {
  Json dataset = Message("dataset", report);
  Json summary = Message("summary");
  // The counts belong to the summary, which is the last line.
  for (const char* count :
       {"num_files", "num_warnings", "num_problems", "num_notes", "num_findings"}) {
    summary[count] = dataset[count];
    dataset.erase(count);
  }
  summary["exit_code"] = exit_code;
  std::string lines = Line(dataset);
  for (const InspectReport::File& file : report.files) lines += Line(Message("file", file));
  for (const Problem& warning : report.warnings) lines += WarningLine(warning);
  for (const Problem& problem : report.problems) lines += ProblemLine(problem);
  for (const Finding& note : report.notes) lines += Line(Message("note", note));
  for (const Finding& finding : report.findings) lines += FindingLine(finding);
  return lines + Line(summary);
}

std::string CompareLines(const CompareReport& report, int exit_code) {
  std::string lines;
  for (const CompareReport::Difference& difference : report.differences)
    lines += Line(Message("difference", difference));
  for (const Problem& problem : report.problems) lines += ProblemLine(problem);
  Json summary = Message("summary", report);
  summary["exit_code"] = exit_code;
  return lines + Line(summary);
}

}  // namespace robomerge::cli
