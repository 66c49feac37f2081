// What only the merge knows.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "page/charts.h"
#include "page/sections.h"

namespace robomerge::page {
namespace {

using schedule::NodeEvent;

constexpr size_t kMostWorkers = 64, kMostNamedSources = 1;

// What is of one name has one colour in all charts.
size_t ColourOf(const std::string& work) {
  static constexpr const char* kNames[] = {"describe", "combine", "plan", "write", "publish"};
  if (work == "read") return 0;
  const auto* const found = std::ranges::find(kNames, std::string_view(work));
  if (found != std::end(kNames)) return static_cast<size_t>(found - std::begin(kNames));
  return work == "verify" ? 5 : work == "measure" ? 6 : kNumColours - 1;
}

std::vector<size_t> ColoursOf(const std::vector<std::string>& works) {
  std::vector<size_t> colours;
  for (const std::string& work : works) colours.push_back(ColourOf(work));
  return colours;
}

void AddBytes(const MergeReport& report, Html& body) {
  const uint64_t whole = report.copied_bytes + report.shared_bytes + report.encoded_bytes;
  if (whole == 0) return;
  const std::string texts[] = {
      FormatBytes(report.copied_bytes) + " copied as they were",
      FormatBytes(report.shared_bytes) + " shared with the sources, no new space",
      FormatBytes(report.encoded_bytes) + " encoded anew"};
  constexpr size_t kColours[] = {0, 2, 1};
  body.Add("<h3>Bytes</h3>\n",
           StackedBar(
               {static_cast<double>(report.copied_bytes), static_cast<double>(report.shared_bytes),
                static_cast<double>(report.encoded_bytes)},
               {std::begin(kColours), std::end(kColours)}, "Bytes copied, shared and encoded"),
           "<ul class=\"key\">");
  for (size_t at = 0; at < std::size(texts); ++at) body.Add(KeyEntry(kColours[at], texts[at]));
  body.Add("</ul>\n");
}

void AddStages(const MergeReport& report, Html& body) {
  if (report.stages.empty()) return;
  std::vector<double> seconds;
  std::vector<size_t> colours;
  for (const StageTime& stage : report.stages)
    seconds.push_back(stage.seconds), colours.push_back(ColourOf(stage.stage));
  body.Add("<h3>Stages</h3>\n", StackedBar(seconds, colours, "Time of each stage"),
           "<ul class=\"key\">");
  for (size_t at = 0; at < report.stages.size(); ++at)
    body.Add(KeyEntry(colours[at],
                      report.stages[at].stage + " " + FormatSeconds(report.stages[at].seconds)));
  body.Add("</ul>\n");
}

void AddTree(const MergeFacts& merge, Html& body) {
  std::map<int, uint64_t> nodes;  // by level
  for (const NodeEvent& event : merge.events) {
    if (event.category == "describe" || event.category == "combine") ++nodes[event.level];
  }
  if (nodes.size() < 2) return;
  uint64_t num_combined = 0;
  for (const auto& [level, number] : nodes) num_combined += level == 0 ? 0 : number;
  // What was left out is a leaf too.
  const uint64_t num_leaves = nodes.begin()->second;
  body.Add("<h3>Tree</h3>\n<p class=\"about\">", CountText(num_leaves, "source"),
           " described (the lowest line), and combined ", WithSeparators(num_combined),
           " times in ", CountText(nodes.size() - 1, "level"),
           " up to the one that was planned.</p>\n",
           TreeChart(merge.events, num_leaves, "The tree in which descriptions were combined"));
}

void AddTimeline(const MergeFacts& merge, Html& body) {
  if (merge.events.empty()) return;
  std::vector<std::string> categories;
  std::map<std::string, std::pair<uint64_t, double>> sums;
  std::set<int> workers;
  int64_t begin_ns = merge.events.front().start_ns, end_ns = begin_ns;
  for (const NodeEvent& event : merge.events) {
    if (!sums.contains(event.category)) categories.push_back(event.category);
    auto& [number, seconds] = sums[event.category];
    ++number, seconds += static_cast<double>(event.end_ns - event.start_ns) * 1e-9;
    workers.insert(event.worker);
    begin_ns = std::min(begin_ns, event.start_ns), end_ns = std::max(end_ns, event.end_ns);
  }
  const std::vector<size_t> colours = ColoursOf(categories);
  body.Add(
      "<h3>Timeline</h3>\n<p class=\"about\">A line for each worker.</p>\n",
      TimelineChart(merge.events, categories, colours, kMostWorkers, "What each worker did when"),
      "<div class=\"axis\"><span>0</span><span>",
      FormatSeconds(static_cast<double>(end_ns - begin_ns) * 1e-9), "</span></div>");
  if (workers.size() > kMostWorkers)
    body.Add("<p class=\"more\">and ", CountText(workers.size() - kMostWorkers, "worker"),
             " more</p>");
  body.Add("<ul class=\"key\">");
  for (size_t at = 0; at < categories.size(); ++at) {
    const auto& [number, seconds] = sums[categories[at]];
    body.Add(KeyEntry(colours[at], categories[at] + ": " + CountText(number, "task") + ", " +
                                       FormatSeconds(seconds)));
  }
  body.Add("</ul>\n");
}

void AddFiles(const MergeReport& report, Html& body) {
  body.Add("<h3>Files</h3>\n",
           Table(
               "Files of the result, in the order of the plan",
               {{"Path"}, {"Made by"}, {"Size", true}, {"Episodes", true}, {"From"}},
               report.files.size(),
               [&](size_t at) {
                 const ReportedFile& file = report.files[at];
                 Html row = Piece("<th scope=\"row\"><code>", CellText(file.path),
                                  "</code></th><td>", NameOf(file.mode), "</td><td class=\"n\">",
                                  FormatBytes(file.size_bytes), "</td><td class=\"n\">",
                                  file.num_episodes == 0 ? "" : WithSeparators(file.num_episodes),
                                  "</td><td>");
                 for (size_t source = 0; source < std::min(file.sources.size(), kMostNamedSources);
                      ++source) {
                   if (source > 0) row.Add("<br>");
                   row.Add("<span class=\"path\">", CellText(file.sources[source]), "</span>");
                 }
                 if (file.sources.size() > kMostNamedSources)
                   row.Add("<br><span class=\"soft\">and ",
                           WithSeparators(file.sources.size() - kMostNamedSources), " more</span>");
                 return row.Add("</td>");
               },
               "cards files"));
}

void AddLeftOut(const MergeReport& report, Html& body) {
  if (report.skipped.empty()) return;
  body.Add("<h3>Left out</h3>\n",
           Table("What could not be merged", {{"Source"}, {"Episodes"}, {"Why"}},
                 report.skipped.size(), [&](size_t at) {
                   const Skipped& one = report.skipped[at];
                   const std::string why = one.reasons.empty() ? ""
                                                               : one.reasons.front().kind + ": " +
                                                                     one.reasons.front().what;
                   return Piece("<th scope=\"row\"><span class=\"path\">",
                                CellText(one.name.empty() ? one.source : one.name),
                                "</span></th><td>",
                                one.is_whole() ? std::string("all") : CellText(one.episodes),
                                "</td><td>", CellText(why), "</td>");
                 }));
}

}  // namespace

Section MergeSection(const PageFacts& facts) {
  Section section{"merge", "Merge", {}};
  if (!facts.merge) return section;
  const MergeReport& report = facts.merge->report;
  Html& body = section.body;
  if (report.already_done)
    body.Add(
        "<p class=\"about\">The destination held this very result already. Nothing was "
        "written.</p>\n");
  body.Add("<dl class=\"tiles\">", Tile("Sources", WithSeparators(report.num_sources)),
           Tile("Files", WithSeparators(report.files.size()), FormatBytes(report.size_bytes)),
           Tile("Written", WithSeparators(report.num_files_written),
                report.num_files_skipped == 0
                    ? ""
                    : WithSeparators(report.num_files_skipped) + " by an earlier run"),
           Tile("Took", FormatSeconds(report.seconds),
                "longest chain " + FormatSeconds(report.critical_path_seconds)),
           Tile("Workers", WithSeparators(static_cast<uint64_t>(std::max(report.num_workers, 0))),
                NumberText(static_cast<double>(static_cast<int>(report.utilisation * 100 + 0.5))) +
                    " % busy"),
           "</dl>\n");
  AddBytes(report, body);
  AddStages(report, body);
  AddLeftOut(report, body);
  AddTree(*facts.merge, body);
  AddTimeline(*facts.merge, body);
  AddFiles(report, body);
  return section;
}

}  // namespace robomerge::page
