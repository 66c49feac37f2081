#include "to_python.h"

namespace robomerge::python {

namespace nb = nanobind;

nb::str ToPython(std::string_view text) {
  PyObject* object =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
  if (object == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(object);
}

nb::list ToPython(const std::vector<std::string>& texts) {
  nb::list list;
  for (const std::string& text : texts) list.append(ToPython(text));
  return list;
}

nb::dict ToPython(const MergeProgress& progress) {
  nb::dict dict;
  dict["stage"] = ToPython(progress.stage);
  dict["num_sources"] = progress.num_sources;
  dict["num_sources_read"] = progress.num_sources_read;
  dict["planned_bytes"] = progress.planned_bytes;
  dict["moved_bytes"] = progress.moved_bytes;
  dict["num_files"] = progress.num_files;
  dict["num_files_written"] = progress.num_files_written;
  return dict;
}

nb::list ToPython(const std::vector<Problem>& problems) {
  nb::list list;
  for (const Problem& problem : problems) {
    nb::dict dict;
    dict["code"] = ToPython(CodeName(problem.code));
    dict["kind"] = ToPython(problem.kind);
    dict["what"] = ToPython(problem.what);
    dict["source"] = ToPython(problem.source);
    dict["where"] = ToPython(problem.where);
    dict["expected"] = ToPython(problem.expected);
    dict["found"] = ToPython(problem.found);
    dict["hint"] = ToPython(problem.hint);
    dict["context"] = ToPython(problem.context);
    list.append(dict);
  }
  return list;
}

nb::dict ToPython(const MergeReport& report) {
  nb::list files;
  for (const ReportedFile& file : report.files) {
    nb::dict dict;
    dict["path"] = ToPython(file.path);
    dict["kind"] = ToPython(file.kind);
    dict["mode"] = ToPython(ModeName(file.mode));
    dict["size_bytes"] = file.size_bytes;
    dict["num_episodes"] = file.num_episodes;
    dict["sources"] = ToPython(file.sources);
    files.append(dict);
  }
  nb::list stages;
  for (const StageTime& stage : report.stages) {
    nb::dict dict;
    dict["stage"] = ToPython(stage.stage);
    dict["seconds"] = stage.seconds;
    stages.append(dict);
  }
  nb::dict dict;
  dict["destination"] = ToPython(report.destination);
  dict["plan_id"] = ToPython(report.plan_id);
  dict["dry_run"] = report.dry_run;
  dict["already_done"] = report.already_done;
  dict["num_sources"] = report.num_sources;
  dict["num_episodes"] = report.num_episodes;
  dict["num_frames"] = report.num_frames;
  dict["num_tasks"] = report.num_tasks;
  dict["files"] = files;
  dict["num_files_written"] = report.num_files_written;
  dict["num_files_skipped"] = report.num_files_skipped;
  dict["size_bytes"] = report.size_bytes;
  dict["copied_bytes"] = report.copied_bytes;
  dict["shared_bytes"] = report.shared_bytes;
  dict["encoded_bytes"] = report.encoded_bytes;
  dict["warnings"] = ToPython(report.warnings);
  dict["stages"] = stages;
  dict["seconds"] = report.seconds;
  dict["num_workers"] = report.num_workers;
  dict["utilisation"] = report.utilisation;
  dict["critical_path_seconds"] = report.critical_path_seconds;
  return dict;
}

nb::dict ToPython(const VerifyReport& report) {
  const auto number = [](const std::optional<uint64_t>& value) {
    return value ? nb::object(nb::int_(*value)) : nb::object(nb::none());
  };
  nb::list findings;
  for (const Finding& finding : report.findings) {
    nb::dict dict;
    dict["kind"] = ToPython(finding.kind);
    dict["what"] = ToPython(finding.what);
    dict["episode"] = number(finding.episode);
    dict["column"] = ToPython(finding.column);
    dict["frame"] = number(finding.frame);
    dict["expected"] = ToPython(finding.expected);
    dict["found"] = ToPython(finding.found);
    dict["where"] = ToPython(finding.where);
    findings.append(dict);
  }
  nb::dict dict;
  dict["destination"] = ToPython(report.destination);
  dict["num_sources"] = report.num_sources;
  dict["num_episodes"] = report.num_episodes;
  dict["num_rows"] = report.num_rows;
  dict["num_video_frames"] = report.num_video_frames;
  dict["checked_bytes"] = report.checked_bytes;
  dict["is_complete"] = report.is_complete;
  dict["findings"] = findings;
  dict["num_findings"] = report.num_findings;
  dict["num_workers"] = report.num_workers;
  dict["seconds"] = report.seconds;
  return dict;
}

nb::dict ToPython(const InspectReport& report) {
  nb::list features;
  for (const InspectReport::Feature& feature : report.features) {
    nb::dict dict;
    dict["name"] = ToPython(feature.name);
    dict["dtype"] = ToPython(feature.dtype);
    dict["shape"] = ToPython(feature.shape);
    features.append(dict);
  }
  nb::list files;
  for (const InspectReport::File& file : report.files) {
    nb::dict dict;
    dict["path"] = ToPython(file.path);
    dict["kind"] = ToPython(file.kind);
    dict["size_bytes"] = file.size_bytes;
    dict["num_rows"] = file.num_rows;
    dict["what"] = ToPython(file.what);
    files.append(dict);
  }
  nb::dict dict;
  dict["root"] = ToPython(report.root);
  dict["version"] = ToPython(report.version);
  dict["fps"] = ToPython(report.fps);
  dict["robot_type"] = ToPython(report.robot_type);
  dict["num_episodes"] = report.num_episodes;
  dict["num_frames"] = report.num_frames;
  dict["tasks"] = ToPython(report.tasks);
  dict["features"] = features;
  dict["files"] = files;
  dict["problems"] = ToPython(report.problems);
  dict["warnings"] = ToPython(report.warnings);
  return dict;
}

}  // namespace robomerge::python
