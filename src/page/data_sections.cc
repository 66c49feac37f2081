// What the dataset holds.
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "page/charts.h"
#include "page/sections.h"

namespace robomerge::page {
namespace {

constexpr size_t kMostLengthBins = 40, kNumExtremes = 5;
constexpr size_t kMostLeadBytes = 120;
// Of features of more elements the table is closed at first.
constexpr size_t kMostOpenElements = 96, kMostElements = 2048;

// Of few episodes, bins that still hold some of them.
size_t NumLengthBins(size_t num_episodes) {
  return std::clamp<size_t>(
      static_cast<size_t>(std::lround(2 * std::sqrt(static_cast<double>(num_episodes)))), 5,
      kMostLengthBins);
}

std::string Duration(const PageFacts& facts, uint64_t num_frames) {
  if (!(facts.frames_per_second > 0)) return "";
  return FormatSeconds(static_cast<double>(num_frames) / facts.frames_per_second);
}

Html LengthTile(const PageFacts& facts, const char* name, uint64_t num_frames) {
  return Tile(name, CountText(num_frames, "frame"), Duration(facts, num_frames));
}

// Of a length that may lie between whole frames, `sum` of so many.
Html MeanTile(const PageFacts& facts, const char* name, uint64_t sum, uint64_t count) {
  const uint64_t tenths = (10 * sum + count / 2) / count;
  if (tenths % 10 == 0) return LengthTile(facts, name, tenths / 10);
  return Tile(name, StrCat(WithSeparators(tenths / 10), ".", tenths % 10, " frames"),
              Duration(facts, (sum + count / 2) / count));
}

Html NumberCell(uint64_t number) {
  return Piece("<td class=\"n\">", WithSeparators(number), "</td>");
}
Html NumberCell(double number) { return Piece("<td class=\"n\">", NumberText(number), "</td>"); }
Html TextCell(const std::string& text) { return Piece("<td class=\"n\">", text, "</td>"); }

// Share of the episodes, with a bar.
Html ShareCell(uint64_t part, uint64_t whole) {
  return Piece("<td><span class=\"part\">", ShareBar(part, whole), "<b>", ShareText(part, whole),
               "</b></span></td>");
}

Html ExtremesTable(const PageFacts& facts, const char* caption,
                   const std::vector<EpisodeLength>& lengths) {
  return Table(caption, {{"Episode"}, {"Frames", true}, {"Duration", true}}, lengths.size(),
               [&](size_t at) {
                 return Piece("<td>", WithSeparators(lengths[at].episode), "</td>",
                              NumberCell(lengths[at].num_frames),
                              TextCell(Duration(facts, lengths[at].num_frames)));
               });
}

using Element = StatsReport::Element;

std::string LostText(const Element& element) {
  std::string text;
  if (element.num_nan > 0) text = WithSeparators(element.num_nan) + " not a number";
  if (element.num_infinite > 0)
    text += (text.empty() ? "" : ", ") + WithSeparators(element.num_infinite) + " infinite";
  return text;
}

Html ElementRow(const Element& element) {
  Html row = Piece("<tr><th scope=\"row\" dir=\"auto\">", CellText(element.name));
  if (const std::string lost = LostText(element); !lost.empty())
    row.Add("<br><small class=\"warn\">", lost, "</small>");
  row.Add("</th>");
  if (element.num_values == 0)
    return row.Add("<td class=\"soft\" colspan=\"8\">no finite value</td></tr>\n");
  if (element.min == element.max) {
    row.Add("<td class=\"soft\">constant</td>");
  } else {
    row.Add("<td>",
            DistributionChart(element.histogram, element.min, element.max,
                              {element.q01, element.q10, element.q50, element.q90, element.q99},
                              "median " + NumberText(element.q50)),
            "</td>");
  }
  for (const double number :
       {element.min, element.q01, element.q50, element.q99, element.max, element.mean, element.std})
    row.Add(NumberCell(number));
  return row.Add("</tr>\n");
}

Html FeatureDetails(const PageFacts& facts, const std::vector<const Element*>& elements,
                    bool is_open) {
  const std::string& name = elements.front()->feature;
  std::string form;
  for (const InspectReport::Feature& feature : facts.inspected.features) {
    if (feature.name == name) form = feature.dtype + " " + feature.shape;
  }
  Html details = Piece("<details");
  if (is_open) details.Add(" open");
  details.Add(
      "><summary><span><code>", CellText(name), "</code> <span class=\"soft\">",
      CountText(elements.size(), "dimension"), ", ", form,
      "</span></span></summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
      CellText(name),
      "\"><table class=\"dims\"><thead><tr><th scope=\"col\">Dimension</th>"
      "<th scope=\"col\">Distribution</th><th scope=\"col\" class=\"n\">least</th>"
      "<th scope=\"col\" class=\"n\">1 %</th><th scope=\"col\" class=\"n\">median</th>"
      "<th scope=\"col\" class=\"n\">99 %</th><th scope=\"col\" class=\"n\">greatest</th>"
      "<th scope=\"col\" class=\"n\">mean</th><th scope=\"col\" class=\"n\">deviation</th>"
      "</tr></thead><tbody>\n");
  for (const Element* element : elements) details.Add(ElementRow(*element));
  return details.Add("</tbody></table></div></details>\n");
}

}  // namespace

Html Lead(const PageFacts& facts) {
  std::vector<std::string> parts;
  if (!facts.lengths.empty()) {
    parts.push_back(CountText(facts.lengths.size(), "episode"));
    if (facts.frames_per_second > 0) parts.push_back(Duration(facts, facts.inspected.num_frames));
  }
  if (facts.tasks.size() == 1) parts.push_back(Shortened(facts.tasks.front().text, kMostLeadBytes));
  if (facts.tasks.size() > 1) parts.push_back(CountText(facts.tasks.size(), "task"));
  if (!facts.sources.empty())
    parts.push_back("merged from " + CountText(facts.sources.size(), "source"));
  if (facts.is_partial) parts.push_back("not all of it could be read");
  return Piece(Join(parts, " · "));
}

Section OverviewSection(const PageFacts& facts) {
  const InspectReport& inspected = facts.inspected;
  Section section{"overview", "Overview", {}};
  if (inspected.version.empty() && inspected.features.empty()) return section;
  Html& body = section.body;
  body.Add("<dl class=\"tiles\">");
  if (!facts.lengths.empty()) {
    body.Add(Tile("Episodes", WithSeparators(facts.lengths.size())));
    body.Add(Tile("Frames", WithSeparators(inspected.num_frames)));
    if (facts.frames_per_second > 0)
      body.Add(Tile("Duration", Duration(facts, inspected.num_frames),
                    "at " + NumberText(facts.frames_per_second) + " frames per second"));
    body.Add(Tile("Payload", FormatBytes(facts.payload_bytes),
                  CountText(inspected.files.size(), "file")));
  }
  body.Add(Tile("Tasks", WithSeparators(inspected.tasks.size())));
  if (!facts.sources.empty()) body.Add(Tile("Sources", WithSeparators(facts.sources.size())));
  if (!inspected.robot_type.empty()) body.Add(Tile("Robot", CellText(inspected.robot_type)));
  if (!inspected.version.empty()) body.Add(Tile("Format", inspected.version));
  body.Add("</dl>\n");
  if (inspected.features.empty()) return section;
  body.Add("<details class=\"first\"><summary><span>",
           CountText(inspected.features.size(), "feature"),
           " <span class=\"soft\">as info.json declares them</span></span></summary>");
  body.Add(Table("Columns and cameras", {{"Name"}, {"Type"}, {"Shape"}}, inspected.features.size(),
                 [&](size_t at) {
                   const InspectReport::Feature& feature = inspected.features[at];
                   return Piece("<th scope=\"row\"><code>", CellText(feature.name),
                                "</code></th><td>", CellText(feature.dtype), "</td><td><code>",
                                CellText(feature.shape), "</code></td>");
                 }));
  body.Add("</details>");
  return section;
}

Section SourcesSection(const PageFacts& facts) {
  Section section{"sources", "Sources", {}};
  if (facts.sources.empty()) return section;
  uint64_t num_episodes = 0;
  for (const SourceShare& source : facts.sources) num_episodes += source.num_episodes;
  section.body.Add(
      "<p class=\"about\">What the dataset was merged from, in its order, as the record of the "
      "merge says.");
  if (facts.num_left_out > 0)
    section.body.Add(" Of ", CountText(facts.num_left_out, "source"), " something was left out.");
  section.body.Add("</p>\n");
  section.body.Add(Table(
      "Episodes from each source",
      {{"Source"}, {"Episodes", true}, {"Frames", true}, {"Share of episodes"}},
      facts.sources.size(),
      [&](size_t at) {
        const SourceShare& source = facts.sources[at];
        Html row = Piece("<th scope=\"row\" dir=\"auto\">");
        if (!source.name.empty()) row.Add(CellText(source.name));
        if (!source.location.empty() && source.location != source.name) {
          if (!source.name.empty()) row.Add("<br>");
          row.Add("<span class=\"path\">", CellText(source.location), "</span>");
        }
        if (source.name.empty() && source.location.empty())
          row.Add("<span class=\"soft\">source ", WithSeparators(at + 1), "</span>");
        return row.Add("</th>", NumberCell(source.num_episodes), NumberCell(source.num_frames),
                       ShareCell(source.num_episodes, num_episodes));
      },
      "cards shares"));
  return section;
}

Section EpisodesSection(const PageFacts& facts) {
  Section section{"episodes", "Episodes", {}};
  if (facts.lengths.empty()) return section;
  std::vector<EpisodeLength> sorted = facts.lengths;
  std::ranges::stable_sort(sorted, {}, &EpisodeLength::num_frames);
  std::vector<uint64_t> numbers;
  for (const EpisodeLength& one : sorted) numbers.push_back(one.num_frames);
  const uint64_t sum = std::accumulate(numbers.begin(), numbers.end(), uint64_t{0});
  Html& body = section.body;
  body.Add(
      "<dl class=\"tiles\">", LengthTile(facts, "Shortest", numbers.front()),
      MeanTile(facts, "Median", numbers[(numbers.size() - 1) / 2] + numbers[numbers.size() / 2], 2),
      MeanTile(facts, "Mean", sum, numbers.size()), LengthTile(facts, "Longest", numbers.back()),
      "</dl>\n");
  const CountedRange range = CountIntoBins(numbers, NumLengthBins(numbers.size()));
  if (range.counts.size() > 1) {
    const uint64_t most = *std::ranges::max_element(range.counts);
    body.Add("<h3>Lengths</h3>\n",
             BarsChart(range.counts, StrCat("Lengths of episodes, from ", range.least, " to ",
                                            range.greatest, " frames")),
             "<div class=\"axis\"><span>", CountText(range.least, "frame"),
             "</span><span>tallest bar: ", CountText(most, "episode"), "</span><span>",
             CountText(range.greatest, "frame"), "</span></div>\n");
  } else {
    body.Add("<p>All episodes have ", CountText(range.least, "frame"), ".</p>\n");
  }
  if (sorted.size() > 2 * kNumExtremes && range.counts.size() > 1) {
    const std::vector<EpisodeLength> shortest(sorted.begin(), sorted.begin() + kNumExtremes);
    std::ranges::stable_sort(sorted, std::greater(), &EpisodeLength::num_frames);
    const std::vector<EpisodeLength> longest(sorted.begin(), sorted.begin() + kNumExtremes);
    body.Add("<div class=\"cameras\">", ExtremesTable(facts, "The shortest", shortest),
             ExtremesTable(facts, "The longest", longest), "</div>\n");
  }
  return section;
}

Section TasksSection(const PageFacts& facts) {
  Section section{"tasks", "Tasks", {}};
  if (facts.tasks.empty()) return section;
  section.body.Add(Table(
      "Tasks, those of most frames first",
      {{"Task"}, {"Episodes", true}, {"Frames", true}, {"Share of frames"}}, facts.tasks.size(),
      [&](size_t at) {
        const TaskUse& task = facts.tasks[at];
        Html row = Piece("<th scope=\"row\" dir=\"auto\">");
        if (task.text.empty())
          row.Add("<span class=\"soft\">(empty text)</span>");
        else
          row.Add(CellText(task.text));
        return row.Add("</th>", NumberCell(task.num_episodes), NumberCell(task.num_frames),
                       ShareCell(task.num_frames, facts.inspected.num_frames));
      },
      "cards shares"));
  return section;
}

Section DistributionsSection(const PageFacts& facts) {
  Section section{"distributions", "Distributions", {}};
  const std::vector<Element>& elements = facts.stats.elements;
  if (elements.empty()) return section;
  Html& body = section.body;
  body.Add(
      "<p class=\"about\">All values of every dimension, counted in equal steps from the least to "
      "the "
      "greatest. Below each: a line over 98 % of the values, a thicker one over the middle "
      "80 %, and a tick at the median.</p>\n");
  size_t num_shown = 0;
  for (size_t at = 0; at < std::min(elements.size(), kMostElements);) {
    std::vector<const Element*> own;
    for (const std::string& feature = elements[at].feature;
         at < std::min(elements.size(), kMostElements) && elements[at].feature == feature; ++at)
      own.push_back(&elements[at]);
    body.Add(FeatureDetails(facts, own, num_shown + own.size() <= kMostOpenElements));
    num_shown += own.size();
  }
  if (elements.size() > num_shown)
    body.Add("<p class=\"more\">and ", CountText(elements.size() - num_shown, "dimension"),
             " more</p>\n");
  return section;
}

}  // namespace robomerge::page
