#include "merge/skipping.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "formats/json/fields.h"
#include "model/adaptation.h"

namespace robomerge {
namespace {

using json::Json;

// Whether a source is at fault, or a file that it should have and that cannot be read. Rules and
// requests are the user's, bugs are ours, and a machine may be short of what it needs.
bool IsOfSource(const Problem& problem) {
  switch (problem.code) {
    case Code::kNotFound:
    case Code::kIncompatible:
    case Code::kUnsupported:
    case Code::kCorrupt:
      return problem.kind != "E-rule" && problem.kind != "E-source-changed";
    case Code::kIo:
      return !problem.is_of_machine;
    case Code::kInvalidArgument:
    case Code::kAlreadyExists:
    case Code::kCancelled:
    case Code::kInternal:
      return false;
  }
  return false;
}

// Also those of episodes that were left out before the rest was found to be broken too.
Partial WithoutSource(const SourceSpec& source, SkipBroken wish, std::vector<Problem> reasons) {
  Partial none;
  none.skip_broken = wish;
  none.num_given = 1;
  none.skipped = {{0, source.location, source.name, "", std::move(reasons)}};
  return none;
}

}  // namespace

Result<Partial> DescribeWhatIsSound(
    const SourceSpec& source, SkipBroken wish,
    const std::function<Result<Partial>(const SourceSpec& source)>& describe) {
  Result<Partial> described = describe(source);
  if (wish == SkipBroken::kNothing) return described;
  std::vector<Problem> reasons;
  std::set<uint64_t> left_out;
  SourceSpec rest = source;
  while (!described.ok()) {
    const std::vector<Problem> problems = described.status().OfSource(source.location).problems();
    if (!std::ranges::all_of(problems, &IsOfSource)) return described;
    reasons.insert(reasons.end(), problems.begin(), problems.end());
    const size_t num_known = left_out.size();
    for (const Problem& problem : problems)
      left_out.insert(problem.episodes.begin(), problem.episodes.end());
    const bool is_whole =
        wish == SkipBroken::kSources || left_out.size() == num_known ||
        std::ranges::any_of(problems, [](const Problem& one) { return one.episodes.empty(); });
    if (is_whole) return WithoutSource(source, wish, std::move(reasons));
    rest.adaptation.left_out = EpisodesText(RangesOf({left_out.begin(), left_out.end()}));
    described = describe(rest);
  }
  if (!left_out.empty() && described->num_episodes == 0)
    return WithoutSource(source, wish, std::move(reasons));
  described->skip_broken = wish;
  if (!left_out.empty()) {
    described->skipped = {
        {0, source.location, source.name, rest.adaptation.left_out, std::move(reasons)}};
  }
  return described;
}

std::vector<SourceSpec> KeptSources(const std::vector<SourceSpec>& given, const Partial& root) {
  if (root.skipped.empty()) return given;
  std::vector<SourceSpec> kept;
  const std::vector<uint64_t> positions = PositionsOf(root);
  const std::vector<std::shared_ptr<const DescribedSource>> sources = root.sources.Flatten();
  for (size_t source = 0; source < sources.size(); ++source) {
    kept.push_back(given[positions[source]]);
    kept.back().adaptation = sources[source]->adaptation;
  }
  return kept;
}

std::string SkippedLines(const std::vector<Skipped>& skipped) {
  std::string lines;
  for (const Skipped& one : skipped) {
    Json fields{{"message_type", "skipped"}};
    Skipped::VisitFields(one, json::AddTo(fields));
    lines += fields.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

std::vector<std::string> PlacesOf(const io::FileSystem& file_system,
                                  const std::vector<std::string>& locations, SkipBroken wish) {
  std::vector<std::string> places = locations;
  if (wish != SkipBroken::kNothing)
    std::erase_if(places, [&](const std::string& one) { return !file_system.RealPath(one).ok(); });
  return places;
}

void AddHint(const std::string& more, Problem& problem) {
  problem.hint += (problem.hint.empty() ? "" : "; ") + more;
}

void NameTheWayOn(size_t num_sources, size_t num_sound, std::vector<Problem>& problems) {
  constexpr size_t kMany = 10;
  if (num_sources < kMany || num_sound * 2 < num_sources) return;
  if (!std::ranges::all_of(problems, &IsOfSource)) return;
  AddHint(
      "`--skip-broken sources` merges the other datasets, and `--skip-broken episodes` also what "
      "is "
      "sound of these; both list what they leave out",
      problems.front());
}

size_t NumSources(const std::vector<Problem>& problems) {
  std::set<std::string> sources;
  for (const Problem& problem : problems) sources.insert(problem.source);
  return sources.size();
}

}  // namespace robomerge
