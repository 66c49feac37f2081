// What is wrong, and what is worth to know.
#include <map>

#include "base/text.h"
#include "page/sections.h"

namespace robomerge::page {
namespace {

constexpr size_t kMostPlaces = 20;

// One of a group. All texts may be empty.
struct Place {
  std::string where, what, expected, found, hint;
};

struct Group {
  std::string kind, what;
  std::vector<Place> places;
};

std::string EpisodesText(const std::vector<uint64_t>& episodes) {
  constexpr size_t kMostNumbers = 12;
  std::string text;
  for (size_t at = 0; at < std::min(episodes.size(), kMostNumbers); ++at)
    text += StrCat(at == 0 ? "" : ", ", episodes[at]);
  if (episodes.size() > kMostNumbers)
    text += StrCat(" and ", episodes.size() - kMostNumbers, " more");
  return (episodes.size() == 1 ? "episode " : "episodes ") + text;
}

Place PlaceOf(const Problem& problem) {
  Place place{problem.where, problem.what, problem.expected, problem.found, problem.hint};
  if (place.where.empty()) place.where = problem.source;
  if (!problem.episodes.empty())
    place.where += (place.where.empty() ? "" : ", ") + EpisodesText(problem.episodes);
  for (const std::string& context : problem.context) place.where += " (" + context + ")";
  return place;
}

Place PlaceOf(const Finding& finding) {
  Place place{finding.where, finding.what, finding.expected, finding.found, ""};
  const auto add = [&place](const std::string& text) {
    place.where += (place.where.empty() ? "" : ", ") + text;
  };
  if (!finding.column.empty()) add(finding.column);
  if (finding.episode) add(StrCat("episode ", *finding.episode));
  if (finding.frame) add(StrCat("frame ", *finding.frame));
  return place;
}

template <typename One>
std::vector<Group> GroupsOf(const std::vector<One>& all) {
  std::vector<Group> groups;
  std::map<std::string, size_t> by_kind;
  for (const One& one : all) {
    const auto [found, is_new] = by_kind.emplace(one.kind, groups.size());
    if (is_new) groups.push_back({one.kind, one.what, {}});
    groups[found->second].places.push_back(PlaceOf(one));
  }
  return groups;
}

Html PlaceItem(const Place& place, const Group& group, std::string& last_hint) {
  Html item = Piece("<li><span class=\"path\">", CellText(place.where), "</span>");
  if (place.what != group.what) item.Add("<br>", CellText(place.what));
  if (!place.expected.empty())
    item.Add("<br><span class=\"soft\">expected</span> ", CellText(place.expected));
  if (!place.found.empty())
    item.Add("<br><span class=\"soft\">found</span> ", CellText(place.found));
  if (!place.hint.empty() && place.hint != last_hint)
    item.Add("<br><span class=\"soft\">hint</span> ", CellText(place.hint));
  last_hint = place.hint;
  return item.Add("</li>\n");
}

Html GroupDetails(const Group& group, const char* sort, const char* style, bool is_open) {
  Html details = Piece("<details");
  if (is_open) details.Add(" open");
  details.Add("><summary><span class=\"tag ", std::string_view(style), "\">",
              std::string_view(sort), "</span><span>", CellText(group.what),
              " <span class=\"soft\">", group.kind);
  if (group.places.size() > 1) details.Add(", ", CountText(group.places.size(), "place"));
  details.Add("</span></span></summary><ul class=\"places\">\n");
  std::string last_hint;
  for (size_t at = 0; at < std::min(group.places.size(), kMostPlaces); ++at)
    details.Add(PlaceItem(group.places[at], group, last_hint));
  details.Add("</ul>");
  if (group.places.size() > kMostPlaces)
    details.Add("<p class=\"more\">and ", WithSeparators(group.places.size() - kMostPlaces),
                " more</p>");
  return details.Add("</details>\n");
}

template <typename One>
void AddGroups(const std::vector<One>& all, const char* sort, const char* style, bool is_open,
               Html& body) {
  for (const Group& group : GroupsOf(all)) body.Add(GroupDetails(group, sort, style, is_open));
}

// Warnings of the merge, which are of the sources, and those of what came of them.
std::vector<Problem> WarningsOf(const PageFacts& facts) {
  std::vector<Problem> warnings;
  if (facts.merge) warnings = facts.merge->report.warnings;
  warnings.insert(warnings.end(), facts.inspected.warnings.begin(), facts.inspected.warnings.end());
  return warnings;
}

// A finding of either is one of the page only once.
std::vector<Finding> NotesOf(const PageFacts& facts) {
  std::vector<Finding> notes = facts.inspected.notes;
  notes.insert(notes.end(), facts.stats.notes.begin(), facts.stats.notes.end());
  return notes;
}

}  // namespace

FindingCounts CountFindings(const PageFacts& facts) {
  FindingCounts counts;
  counts.num_problems = facts.inspected.problems.size() + facts.not_measured.size();
  counts.num_warnings = WarningsOf(facts).size();
  counts.num_notes = NotesOf(facts).size();
  counts.num_findings = facts.stats.num_findings;
  return counts;
}

Section FindingsSection(const PageFacts& facts) {
  Section section{"findings", "Findings", {}};
  Html& body = section.body;
  const FindingCounts counts = CountFindings(facts);
  if (counts.num_problems + counts.num_warnings + counts.num_notes + counts.num_findings == 0) {
    body.Add(
        "<p class=\"good\">Nothing is wrong, as far as metadata, file indexes and all numbers of "
        "the rows tell. <span class=\"soft\">Pictures were not decoded.</span></p>");
    return section;
  }
  body.Add("<p class=\"about\">");
  if (counts.num_problems == 0 && counts.num_findings == 0)
    body.Add("Metadata and file indexes show nothing for which a merge would refuse the dataset. ");
  if (facts.is_partial) body.Add("The dataset could not be read whole: this page shows the rest. ");
  if (counts.num_findings > 0) body.Add("A merge measures wrong statistics anew. ");
  body.Add("Notes are no faults. What each kind means: <code>docs/errors.md</code>.</p>\n");
  AddGroups(facts.inspected.problems, "problem", "bad", true, body);
  AddGroups(facts.not_measured, "problem", "bad", true, body);
  AddGroups(WarningsOf(facts), "warning", "warn", false, body);
  AddGroups(facts.stats.findings, "statistics", "warn", false, body);
  AddGroups(NotesOf(facts), "note", "soft", false, body);
  return section;
}

}  // namespace robomerge::page
