// meta/stats.json: aggregated from the sources' statistics, except for the columns that a merge
// rewrites (W-4).
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "model/aggregate_statistics.h"
#include "model/distribution.h"
#include "model/measured.h"
#include "model/new_numbers.h"
#include "model/source_statistics.h"
#include "model/statistics_text.h"
#include "plan/plan_internal.h"

namespace robomerge::plan_internal {
namespace {

// Replaces the statistics of a bookkeeping column by those of its values in the destination.
void Recompute(const Distribution& distribution, const std::set<std::string>& quantiles,
               FeatureStatistics& feature) {
  const NumberKind kind =
      feature.Find("min")->kind == NumberKind::kInteger ? NumberKind::kInteger : NumberKind::kFloat;
  const auto one = [](std::string name, NumberKind number_kind, double value) {
    return Statistic{std::move(name), number_kind, {1}, {value}};
  };
  feature.statistics = {
      one("min", kind, distribution.min()), one("max", kind, distribution.max()),
      one("mean", NumberKind::kFloat, distribution.mean()),
      one("std", NumberKind::kFloat, distribution.deviation()),
      one("count", NumberKind::kInteger, static_cast<double>(distribution.count()))};
  for (const std::string& name : quantiles) {
    feature.statistics.push_back(
        one(name, NumberKind::kFloat, distribution.Quantile(*QuantilePercent(name) / 100)));
  }
}

Distribution OfEpisodeIndex(const MergePlan& plan) {
  std::vector<std::pair<int64_t, uint64_t>> values;
  for (size_t episode = 0; episode < plan.episodes.size(); ++episode) {
    const PlannedEpisode& planned = plan.episodes[episode];
    values.emplace_back(
        episode,
        plan.sources[planned.source]->dataset->episodes[planned.source_episode].length_frames);
  }
  return Distribution(std::move(values));
}

// Of task_index, or of another column whose numbers change with it.
Distribution OfTexts(const MergePlan& plan, const std::string& column) {
  std::map<int64_t, uint64_t> frames;
  for (uint64_t episode = 0; episode < plan.episodes.size(); ++episode) {
    for (const auto& [number, num_frames] : NewNumbersOf(plan, episode, column))
      frames[number] += num_frames;
  }
  return Distribution({frames.begin(), frames.end()});
}

// Whether the statistics follow from the plan, whatever the sources state.
bool IsNumberedAnew(const MergePlan& plan, const std::string& feature) {
  return !NeedsEverySource(feature) || IsTextColumn(plan, feature);
}

std::vector<uint64_t> FramesOf(const MergePlan& plan) {
  std::vector<uint64_t> frames;
  for (const auto& source : plan.sources) frames.push_back(source->dataset->num_frames());
  return frames;
}

// The features that every source with frames describes, of those that need it. Where one does not
// (ChooseStatistics has said so), the others' statistics would pass for those of the whole.
std::set<std::string> DescribedByAll(const MergePlan& plan) {
  // Sources of one recorder describe the same features in the same order.
  std::vector<std::pair<const std::vector<FeatureStatistics>*, size_t>> runs;
  size_t num_sources = 0;
  const auto same_feature = [](const FeatureStatistics& a, const FeatureStatistics& b) {
    return a.feature == b.feature;
  };
  for (const auto& source : plan.sources) {
    if (source->dataset->episodes.empty()) continue;
    ++num_sources;
    const std::vector<FeatureStatistics>& all = *source->statistics;
    if (runs.empty() || !std::equal(all.begin(), all.end(), runs.back().first->begin(),
                                    runs.back().first->end(), same_feature))
      runs.emplace_back(&all, 0);
    ++runs.back().second;
  }
  std::map<std::string, size_t> num_describing;
  for (const auto& [all, times] : runs) {
    for (const FeatureStatistics& one : *all) num_describing[one.feature] += times;
  }
  std::set<std::string> described;
  for (const auto& [feature, times] : num_describing) {
    if (times == num_sources || !NeedsEverySource(feature)) described.insert(feature);
  }
  return described;
}

}  // namespace

Result<std::string> MakeStatistics(MergePlan& plan) {
  std::vector<StatisticsPart> parts;
  std::map<std::string, std::set<std::string>> quantiles;
  for (const auto& source : plan.sources) {
    parts.push_back({source->statistics.get(), source->dataset->root});
    for (const FeatureStatistics& feature : *source->statistics) {
      if (!IsNumberedAnew(plan, feature.feature)) continue;
      for (const Statistic& statistic : feature.statistics) {
        if (IsQuantile(statistic.name)) quantiles[feature.feature].insert(statistic.name);
      }
    }
  }
  const bool is_exact = plan.stats == StatsMode::kExact;
  std::vector<DroppedQuantiles> dropped;
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<FeatureStatistics> whole,
                             is_exact ? AggregateByFrames(parts, FramesOf(plan), &dropped)
                                      : AggregateStatistics(parts, &dropped));
  const std::set<std::string> described = DescribedByAll(plan);
  std::erase_if(whole,
                [&](const FeatureStatistics& one) { return !described.contains(one.feature); });
  if (is_exact && plan.num_frames > 0) {
    // Those of these columns follow from the plan, whatever the sources state.
    std::erase_if(whole,
                  [&](const FeatureStatistics& one) { return IsNumberedAnew(plan, one.feature); });
    std::vector<std::string> names = {"episode_index", "index", "task_index"};
    for (const TextColumn& column : plan.text_columns) names.push_back(column.name);
    for (const std::string& name : names) {
      quantiles[name].insert(std::begin(kQuantileNames), std::end(kQuantileNames));
      whole.push_back({name, {{"min", NumberKind::kInteger, {1}, {0}}}});
    }
  }
  if (whole.empty()) return std::string();

  if (plan.num_frames > 0) {
    for (FeatureStatistics& feature : whole) {
      const std::set<std::string>& names = quantiles[feature.feature];
      if (feature.feature == "index")
        Recompute(Distribution::Range(plan.num_frames), names, feature);
      if (feature.feature == "episode_index") Recompute(OfEpisodeIndex(plan), names, feature);
      if (feature.feature == "task_index" || IsTextColumn(plan, feature.feature))
        Recompute(OfTexts(plan, feature.feature), names, feature);
    }
  }

  std::set<std::string> lost;
  for (const DroppedQuantiles& one : dropped) {
    if (!IsNumberedAnew(plan, one.feature) && described.contains(one.feature))
      lost.insert(one.feature);
  }
  if (!lost.empty()) {
    plan.warnings.push_back(
        Problem(Code::kIncompatible,
                StrCat("quantiles of ", lost.size(), lost.size() == 1 ? " feature" : " features",
                       " are left out of stats.json: not every source has them"))
            .Kind("W-quantiles")
            .Source(dropped.front().first_part_without)
            .At(dropped.front().first_part_without + "/meta/stats.json")
            .Expected(StrCat("`", dropped.front().quantile, "` of `", dropped.front().feature, "`"))
            .Found("no such statistic")
            .Hint("recompute that source's statistics with LeRobot first, if the quantiles are "
                  "needed"));
  }

  return StatisticsText(whole);
}

}  // namespace robomerge::plan_internal
