#include "model/aggregate_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "base/text.h"

namespace robomerge {
namespace {

struct Part {
  const FeatureStatistics* statistics;
  const std::string* name;
};

// One statistic of every part, in the order of the parts; null where a part lacks it.
using Column = std::vector<const Statistic*>;

std::string ShapeText(const std::vector<uint32_t>& shape) {
  std::vector<std::string> extents;
  for (const uint32_t extent : shape) extents.push_back(std::to_string(extent));
  return "shape (" + Join(extents, ", ") + ")";
}

Column Gather(const std::vector<Part>& parts, std::string_view stat) {
  Column column;
  column.reserve(parts.size());
  size_t usual = 0;
  for (const Part& part : parts) {
    // Sources of one recorder list their statistics in the same order.
    const std::vector<Statistic>& all = part.statistics->statistics;
    const Statistic* found =
        usual < all.size() && all[usual].name == stat ? &all[usual] : part.statistics->Find(stat);
    if (found != nullptr) usual = static_cast<size_t>(found - all.data());
    column.push_back(found);
  }
  return column;
}

NumberKind CommonKind(const Column& column) {
  const NumberKind first = column.front()->kind;
  const bool is_common = std::all_of(column.begin(), column.end(),
                                     [&](const Statistic* one) { return one->kind == first; });
  return is_common ? first : NumberKind::kFloat;
}

// Folds one statistic element by element.
template <typename Choose>
Statistic Fold(const Column& column, NumberKind kind, Choose choose) {
  Statistic folded = *column.front();
  folded.kind = kind;
  for (size_t part = 1; part < column.size(); ++part) {
    const std::vector<double>& next = column[part]->values;
    for (size_t at = 0; at < folded.values.size(); ++at)
      folded.values[at] = choose(folded.values[at], next[at]);
  }
  return folded;
}

double Lesser(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double Greater(double a, double b) { return std::isnan(a) || a > b ? a : b; }

// Mean and standard deviation do not fold exactly. So they are computed once, over all parts in
// order.
void MeanAndDeviation(const Column& means, const Column& deviations, const Column& counts,
                      Statistic& mean, Statistic& deviation) {
  mean = *means.front();
  deviation = *deviations.front();
  mean.kind = deviation.kind = NumberKind::kFloat;
  std::vector<double> count;
  double total = 0;
  for (const Statistic* one : counts) total += count.emplace_back(one->values.front());
  if (count.size() == 1 || total == 0) return;
  for (size_t at = 0; at < mean.values.size(); ++at) {
    double sum = 0;
    for (size_t part = 0; part < count.size(); ++part) sum += means[part]->values[at] * count[part];
    const double whole_mean = sum / total;
    double spread = 0;
    for (size_t part = 0; part < count.size(); ++part) {
      const double part_deviation = deviations[part]->values[at];
      const double delta = means[part]->values[at] - whole_mean;
      spread += (part_deviation * part_deviation + delta * delta) * count[part];
    }
    mean.values[at] = whole_mean;
    deviation.values[at] = std::sqrt(spread / total);
  }
}

// The quantiles of all parts, so that one that only later parts have is reported as dropped too.
std::set<std::string> QuantilesOf(const std::vector<Part>& parts) {
  std::set<std::string> quantiles;
  const auto has_name_of = [](const Statistic& a, const Statistic& b) { return a.name == b.name; };
  const std::vector<Statistic>* before = nullptr;
  for (const Part& part : parts) {
    const std::vector<Statistic>& all = part.statistics->statistics;
    if (before != nullptr &&
        std::equal(all.begin(), all.end(), before->begin(), before->end(), has_name_of))
      continue;
    before = &all;
    for (const Statistic& statistic : all) {
      if (IsQuantile(statistic.name)) quantiles.insert(statistic.name);
    }
  }
  return quantiles;
}

FeatureStatistics AggregateFeature(const std::vector<Part>& parts,
                                   std::vector<DroppedQuantiles>* dropped) {
  FeatureStatistics whole;
  whole.feature = parts.front().statistics->feature;
  const Column minima = Gather(parts, "min"), maxima = Gather(parts, "max"),
               counts = Gather(parts, "count");
  Statistic mean, deviation;
  MeanAndDeviation(Gather(parts, "mean"), Gather(parts, "std"), counts, mean, deviation);
  whole.statistics.push_back(Fold(minima, CommonKind(minima), Lesser));
  whole.statistics.push_back(Fold(maxima, CommonKind(maxima), Greater));
  whole.statistics.push_back(std::move(mean));
  whole.statistics.push_back(std::move(deviation));
  whole.statistics.push_back(
      Fold(counts, NumberKind::kInteger, [](double a, double b) { return a + b; }));
  for (const std::string& quantile : QuantilesOf(parts)) {
    const Column values = Gather(parts, quantile);
    const auto without = std::find(values.begin(), values.end(), nullptr);
    if (without != values.end()) {
      if (dropped != nullptr)
        dropped->push_back(
            {whole.feature, quantile, *parts[static_cast<size_t>(without - values.begin())].name});
      continue;
    }
    const bool is_lower = *QuantilePercent(quantile) <= 50;
    whole.statistics.push_back(is_lower ? Fold(values, NumberKind::kFloat, Lesser)
                                        : Fold(values, NumberKind::kFloat, Greater));
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
    const Column means = Gather(of_feature, "mean");
    for (size_t at = 0; at < means.size(); ++at) {
      if (means[at]->shape == means.front()->shape) continue;
      const Part& part = of_feature[at];
      return Problem(Code::kIncompatible, StrCat("statistics of `", first.statistics->feature,
                                                 "` have different shapes"))
          .Kind("E-stats")
          .At(*part.name)
          .Expected(StrCat(ShapeText(means.front()->shape), "   from ", *first.name))
          .Found(ShapeText(means[at]->shape))
          .Hint("recompute the statistics of one of them");
    }
    whole.push_back(AggregateFeature(of_feature, dropped));
  }
  return whole;
}

Result<std::vector<FeatureStatistics>> AggregateByFrames(const std::vector<StatisticsPart>& parts,
                                                         const std::vector<uint64_t>& num_frames,
                                                         std::vector<DroppedQuantiles>* dropped) {
  std::vector<std::vector<FeatureStatistics>> weighed(parts.size());
  std::vector<StatisticsPart> weighed_parts;
  std::map<std::string, double> counts;
  for (size_t part = 0; part < parts.size(); ++part) {
    weighed[part] = *parts[part].features;
    for (FeatureStatistics& feature : weighed[part]) {
      for (Statistic& statistic : feature.statistics) {
        if (statistic.name != "count") continue;
        counts[feature.feature] += statistic.values.front();
        statistic.values = {static_cast<double>(num_frames[part])};
      }
    }
    weighed_parts.push_back({&weighed[part], parts[part].name});
  }
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<FeatureStatistics> whole,
                             AggregateStatistics(weighed_parts, dropped));
  for (FeatureStatistics& feature : whole) {
    for (Statistic& statistic : feature.statistics) {
      if (statistic.name == "count") statistic.values = {counts[feature.feature]};
    }
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
      return Problem(Code::kCorrupt,
                     StrCat("statistics of `", feature.feature, "` lack `", name, "`"))
          .Kind("E-stats")
          .At(where)
          .Expected("min, max, mean, std and count")
          .Found(present.empty() ? "none" : Join(present, ", "));
    }
  }
  for (const Statistic& statistic : feature.statistics) {
    const bool is_count = statistic.name == "count";
    const std::vector<uint32_t> expected = is_count ? std::vector<uint32_t>{1} : mean->shape;
    if (statistic.shape == expected) continue;
    return Problem(Code::kCorrupt, StrCat("statistic `", statistic.name, "` of `", feature.feature,
                                          "` has a wrong shape"))
        .Kind("E-stats")
        .At(where)
        .Expected(ShapeText(expected))
        .Found(ShapeText(statistic.shape));
  }
  const double count = feature.Find("count")->values.front();
  if (!(count >= 0) || count != std::floor(count)) {
    return Problem(Code::kCorrupt, StrCat("count of `", feature.feature, "` is no count"))
        .Kind("E-stats")
        .At(where)
        .Found(FormatDouble(count));
  }
  return Status();
}

}  // namespace robomerge
