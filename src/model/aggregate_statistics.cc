#include "model/aggregate_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

namespace robomerge {
namespace {

struct Part {
  const FeatureStatistics* statistics;
  const std::string* name;
};

std::string ShapeText(const std::vector<uint32_t>& shape) {
  std::vector<std::string> extents;
  for (const uint32_t extent : shape) extents.push_back(std::to_string(extent));
  return "shape (" + Join(extents, ", ") + ")";
}

NumberKind CommonKind(const std::vector<Part>& parts, const char* stat) {
  const NumberKind first = parts.front().statistics->Find(stat)->kind;
  for (const Part& part : parts) {
    if (part.statistics->Find(stat)->kind != first) return NumberKind::kFloat;
  }
  return first;
}

// Folds one statistic elementwise.
template <typename Choose>
Statistic Fold(const std::vector<Part>& parts, const std::string& stat, NumberKind kind, Choose choose) {
  Statistic folded = *parts.front().statistics->Find(stat);
  folded.kind = kind;
  for (size_t part = 1; part < parts.size(); ++part) {
    const Statistic& next = *parts[part].statistics->Find(stat);
    for (size_t at = 0; at < folded.values.size(); ++at) folded.values[at] = choose(folded.values[at], next.values[at]);
  }
  return folded;
}

double Lesser(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double Greater(double a, double b) { return std::isnan(a) || a > b ? a : b; }

// Mean and standard deviation do not fold exactly, so they are computed here at once over the ordered parts.
void MeanAndDeviation(const std::vector<Part>& parts, Statistic& mean, Statistic& deviation) {
  mean = *parts.front().statistics->Find("mean");
  deviation = *parts.front().statistics->Find("std");
  mean.kind = deviation.kind = NumberKind::kFloat;
  const auto count_of = [](const Part& part) { return part.statistics->Find("count")->values.front(); };
  double total = 0;
  for (const Part& part : parts) total += count_of(part);
  if (parts.size() == 1 || total == 0) return;
  for (size_t at = 0; at < mean.values.size(); ++at) {
    double sum = 0;
    for (const Part& part : parts) sum += part.statistics->Find("mean")->values[at] * count_of(part);
    const double whole_mean = sum / total;
    double spread = 0;
    for (const Part& part : parts) {
      const double part_deviation = part.statistics->Find("std")->values[at];
      const double delta = part.statistics->Find("mean")->values[at] - whole_mean;
      spread += (part_deviation * part_deviation + delta * delta) * count_of(part);
    }
    mean.values[at] = whole_mean;
    deviation.values[at] = std::sqrt(spread / total);
  }
}

FeatureStatistics AggregateFeature(const std::vector<Part>& parts, std::vector<DroppedQuantiles>* dropped) {
  FeatureStatistics whole;
  whole.feature = parts.front().statistics->feature;
  Statistic mean, deviation;
  MeanAndDeviation(parts, mean, deviation);
  whole.statistics.push_back(Fold(parts, "min", CommonKind(parts, "min"), Lesser));
  whole.statistics.push_back(Fold(parts, "max", CommonKind(parts, "max"), Greater));
  whole.statistics.push_back(std::move(mean));
  whole.statistics.push_back(std::move(deviation));
  whole.statistics.push_back(Fold(parts, "count", NumberKind::kInteger, [](double a, double b) { return a + b; }));
  // Every part's keys count, so that a quantile that only later parts have is reported as lost too.
  std::map<std::string, bool> quantiles;
  for (const Part& part : parts) {
    for (const Statistic& statistic : part.statistics->statistics) {
      if (IsQuantile(statistic.name)) quantiles.emplace(statistic.name, true);
    }
  }
  for (const auto& [quantile, unused] : quantiles) {
    const auto without = std::find_if(parts.begin(), parts.end(), [&](const Part& part) {
      return part.statistics->Find(quantile) == nullptr;
    });
    if (without != parts.end()) {
      if (dropped != nullptr) dropped->push_back({whole.feature, quantile, *without->name});
      continue;
    }
    const bool is_lower = std::stod(quantile.substr(1)) <= 50;
    whole.statistics.push_back(is_lower ? Fold(parts, quantile, NumberKind::kFloat, Lesser) : Fold(parts, quantile, NumberKind::kFloat, Greater));
  }
  return whole;
}

}  // namespace

Result<std::vector<FeatureStatistics>> AggregateStatistics(const std::vector<StatisticsPart>& parts,
                                                           std::vector<DroppedQuantiles>* dropped) {
  std::vector<std::vector<Part>> by_feature;
  std::map<std::string, size_t, std::less<>> position;
  for (const StatisticsPart& part : parts) {
    for (const FeatureStatistics& feature : *part.features) {
      const auto [entry, is_new] = position.try_emplace(feature.feature, by_feature.size());
      if (is_new) by_feature.emplace_back();
      by_feature[entry->second].push_back({&feature, &part.name});
    }
  }
  std::vector<FeatureStatistics> whole;
  whole.reserve(by_feature.size());
  for (const std::vector<Part>& of_feature : by_feature) {
    const Part& first = of_feature.front();
    for (const Part& part : of_feature) {
      if (part.statistics->Find("mean")->shape == first.statistics->Find("mean")->shape) continue;
      return Problem(Code::kIncompatible, StrCat("statistics of `", first.statistics->feature, "` have different shapes")).Kind("E-stats")
          .At(*part.name).Expected(StrCat(ShapeText(first.statistics->Find("mean")->shape), "   from ", *first.name))
          .Found(ShapeText(part.statistics->Find("mean")->shape)).Hint("recompute the statistics of one of them");
    }
    whole.push_back(AggregateFeature(of_feature, dropped));
  }
  return whole;
}

Status CheckStatistics(const FeatureStatistics& feature, const std::string& where) {
  const Statistic* mean = feature.Find("mean");
  for (const char* name : {"min", "max", "mean", "std", "count"}) {
    const Statistic* statistic = feature.Find(name);
    if (statistic == nullptr) {
      std::vector<std::string> present;
      for (const Statistic& one : feature.statistics) present.push_back(one.name);
      return Problem(Code::kCorrupt, StrCat("statistics of `", feature.feature, "` lack `", name, "`")).Kind("E-stats").At(where)
          .Expected("min, max, mean, std and count").Found(present.empty() ? "none" : Join(present, ", "))
          .Hint("recompute the statistics, or remove this entry");
    }
  }
  for (const Statistic& statistic : feature.statistics) {
    const bool is_count = statistic.name == "count";
    const std::vector<uint32_t> expected = is_count ? std::vector<uint32_t>{1} : mean->shape;
    if (statistic.shape == expected) continue;
    return Problem(Code::kCorrupt, StrCat("statistic `", statistic.name, "` of `", feature.feature, "` has a wrong shape")).Kind("E-stats")
        .At(where).Expected(ShapeText(expected)).Found(ShapeText(statistic.shape));
  }
  const double count = feature.Find("count")->values.front();
  if (!(count >= 0) || count != std::floor(count)) {
    return Problem(Code::kCorrupt, StrCat("count of `", feature.feature, "` is no count")).Kind("E-stats").At(where)
        .Found(FormatDouble(count));
  }
  return Status();
}

}  // namespace robomerge
