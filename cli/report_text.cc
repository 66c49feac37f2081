#include "cli/report_text.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "cli/quantity.h"
#include "cli/text_table.h"

namespace robomerge::cli {
namespace {

constexpr size_t kSourcesShown = 2;

std::string SourcesText(const std::vector<std::string>& sources, bool all) {
  if (sources.empty()) return "";
  std::string text = Separated(sources.size()) + ":";
  const size_t num_shown = all ? sources.size() : std::min(sources.size(), kSourcesShown);
  for (size_t at = 0; at < num_shown; ++at) text += (at == 0 ? " " : ", ") + sources[at];
  return num_shown < sources.size() ? text + ", ..." : text;
}

std::string StagesText(const MergeReport& report) {
  std::string text;
  for (const StageTime& stage : report.stages) {
    text += (text.empty() ? "" : ", ") + stage.stage + " " + SecondsText(stage.seconds);
  }
  return text;
}

std::string TookText(const MergeReport& report) {
  std::string text = SecondsText(report.seconds);
  if (!report.stages.empty()) text += ": " + StagesText(report);
  const long busy = std::lround(std::clamp(report.utilisation, 0.0, 1.0) * 100);
  return text + "\n  with  " +
         Counted(static_cast<uint64_t>(std::max(report.num_workers, 0)), "worker") + ", " +
         std::to_string(busy) + " % busy";
}

std::string ContentText(const MergeReport& report) {
  return Counted(report.num_episodes, "episode") + ", " + Counted(report.num_frames, "frame") +
         ", " + Counted(report.num_tasks, "task");
}

std::string FindingsText(const InspectReport& report) {
  std::string text = Counted(report.problems.size(), "problem") + ", " +
                     Counted(report.warnings.size(), "warning");
  if (report.num_findings > 0)
    text += ", " + Counted(report.num_findings, "finding") + " in rows and videos";
  if (!report.notes.empty()) text += ", " + Counted(report.notes.size(), "note");
  return text + "\n";
}

// What was made, the second half of the text of a success.
std::string WorkText(const MergeReport& report) {
  return "\n  made  " + ContentText(report) + "\n  in    " + Counted(report.files.size(), "file") +
         ", " + BytesText(report.size_bytes) + ": " + BytesText(report.copied_bytes) + " copied, " +
         BytesText(report.shared_bytes) + " shared, " + BytesText(report.encoded_bytes) +
         " encoded anew\n  took  " + TookText(report) + "\n";
}

}  // namespace

std::string FileTable(const MergeReport& report, bool all_sources) {
  TextTable table({false, true, false, false});
  table.Add({"file", "bytes", "how", "sources"});
  for (const ReportedFile& file : report.files) {
    table.Add({file.path, (file.is_estimate ? "~" : "") + Separated(file.size_bytes),
               std::string(NameOf(file.mode)), SourcesText(file.sources, all_sources)});
  }
  return table.Text();
}

std::string TotalsText(const MergeReport& report) {
  return Counted(report.files.size(), "file") + ", " + Counted(report.size_bytes, "byte") + " (" +
         BytesText(report.size_bytes) + "): " + BytesText(report.copied_bytes) + " copied, " +
         BytesText(report.shared_bytes) + " shared, " + BytesText(report.encoded_bytes) +
         " encoded anew\n" + Counted(report.num_sources, "dataset") + ", " + ContentText(report) +
         "\n";
}

std::string StageText(const StageReport& report) {
  const std::string moved = BytesText(report.size_bytes) + ": " + BytesText(report.copied_bytes) +
                            " copied, " + BytesText(report.shared_bytes) + " shared, " +
                            BytesText(report.encoded_bytes) + " encoded anew\n";
  if (report.stage == "describe") {
    if (report.num_sources == 0) return "Nothing to describe in this share\n";
    return (report.already_done ? "Described already: " : "Described ") +
           Counted(report.num_sources, "dataset") + "\n  into  " + OneLine(report.directory) + "\n";
  }
  if (report.stage == "plan") {
    return (report.already_done ? "Planned already: " : "Planned ") +
           Counted(report.num_units, "file") + " of " + Counted(report.num_sources, "dataset") +
           "\n  into  " + OneLine(report.directory) + "\n  for   " + OneLine(report.destination) +
           "\n  plan  " + report.plan_id + "\n";
  }
  if (report.stage == "write") {
    if (report.num_units == 0) return "Nothing to write in this share\n";
    if (report.already_done)
      return "Nothing to do: " + Counted(report.num_units, "file") +
             " of this share are written already\n";
    return "Wrote " + Counted(report.num_files_written, "file") + ", " + moved + "  done before  " +
           Counted(report.num_files_skipped, "file") + "\n";
  }
  if (report.already_done)
    return "Nothing to do: " + OneLine(report.destination) + " is this very merge already\n";
  return "Published " + Counted(report.num_units, "file") + ", " + BytesText(report.size_bytes) +
         "\n  at    " + OneLine(report.destination) + "\n";
}

std::string SuccessText(const MergeReport& report, const EditOptions* edit) {
  if (report.already_done && edit != nullptr && edit->converts)
    return "Nothing to do: " + OneLine(report.destination) + " is of this version already\n";
  if (report.already_done && edit != nullptr && edit->in_place)
    return "Nothing to do: " + OneLine(report.destination) +
           " is as this edit leaves it: a run that was stopped had done it, or it changes "
           "nothing\n";
  if (report.already_done)
    return "Nothing to do: " + OneLine(report.destination) + " is this very merge already\n";
  const std::string verb = edit == nullptr ? "Merged " : edit->converts ? "Converted " : "Edited ";
  const std::string old = edit != nullptr && edit->in_place && edit->backup
                              ? "\n  old   " + OneLine(report.destination) + "_old"
                              : "";
  return verb + Counted(report.num_sources, "dataset") + "\n  into  " +
         OneLine(report.destination) + old + WorkText(report);
}

std::string GrowthText(const MergeReport& report, bool is_append, bool backup) {
  const std::string destination = OneLine(report.destination);
  if (report.already_done && is_append) {
    return "Nothing to do: " + destination +
           " has these sources already; `--again` appends them once more\n";
  }
  if (report.already_done) {
    return "Nothing to do: a run that was stopped had taken this source out of " + destination +
           "\n";
  }
  const uint64_t num_new = report.num_sources - std::min<uint64_t>(report.num_sources, 1);
  return (is_append ? "Appended " + Counted(num_new, "dataset") + "\n  to    "
                    : "Took the episodes of a source out\n  of    ") +
         destination + (backup ? "\n  old   " + destination + "_old" : "") + WorkText(report);
}

std::string InspectText(const InspectReport& report) {
  std::string text = OneLine(report.root) + "\n";
  // Of a dataset that could not be read only the problems are known.
  if (report.version.empty()) return text + FindingsText(report);
  TextTable facts({false, false});
  facts.Add({"version", report.version});
  facts.Add({"fps", report.fps});
  facts.Add({"robot", report.robot_type.empty() ? "not named" : report.robot_type});
  facts.Add({"episodes", Separated(report.num_episodes)});
  facts.Add({"frames", Separated(report.num_frames)});
  text += facts.Text("  ") + "\n" + Counted(report.tasks.size(), "task") + "\n";
  for (const std::string& task : report.tasks) text += "  " + OneLine(task) + "\n";
  text += "\n" + Counted(report.features.size(), "feature") + "\n";
  TextTable features({false, false, false});
  for (const InspectReport::Feature& feature : report.features)
    features.Add({OneLine(feature.name), OneLine(feature.dtype), OneLine(feature.shape)});
  text += features.Text("  ");
  uint64_t size_bytes = 0;
  TextTable files({false, true, true, false});
  if (!report.files.empty()) files.Add({"file", "bytes", "rows", "content"});
  for (const InspectReport::File& file : report.files) {
    size_bytes += file.size_bytes;
    files.Add({file.path, Separated(file.size_bytes), Separated(file.num_rows), file.what});
  }
  text += "\n" + Counted(report.files.size(), "file") + ", " + BytesText(size_bytes) + "\n" +
          files.Text("  ");
  return text + "\n" + FindingsText(report);
}

}  // namespace robomerge::cli
