// The page about a dataset, and the one about a merge.
#include <chrono>

#include "merge/on_file_system.h"
#include "merge/run.h"
#include "merge/write_output.h"
#include "page/gather.h"
#include "publish/preflight.h"
#include "read/needed_files.h"

namespace robomerge {
namespace {

PageReport ReportOf(const page::PageFacts& facts, const std::string& root,
                    const std::string& output) {
  PageReport report;
  report.root = root;
  report.output = output;
  report.num_episodes = facts.lengths.size();
  report.num_frames = facts.inspected.num_frames;
  for (const page::Camera& camera : facts.cameras)
    report.num_thumbnails += camera.thumbnails.size();
  const page::FindingCounts counts = page::CountFindings(facts);
  report.num_problems = counts.num_problems;
  report.num_warnings = counts.num_warnings;
  report.num_notes = counts.num_notes;
  report.num_findings = counts.num_findings;
  return report;
}

}  // namespace

Output PageOutput(const std::string& path) { return {"report", path, true, page::kPageBegin}; }

Result<PageReport> WritePageOn(io::FileSystem& file_system, const std::string& root,
                               const std::string& output, const PageOptions& options,
                               const ProgressCallback& progress, const std::atomic<bool>* stop) {
  const auto start = std::chrono::steady_clock::now();
  if (output.empty())
    return Problem(Code::kInvalidArgument, "no file for the report").Kind("E-no-destination");
  if (options.num_workers < 0) {
    return Problem(Code::kInvalidArgument, "num_workers is negative")
        .Kind("E-options")
        .Found(std::to_string(options.num_workers));
  }
  ROBOMERGE_RETURN_NOT_OK(CheckOutputs(file_system, {PageOutput(output)}, {root}, ""));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto executor, schedule::MakeExecutor(options.num_workers));
  ROBOMERGE_ASSIGN_OR_RETURN(
      const page::PageFacts facts,
      page::GatherFacts(file_system, root, *executor, {options.thumbnails, options.tmp_root},
                        progress, stop));
  const std::string text = page::PageText(facts);
  ROBOMERGE_RETURN_NOT_OK(
      WriteOutput(file_system, output, text, true).OfKind("E-io").While("writing the report"));
  PageReport report = ReportOf(facts, root, output);
  report.size_bytes = text.size();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

Status Run::WritePage(const MergeReport& report, const std::vector<std::string>& locations,
                      const ProgressCallback& progress, const std::atomic<bool>* stop) {
  Result<page::PageFacts> facts =
      page::GatherFacts(file_system_, report.destination, *executor_,
                        {options_.report_thumbnails, ""}, progress, stop);
  ROBOMERGE_RETURN_NOT_OK(facts.status());
  facts->merge = page::MergeFacts{report, observer_.trace().events()};
  for (size_t source = 0;
       source < facts->sources.size() && facts->sources.size() == locations.size(); ++source) {
    const std::string address = HubAddressOf(locations[source]);
    facts->sources[source].location = address.empty() ? locations[source] : address;
  }
  return WriteOutput(file_system_, options_.report_path, page::PageText(*facts), options_.sync);
}

}  // namespace robomerge
