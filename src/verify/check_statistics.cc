// Compares statistics with the data that they describe (format spec 1.7, 1.10, 3.6).
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "measure/measure.h"
#include "model/aggregate_statistics.h"
#include "model/measured.h"
#include "model/source_statistics.h"
#include "verify/checks.h"
#include "verify/episode_ranges.h"
#include "verify/episode_statistics.h"

namespace robomerge::verify_internal {
namespace {

// Tolerance between two ways to aggregate the same episodes: the recorder adds one after another, a
// merge all at once.
constexpr double kFolding = 1e-6;
// As estimate_num_samples in LeRobot's compute_stats.py.
constexpr uint64_t kLeastSamples = 100, kMostSamples = 10'000;

uint64_t SampledFrames(uint64_t num_frames) {
  const auto wanted = static_cast<uint64_t>(std::pow(static_cast<double>(num_frames), 0.75));
  return std::max(std::min(num_frames, kLeastSamples), std::min(wanted, kMostSamples));
}

bool IsClose(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return a == b || std::fabs(a - b) <= kFolding * std::max({std::fabs(a), std::fabs(b), 1e-9});
}

bool IsMoment(std::string_view stat) {
  return stat == "min" || stat == "max" || stat == "mean" || stat == "std";
}

bool IsAny(std::string_view) { return true; }
bool IsNoQuantile(std::string_view stat) { return !IsQuantile(stat); }
// The same whatever the parts weigh.
bool IsWithoutWeights(std::string_view stat) {
  return IsNoQuantile(stat) && stat != "mean" && stat != "std";
}

// Compares the cells of a table of statistics with the data. Adds at most one finding per cell.
class Cells {
 public:
  /// `are_folded`: the statistics may be folded from those of parts, which weigh by their frames.
  Cells(std::string kind, bool are_folded, FindingList& findings)
      : kind_(std::move(kind)), are_folded_(are_folded), findings_(findings) {}

  void Check(const std::string& feature, const std::string& stat, const double* values,
             size_t width, const ElementMoments& moments, const ElementMoments& finite_moments,
             uint64_t num_frames, const std::string& where, std::optional<uint64_t> episode) {
    const Place place{episode, feature + "/" + stat, {}};
    if (stat == "count") {
      // LeRobot may count the rows of a matrix instead of the frames.
      const auto count = static_cast<double>(num_frames);
      if (width == 1 &&
          (values[0] == count || values[0] == count * static_cast<double>(moments.size())))
        return;
      findings_.Add(Say(kind_, "count is not the number of frames", where, FormatDouble(count),
                        width == 0 ? "none" : FormatDouble(values[0]), place));
      return;
    }
    const ElementMoments reduced = Reduced(moments, width);
    const ElementMoments finite = Reduced(finite_moments, width);
    if (reduced.empty()) {
      findings_.Add(Say(kind_, "statistic has another number of elements than its feature", where,
                        std::to_string(moments.size()), std::to_string(width), place));
      return;
    }
    for (size_t at = 0; at < width; ++at) {
      // There was no finite number.
      if (finite[at].count == 0 && std::isnan(values[at])) continue;
      if (IsMoment(stat) ? MatchesEither(stat, values[at], reduced[at], finite[at])
                         : InRange(values[at], reduced[at], finite[at]))
        continue;
      const std::string element = width > 1 ? StrCat(where, ", element ", at) : where;
      const std::string expected = IsMoment(stat) ? FormatDouble(Value(stat, finite[at]))
                                                  : StrCat(FormatDouble(finite[at].min), " to ",
                                                           FormatDouble(finite[at].max));
      findings_.Add(Say(kind_, "statistic is not that of the data", element, expected,
                        FormatDouble(values[at]), place));
      return;
    }
  }

 private:
  bool MatchesEither(std::string_view stat, double value, const Moments& all,
                     const Moments& finite) const {
    if (Matches(stat, value, all)) return true;
    const double share = all.count > 0 ? 1 - finite.count / all.count : 0;
    return Matches(stat, value, finite, are_folded_ ? share : 0);
  }

  // A quantile must only lie in the range of the data, since LeRobot has changed more than once how
  // it estimates quantiles. Among numbers that are not finite it may be such a one.
  static bool InRange(double value, const Moments& all, const Moments& finite) {
    if (!std::isfinite(value)) return !std::isfinite(all.mean);
    const double margin =
        kQuantileMargin * std::max(1.0, std::max(std::fabs(finite.min), std::fabs(finite.max)));
    return value >= finite.min - margin && value <= finite.max + margin;
  }

  const std::string kind_;
  const bool are_folded_;
  FindingList& findings_;
};

size_t ColumnOf(const std::vector<std::string>& columns, const std::string& name) {
  return static_cast<size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
}

void CheckCameraCell(const Subject& subject, uint64_t episode, const StatColumn& column,
                     const double* values, FindingList& findings) {
  const std::string name = StrCat("stats/", column.feature, "/", column.stat);
  const Place place{episode, column.feature + "/" + column.stat, {}};
  if (column.stat == "count") {
    // LeRobot counts the sampled frames, or with streaming encoding the pixels of all frames, which
    // are many more.
    const uint64_t sampled = SampledFrames(subject.dataset.episodes[episode].length_frames);
    if (values[0] == static_cast<double>(sampled) || values[0] > static_cast<double>(sampled))
      return;
    findings.Add(Say("V-statistics", "count is less than the frames that LeRobot samples",
                     subject.EpisodeWhere(episode, name), std::to_string(sampled),
                     FormatDouble(values[0]), place));
  } else if (column.list_depth != 3) {
    findings.Add(Say("V-statistics",
                     "statistics of a camera do not have the shape (channels, 1, 1)",
                     subject.EpisodeWhere(episode, name), "lists three deep",
                     StrCat("lists ", column.list_depth, " deep"), place));
  }
}

const FeatureStatistics* Find(const std::vector<FeatureStatistics>& all,
                              const std::string& feature) {
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const FeatureStatistics& one) { return one.feature == feature; });
  return found == all.end() ? nullptr : &*found;
}

std::string StatsWhere(const Dataset& dataset, const std::string& feature,
                       const std::string& stat) {
  return StrCat(dataset.root, "/meta/stats.json: ", feature, ".", stat);
}

// Compares a feature's statistics in stats.json with `expected`, an aggregation of its parts: those
// that `is_compared`.
void CompareFolded(const Dataset& dataset, const FeatureStatistics& found,
                   const FeatureStatistics& expected, bool (*is_compared)(std::string_view stat),
                   FindingList& findings) {
  for (const Statistic& wanted : expected.statistics) {
    if (!is_compared(wanted.name)) continue;
    const Statistic* statistic = found.Find(wanted.name);
    if (statistic == nullptr) {
      findings.Add(Say("V-stats", "stats.json lacks a statistic",
                       StatsWhere(dataset, found.feature, wanted.name), "", "",
                       {{}, StrCat(found.feature, "/", wanted.name), {}}));
      continue;
    }
    bool same = statistic->values.size() == wanted.values.size();
    size_t at = 0;
    while (same && at < wanted.values.size() && IsClose(statistic->values[at], wanted.values[at]))
      ++at;
    if (same && at == wanted.values.size()) continue;
    findings.Add(Say(
        "V-stats", "statistic does not follow from those it is made of",
        StatsWhere(dataset, found.feature, wanted.name),
        same ? FormatDouble(wanted.values[at]) : StrCat(wanted.values.size(), " numbers"),
        same ? FormatDouble(statistic->values[at]) : StrCat(statistic->values.size(), " numbers"),
        {{}, StrCat(found.feature, "/", wanted.name), {}}));
  }
}

// That the statistics are of one form. Up to v2.1 stats.json need not say counts.
Status CheckWithCount(const Dataset& dataset, const FeatureStatistics& found) {
  const std::string where = StrCat(dataset.root, "/meta/stats.json: ", found.feature);
  const bool is_old = std::ranges::none_of(dataset.episodes_files, &EpisodesFile::is_table);
  if (!is_old || found.Find("count") != nullptr) return robomerge::CheckStatistics(found, where);
  FeatureStatistics counted = found;
  counted.statistics.push_back(
      {"count", NumberKind::kInteger, {1}, {static_cast<double>(dataset.num_frames())}});
  return robomerge::CheckStatistics(counted, where);
}

std::set<std::string> CamerasOf(const Dataset& dataset) {
  std::set<std::string> cameras;
  for (const Feature& feature : dataset.schema.features) {
    if (feature.is_camera()) cameras.insert(feature.name);
  }
  return cameras;
}

// Whether an edit took the values from a file, so that no source has them.
bool IsUnknown(const Case& all, const std::string& feature) {
  return std::ranges::any_of(all.sources, [&](const Subject& source) {
    if (!source.dataset.column_changes) return false;
    const parquet::ColumnChange* change = source.dataset.column_changes->Of(feature);
    return change != nullptr && change->is_unknown();
  });
}

// What stats.json of a merge must say: the aggregation of the statistics that count for each
// source, of the features that all sources describe.
Result<std::vector<FeatureStatistics>> AggregateSources(const io::FileSystem& file_system,
                                                        const Case& all, FindingList& findings) {
  std::vector<SourceStatistics> held(all.sources.size());
  std::vector<StatisticsPart> parts;
  std::vector<uint64_t> num_frames;
  std::map<std::string, size_t> num_describing;
  size_t num_sources = 0;
  for (size_t at = 0; at < all.sources.size(); ++at) {
    const Dataset& source = all.sources[at].dataset;
    ROBOMERGE_ASSIGN_OR_RETURN(held[at],
                               ChooseStatistics(
                                   source,
                                   [&](const std::vector<std::string>& features) {
                                     return MeasureEach(file_system, source, features);
                                   },
                                   all.is_measured() ? StatsMode::kExact : StatsMode::kFold));
    num_frames.push_back(source.num_frames());
    parts.push_back(
        {held[at].is_as_written ? &*source.statistics : &held[at].features, source.root});
    if (source.episodes.empty()) continue;
    ++num_sources;
    for (const FeatureStatistics& one : *parts.back().features) ++num_describing[one.feature];
  }
  Result<std::vector<FeatureStatistics>> whole = all.is_measured()
                                                     ? AggregateByFrames(parts, num_frames, nullptr)
                                                     : AggregateStatistics(parts, nullptr);
  if (!whole.ok()) {
    findings.Add(FromProblem(whole.status().problems().front()));
    return std::vector<FeatureStatistics>();
  }
  std::erase_if(*whole, [&](const FeatureStatistics& one) {
    return NeedsEverySource(one.feature) && num_describing[one.feature] != num_sources;
  });
  return std::move(whole).value();
}

}  // namespace

void CheckEpisodeStatistics(const Case& all, const EpisodeStatistics& statistics, uint64_t episode,
                            const std::vector<std::string>& columns, const RowMoments& moments,
                            FindingList& findings) {
  const Subject& subject = all.destination;
  Cells cells("V-statistics", /*are_folded=*/false, findings);
  statistics.ForEach(episode, [&](const StatColumn& column, const double* values) {
    const Feature* feature = subject.dataset.schema.Find(column.feature);
    if (feature != nullptr && feature->is_camera() && !all.has_sources())
      CheckCameraCell(subject, episode, column, values, findings);
    // Held against the sources' elsewhere.
    if (all.has_sources() && all.IsNumberedAnew(column.feature)) return;
    const size_t number = ColumnOf(columns, column.feature);
    if (number >= columns.size() || moments.all[number].empty() ||
        !(IsMoment(column.stat) || column.stat == "count" || IsQuantile(column.stat)))
      return;
    cells.Check(column.feature, column.stat, values, column.width, moments.all[number],
                moments.finite[number], subject.dataset.episodes[episode].length_frames,
                subject.EpisodeWhere(episode, StrCat("stats/", column.feature, "/", column.stat)),
                episode);
  });
}

Status CheckStatistics(const io::FileSystem& file_system, const Case& all,
                       const std::vector<std::string>& columns, const RowMoments& moments,
                       FindingList& findings) {
  const Dataset& dataset = all.destination.dataset;
  std::vector<FeatureStatistics> expected;
  // With other episodes the statistics must differ. PairEpisodes has reported that.
  if (all.is_paired) {
    ROBOMERGE_ASSIGN_OR_RETURN(expected, AggregateSources(file_system, all, findings));
  }
  if (!dataset.statistics) {
    if (dataset.episodes.empty() || (all.has_sources() && expected.empty())) return Status();
    findings.Add(Say("V-stats", "there are no statistics of the whole",
                     dataset.root + "/meta/stats.json", "stats.json"));
    return Status();
  }
  if (!all.has_sources() || all.is_measured()) {
    std::vector<FeatureStatistics> folded =
        AggregateEpisodes(dataset, CamerasOf(dataset), all.is_measured());
    // Sources stand in for cameras that not every episode describes.
    std::erase_if(expected, [&](const FeatureStatistics& one) {
      return Find(folded, one.feature) != nullptr;
    });
    expected.insert(expected.end(), folded.begin(), folded.end());
  }
  for (const FeatureStatistics& wanted : expected) {
    if (Find(*dataset.statistics, wanted.feature) == nullptr) {
      findings.Add(Say("V-stats", "stats.json lacks a feature",
                       StrCat(dataset.root, "/meta/stats.json"), wanted.feature, "",
                       {{}, wanted.feature, {}}));
    }
  }
  // Of what was measured nothing is missing.
  for (const Feature& feature : dataset.schema.features) {
    const size_t number = ColumnOf(columns, feature.name);
    if (!all.is_measured() || !IsMeasurable(feature.dtype()) || !NeedsEverySource(feature.name) ||
        number >= columns.size() || moments.all[number].empty())
      continue;
    const FeatureStatistics* const found = Find(*dataset.statistics, feature.name);
    const auto lacks = [&](const std::string& stat) {
      const bool is_there = found != nullptr && found->Find(stat) != nullptr;
      if (is_there) return;
      findings.Add(
          Say("V-stats",
              found == nullptr ? "stats.json lacks a feature" : "stats.json lacks a statistic",
              StatsWhere(dataset, feature.name, stat), "", "",
              {{}, StrCat(feature.name, "/", stat), {}}));
    };
    for (const char* stat : kQuantileNames) {
      lacks(stat);
      if (found == nullptr) break;
    }
  }
  // What a merge with measured statistics said of a camera is kept by one that folds.
  std::vector<FeatureStatistics> by_frames;
  if (!all.has_sources() && !all.is_measured())
    by_frames = AggregateEpisodes(dataset, CamerasOf(dataset), true);
  std::optional<EpisodeRanges> ranges;
  if (!all.has_sources()) ranges.emplace(dataset);
  Cells cells("V-stats", /*are_folded=*/true, findings);
  const auto has_data = [&](const FeatureStatistics& found) {
    const size_t number = ColumnOf(columns, found.feature);
    return number < columns.size() && !moments.all[number].empty();
  };
  const auto check_cells = [&](const FeatureStatistics& found) {
    const size_t number = ColumnOf(columns, found.feature);
    for (const Statistic& statistic : found.statistics) {
      if (!IsMoment(statistic.name) && statistic.name != "count" && !IsQuantile(statistic.name))
        continue;
      cells.Check(found.feature, statistic.name, statistic.values.data(), statistic.values.size(),
                  moments.all[number], moments.finite[number], dataset.num_frames(),
                  StatsWhere(dataset, found.feature, statistic.name), {});
    }
  };
  for (const FeatureStatistics& found : dataset.unused_statistics) {
    if (has_data(found) && !all.has_sources()) check_cells(found);
  }
  for (const FeatureStatistics& found : *dataset.statistics) {
    const Status status = CheckWithCount(dataset, found);
    if (!status.ok()) {
      findings.Add(FromProblem(status.problems().front()));
      continue;
    }
    const bool is_rewritten = all.IsNumberedAnew(found.feature);
    const Feature* feature = dataset.schema.Find(found.feature);
    const bool is_measured =
        all.is_measured() && feature != nullptr && IsMeasurable(feature->dtype());
    if (has_data(found) && (is_rewritten || is_measured || !all.has_sources())) {
      check_cells(found);
    } else if (const FeatureStatistics* wanted = Find(expected, found.feature)) {
      const auto follows = [&](const FeatureStatistics* parts, auto* is_compared) {
        FindingList unlike(1);
        if (parts != nullptr) CompareFolded(dataset, found, *parts, is_compared, unlike);
        return parts != nullptr && unlike.num_findings() == 0;
      };
      // Of folded ones each source weighed as its own statistics were made, which nobody has kept.
      const bool is_folded = ranges && all.is_folded() && follows(wanted, IsWithoutWeights) &&
                             ranges->HoldMoments(found);
      if (!is_folded && !follows(Find(by_frames, found.feature), IsNoQuantile))
        CompareFolded(dataset, found, *wanted, all.has_sources() ? IsAny : IsNoQuantile, findings);
    } else if (all.is_paired && !is_measured && !IsUnknown(all, found.feature)) {
      findings.Add(Say("V-stats", "stats.json describes a feature that no source describes",
                       StrCat(dataset.root, "/meta/stats.json: ", found.feature), "", "",
                       {{}, found.feature, {}}));
    }
    // Those of episodes may be the recorder's estimates, which need not enclose the true ones.
    if (ranges && !is_measured) {
      const auto measure = [&]() -> std::optional<FeatureStatistics> {
        if (feature == nullptr || !IsMeasurable(*feature)) return std::nullopt;
        Result<std::vector<FeatureStatistics>> measured =
            MeasureEach(file_system, dataset, {found.feature});
        if (!measured.ok() || measured->empty()) return std::nullopt;
        return std::move(measured->front());
      };
      ranges->CheckQuantiles(found, all.is_folded() && has_data(found), measure, findings);
    }
  }
  return Status();
}

}  // namespace robomerge::verify_internal
