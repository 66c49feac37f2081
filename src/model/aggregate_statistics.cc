#include "model/aggregate_statistics.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <string_view>

#include "base/text.h"

namespace robomerge {
namespace {

// One statistic of every part, in the order of the parts; null where a part lacks it.
struct Cell {
  const FeatureLayout::Entry* entry = nullptr;
  const double* numbers = nullptr;
};
using Column = std::vector<Cell>;

std::string ShapeText(const std::vector<uint32_t>& shape) {
  std::vector<std::string> extents;
  for (const uint32_t extent : shape) extents.push_back(std::to_string(extent));
  return "shape (" + Join(extents, ", ") + ")";
}

Column Gather(const std::vector<FeaturePart>& parts, std::string_view stat) {
  Column column;
  column.reserve(parts.size());
  const FeatureLayout* layout = nullptr;
  const FeatureLayout::Entry* entry = nullptr;
  for (const FeaturePart& part : parts) {
    // Parts of one recorder share a layout.
    if (part.layout != layout) {
      layout = part.layout;
      entry = layout->Find(stat);
    }
    column.push_back({entry, entry == nullptr ? nullptr : part.numbers + entry->offset});
  }
  return column;
}

NumberKind CommonKind(const Column& column) {
  const NumberKind first = column.front().entry->kind;
  const bool is_common = std::all_of(column.begin(), column.end(),
                                     [&](const Cell& one) { return one.entry->kind == first; });
  return is_common ? first : NumberKind::kFloat;
}

Statistic FirstOf(const Column& column, NumberKind kind) {
  const auto& [entry, numbers] = column.front();
  return {entry->name, kind, entry->shape, {numbers, numbers + entry->width}};
}

// Folds one statistic element by element.
template <typename Choose>
Statistic Fold(const Column& column, NumberKind kind, Choose choose) {
  Statistic folded = FirstOf(column, kind);
  for (size_t part = 1; part < column.size(); ++part) {
    const double* const next = column[part].numbers;
    for (size_t at = 0; at < folded.values.size(); ++at)
      folded.values[at] = choose(folded.values[at], next[at]);
  }
  return folded;
}

double Lesser(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double Greater(double a, double b) { return std::isnan(a) || a > b ? a : b; }

// Mean and standard deviation do not fold exactly. So they are computed once, over all parts in
// order.
void MeanAndDeviation(const Column& means, const Column& deviations,
                      const std::vector<double>& weights, Statistic& mean, Statistic& deviation) {
  mean = FirstOf(means, NumberKind::kFloat);
  deviation = FirstOf(deviations, NumberKind::kFloat);
  double total = 0;
  for (const double weight : weights) total += weight;
  if (weights.size() == 1 || total == 0) return;
  for (size_t at = 0; at < mean.values.size(); ++at) {
    double sum = 0;
    for (size_t part = 0; part < weights.size(); ++part)
      sum += means[part].numbers[at] * weights[part];
    const double whole_mean = sum / total;
    double spread = 0;
    for (size_t part = 0; part < weights.size(); ++part) {
      const double part_deviation = deviations[part].numbers[at];
      const double delta = means[part].numbers[at] - whole_mean;
      spread += (part_deviation * part_deviation + delta * delta) * weights[part];
    }
    mean.values[at] = whole_mean;
    deviation.values[at] = std::sqrt(spread / total);
  }
}

// The quantiles of all parts, so that one that only later parts have is reported as dropped too.
std::set<std::string> QuantilesOf(const std::vector<FeaturePart>& parts) {
  std::set<std::string> quantiles;
  const FeatureLayout* layout = nullptr;
  for (const FeaturePart& part : parts) {
    if (part.layout == layout) continue;
    layout = part.layout;
    for (const FeatureLayout::Entry& entry : layout->statistics) {
      if (IsQuantile(entry.name)) quantiles.insert(entry.name);
    }
  }
  return quantiles;
}

// The parts as rows of numbers, feature by feature in order of first appearance.
class Rows {
 public:
  void Add(const StatisticsPart& part, std::optional<double> num_frames) {
    for (const FeatureStatistics& feature : *part.features) {
      const auto [entry, is_new] = position_.try_emplace(feature.feature, features_.size());
      if (is_new) features_.emplace_back();
      std::vector<FeaturePart>& parts = features_[entry->second];
      FeatureLayout layout{feature.feature, {}};
      std::vector<double>& numbers = numbers_.emplace_back();
      for (const Statistic& one : feature.statistics) {
        layout.statistics.push_back(
            {one.name, one.kind, one.shape, numbers.size(), one.values.size()});
        numbers.insert(numbers.end(), one.values.begin(), one.values.end());
      }
      const bool is_shared = !parts.empty() && *parts.back().layout == layout;
      const FeatureLayout* const shared =
          is_shared ? parts.back().layout : &layouts_.emplace_back(std::move(layout));
      parts.push_back({shared, numbers.data(), &part.name, num_frames});
    }
  }

  const std::vector<std::vector<FeaturePart>>& features() const { return features_; }

 private:
  std::vector<std::vector<FeaturePart>> features_;
  std::map<std::string, size_t, std::less<>> position_;  // in features_
  std::deque<FeatureLayout> layouts_;
  std::deque<std::vector<double>> numbers_;
};

Status CheckShapes(const std::vector<FeaturePart>& parts) {
  const FeaturePart& first = parts.front();
  const Column means = Gather(parts, "mean");
  for (size_t at = 0; at < means.size(); ++at) {
    if (means[at].entry->shape == means.front().entry->shape) continue;
    return Problem(Code::kIncompatible,
                   StrCat("statistics of `", first.layout->feature, "` have different shapes"))
        .Kind("E-stats")
        .At(*parts[at].part)
        .Expected(StrCat(ShapeText(means.front().entry->shape), "   from ", *first.part))
        .Found(ShapeText(means[at].entry->shape))
        .Hint("recompute the statistics of one of them");
  }
  return Status();
}

Result<std::vector<FeatureStatistics>> AggregateRows(const Rows& rows,
                                                     std::vector<DroppedQuantiles>* dropped) {
  std::vector<FeatureStatistics> whole;
  for (const std::vector<FeaturePart>& parts : rows.features()) {
    ROBOMERGE_RETURN_NOT_OK(CheckShapes(parts));
    whole.push_back(AggregateFeature(parts, dropped));
  }
  return whole;
}

}  // namespace

const FeatureLayout::Entry* FeatureLayout::Find(std::string_view name) const {
  const auto found = std::find_if(statistics.begin(), statistics.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == statistics.end() ? nullptr : &*found;
}

FeatureLayout::Entry EntryOf(const StatColumn& column, NumberKind kind, size_t offset,
                             uint32_t width) {
  FeatureLayout::Entry entry{column.stat, kind, {width}, offset, width};
  for (int depth = 1; depth < column.list_depth; ++depth) entry.shape.push_back(1);
  return entry;
}

FeatureStatistics StatisticsAt(const FeatureLayout& layout, const double* numbers) {
  FeatureStatistics all{layout.feature, {}};
  for (const FeatureLayout::Entry& entry : layout.statistics) {
    const double* const begin = numbers + entry.offset;
    all.statistics.push_back({entry.name, entry.kind, entry.shape, {begin, begin + entry.width}});
  }
  return all;
}

FeatureStatistics AggregateFeature(const std::vector<FeaturePart>& parts,
                                   std::vector<DroppedQuantiles>* dropped) {
  FeatureStatistics whole;
  whole.feature = parts.front().layout->feature;
  const Column minima = Gather(parts, "min"), maxima = Gather(parts, "max"),
               counts = Gather(parts, "count");
  std::vector<double> weights;
  for (size_t part = 0; part < parts.size(); ++part)
    weights.push_back(parts[part].num_frames.value_or(*counts[part].numbers));
  Statistic mean, deviation;
  MeanAndDeviation(Gather(parts, "mean"), Gather(parts, "std"), weights, mean, deviation);
  whole.statistics.push_back(Fold(minima, CommonKind(minima), Lesser));
  whole.statistics.push_back(Fold(maxima, CommonKind(maxima), Greater));
  whole.statistics.push_back(std::move(mean));
  whole.statistics.push_back(std::move(deviation));
  whole.statistics.push_back(
      Fold(counts, NumberKind::kInteger, [](double a, double b) { return a + b; }));
  for (const std::string& quantile : QuantilesOf(parts)) {
    const Column values = Gather(parts, quantile);
    const auto without = std::find_if(values.begin(), values.end(),
                                      [](const Cell& one) { return one.entry == nullptr; });
    if (without != values.end()) {
      const std::string* const name = parts[static_cast<size_t>(without - values.begin())].part;
      if (dropped != nullptr)
        dropped->push_back({whole.feature, quantile, name == nullptr ? "" : *name});
      continue;
    }
    const bool is_lower = *QuantilePercent(quantile) <= 50;
    whole.statistics.push_back(is_lower ? Fold(values, NumberKind::kFloat, Lesser)
                                        : Fold(values, NumberKind::kFloat, Greater));
  }
  return whole;
}

Result<std::vector<FeatureStatistics>> AggregateStatistics(const std::vector<StatisticsPart>& parts,
                                                           std::vector<DroppedQuantiles>* dropped) {
  Rows rows;
  for (const StatisticsPart& part : parts) rows.Add(part, std::nullopt);
  return AggregateRows(rows, dropped);
}

Result<std::vector<FeatureStatistics>> AggregateByFrames(const std::vector<StatisticsPart>& parts,
                                                         const std::vector<uint64_t>& num_frames,
                                                         std::vector<DroppedQuantiles>* dropped) {
  Rows rows;
  for (size_t part = 0; part < parts.size(); ++part)
    rows.Add(parts[part], static_cast<double>(num_frames[part]));
  return AggregateRows(rows, dropped);
}

bool IsCount(double count) { return count >= 0 && count == std::floor(count); }

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
  if (!IsCount(count)) {
    return Problem(Code::kCorrupt, StrCat("count of `", feature.feature, "` is no count"))
        .Kind("E-stats")
        .At(where)
        .Found(FormatDouble(count));
  }
  return Status();
}

}  // namespace robomerge
