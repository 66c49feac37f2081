#include "inspect/inspect.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "describe/describe.h"
#include "inspect/notes.h"
#include "read/read.h"

namespace robomerge {
namespace {

std::string DataText(const DataFile& file) {
  const auto num_raw = std::count_if(file.episodes.begin(), file.episodes.end(),
                                     [](const EpisodeRows& rows) { return rows.is_row_group; });
  const std::string text =
      StrCat(file.episodes.size(), file.episodes.size() == 1 ? " episode" : " episodes", ", ");
  if (num_raw == static_cast<int64_t>(file.episodes.size())) return text + "one row group each";
  return text + StrCat(file.episodes.size() - static_cast<size_t>(num_raw),
                       " not in a row group of their own (will be decoded)");
}

std::string VideoText(const VideoKey& key, const VideoFile& file, FrameRate rate) {
  if (file.is_broken) return key.name + ": cannot be read";
  const mp4::StreamSummary& stream = file.stream;
  std::string text = StrCat(key.name, ": ", stream.codec, " ", stream.width, " x ", stream.height);
  if (!stream.own_file_reason.empty())
    return StrCat(text, ", must have a file of its own: ", stream.own_file_reason);
  if (!stream.OnFrameGrid(rate.numerator, rate.denominator))
    return text + ", must have a file of its own: frames do not lie on k / fps exactly";
  return text;
}

// What `verify` finds, less what the report says already, in the words of a finding.
void AddFindings(VerifyReport verified, InspectReport& report) {
  // "E-tasks" says all that "V-tasks" says, "W-stats-missing" what "V-stats" says of the same file.
  // The other warnings of stats.json say it of the features that they name.
  const auto is_said = [&report](const Finding& finding) {
    const std::string about = finding.kind.size() > 2 ? finding.kind.substr(2) : finding.kind;
    const std::string feature =
        StrCat("`", finding.column.substr(0, finding.column.rfind('/')), "`");
    return std::any_of(report.problems.begin(), report.problems.end(),
                       [&](const Problem& problem) { return problem.kind == "E-" + about; }) ||
           std::any_of(report.warnings.begin(), report.warnings.end(), [&](const Problem& warning) {
             if (about == "stray-file" && warning.kind == "W-unfinished-file")
               return finding.where == warning.where;
             return warning.kind.starts_with("W-" + about) &&
                    finding.where.starts_with(warning.where) &&
                    (about != "stats" || warning.kind == "W-stats-missing" ||
                     warning.what.find(feature) != std::string::npos);
           });
  };
  report.num_findings = verified.num_findings;
  for (Finding& finding : verified.findings) {
    if (is_said(finding))
      --report.num_findings;
    else
      report.findings.push_back(std::move(finding));
  }
}

}  // namespace

InspectReport InspectDataset(const std::string& root,
                             const std::shared_ptr<const Dataset>& dataset) {
  InspectReport report;
  report.root = root;
  const bool is_broken = std::ranges::any_of(dataset->video_keys, [](const VideoKey& key) {
    return std::ranges::any_of(key.files, &VideoFile::is_broken);
  });
  if (!is_broken) {
    const Result<Partial> described = Describe(dataset);
    report.problems = described.status().problems();
    report.warnings = described.ok() ? described->warnings.Flatten() : dataset->warnings;
  }
  report.version = dataset->version;
  report.fps = json::DumpLine(dataset->schema.fps);
  report.robot_type =
      dataset->schema.robot_type.is_string() ? dataset->schema.robot_type.get<std::string>() : "";
  report.num_episodes = dataset->episodes.size();
  report.num_frames = dataset->num_frames();
  report.tasks = dataset->tasks;
  for (const Feature& feature : dataset->schema.features) {
    report.features.push_back(
        {feature.name, feature.dtype(), json::DumpLine(feature.entry.value("shape", Json()))});
  }
  for (const DataFile& file : dataset->data_files) {
    uint64_t num_rows = 0;
    for (const EpisodeRows& rows : file.episodes) num_rows += rows.num_rows;
    report.files.push_back(
        {RelativeTo(root, file.path), "data", file.size_bytes, num_rows, DataText(file)});
  }
  for (const VideoKey& key : dataset->video_keys) {
    for (const VideoFile& file : key.files) {
      if (file.path.empty()) continue;  // broken so that it has no name
      report.files.push_back({RelativeTo(root, file.path), "video", file.stream.file_size_bytes,
                              file.stream.num_frames,
                              VideoText(key, file, dataset->schema.frame_rate())});
    }
  }
  for (size_t at = 0; at < dataset->episodes_files.size(); ++at) {
    const EpisodesFile& file = dataset->episodes_files[at];
    const auto num_rows =
        std::count_if(dataset->episodes.begin(), dataset->episodes.end(),
                      [&](const Episode& episode) { return episode.episodes_file == at; });
    report.files.push_back({RelativeTo(root, file.path), "episodes", file.size_bytes,
                            static_cast<uint64_t>(num_rows), ""});
  }
  report.notes = VideoNotes(*dataset);
  return report;
}

Result<InspectReport> InspectOn(const io::FileSystem& file_system, const std::string& root,
                                const InspectOptions& options, const ProgressCallback& progress,
                                const std::atomic<bool>* stop) {
  InspectReport report;
  report.root = root;
  Result<Dataset> read = ReadDataset(file_system, root);
  if (!read.ok()) {
    if (read.status().code() == Code::kNotFound && read.status().problems().size() == 1)
      return read.status();
    report.problems = read.status().problems();
    return report;
  }
  const auto dataset = std::make_shared<const Dataset>(std::move(read).value());
  report = InspectDataset(root, dataset);
  if (!options.read_data) return report;
  VerifyOptions reading;
  reading.num_workers = options.num_workers;
  reading.most_findings = options.most_findings;
  std::vector<FeatureProfile> profiles;
  ROBOMERGE_ASSIGN_OR_RETURN(VerifyReport verified, VerifyAndProfileOn(file_system, root, reading,
                                                                       profiles, progress, stop));
  AddFindings(std::move(verified), report);
  for (Finding& note : RowNotes(dataset->schema, root, profiles))
    report.notes.push_back(std::move(note));
  return report;
}

}  // namespace robomerge
