#include <algorithm>
#include <cmath>

#include "adapt/adapt_internal.h"

namespace robomerge::adapt_internal {
namespace {

bool IsLeftOut(const FeatureChange* change) {
  return change != nullptr && (change->to.empty() || change->is_cast);
}

// The numbers of one statistic, elements in their new order; a padded element is always 0.
std::vector<double> Reordered(const FeatureChange& change, const double* values, size_t width) {
  std::vector<double> reordered;
  for (const int32_t element : change.elements) {
    const bool is_there = element >= 0 && static_cast<size_t>(element) < width;
    reordered.push_back(is_there ? values[element] : 0);
  }
  return reordered;
}

bool IsReordered(const FeatureChange* change, const std::string& stat, size_t width) {
  return change != nullptr && !change->elements.empty() && stat != "count" && width > 0;
}

std::optional<double> NumberOf(const FeatureChange& change) {
  if (const auto* flag = std::get_if<bool>(&change.fill)) return *flag ? 1 : 0;
  if (const auto* whole = std::get_if<int64_t>(&change.fill)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&change.fill)) return *real;
  return std::nullopt;
}

NumberKind KindOf(const FeatureChange& change, const std::string& stat) {
  if (stat == "count") return NumberKind::kInteger;
  if (stat != "min" && stat != "max") return NumberKind::kFloat;
  if (std::holds_alternative<bool>(change.fill)) return NumberKind::kBoolean;
  return std::holds_alternative<double>(change.fill) ? NumberKind::kFloat : NumberKind::kInteger;
}

// The statistics that the dataset has of its own features.
std::vector<std::string> StatNames(const StatColumns& layout) {
  std::vector<std::string> names;
  for (const StatColumn& column : layout) {
    if (column.feature == layout.front().feature) names.push_back(column.stat);
  }
  return names;
}

double FilledValue(const std::string& stat, double value, uint64_t num_frames) {
  if (stat == "count") return static_cast<double>(num_frames);
  return stat == "std" && !std::isnan(value) ? 0 : value;
}

void ChangeBlock(const std::vector<FeatureChange>& changes, const Dataset& dataset,
                 uint64_t first_episode, EpisodeStatisticsBlock& block) {
  auto layout = std::make_shared<StatColumns>();
  struct Source {
    size_t begin, width;          // in the old row
    const FeatureChange* change;  // of an old column that is reordered, or of a filled one
  };
  std::vector<Source> sources;
  size_t begin = 0;
  for (const StatColumn& column : *block.layout) {
    const FeatureChange* change = FindChange(changes, column.feature);
    if (!IsLeftOut(change)) {
      const bool is_reordered = IsReordered(change, column.stat, column.width);
      sources.push_back({begin, column.width, is_reordered ? change : nullptr});
      StatColumn& kept = layout->emplace_back(column);
      if (change != nullptr) kept.feature = change->to;
      if (is_reordered) kept.width = static_cast<uint32_t>(change->elements.size());
    }
    begin += column.width;
  }
  const size_t num_kept = sources.size();
  for (const FeatureChange& change : changes) {
    if (!change.from.empty() || !NumberOf(change) || block.layout->empty()) continue;
    const auto width = static_cast<uint32_t>(dataset.schema.Find(change.to)->shape().empty()
                                                 ? 1
                                                 : dataset.schema.Find(change.to)->shape().back());
    for (const std::string& stat : StatNames(*block.layout)) {
      layout->push_back({change.to, stat, KindOf(change, stat), 1, stat == "count" ? 1 : width});
      sources.push_back({0, layout->back().width, &change});
    }
  }
  std::vector<double> values;
  for (uint64_t row = 0; row < block.num_rows; ++row) {
    const double* old = block.values.data() + row * block.stride;
    const uint64_t num_frames = dataset.episodes[first_episode + row].length_frames;
    for (size_t at = 0; at < sources.size(); ++at) {
      const auto& [from, width, change] = sources[at];
      if (at >= num_kept) {
        const double value = FilledValue((*layout)[at].stat, *NumberOf(*change), num_frames);
        values.insert(values.end(), width, value);
      } else if (change != nullptr) {
        const std::vector<double> reordered = Reordered(*change, old + from, width);
        values.insert(values.end(), reordered.begin(), reordered.end());
      } else {
        values.insert(values.end(), old + from, old + from + width);
      }
    }
  }
  block.stride = 0;
  for (const StatColumn& column : *layout) block.stride += column.width;
  block.layout = std::move(layout);
  block.values = std::move(values);
}

}  // namespace

void ChangeStatistics(const std::vector<FeatureChange>& changes, Dataset& dataset) {
  uint64_t first_episode = 0;
  for (EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    ChangeBlock(changes, dataset, first_episode, block);
    first_episode += block.num_rows;
  }
  if (!dataset.statistics) return;
  std::vector<FeatureStatistics> changed;
  for (FeatureStatistics& one : *dataset.statistics) {
    const FeatureChange* change = FindChange(changes, one.feature);
    if (IsLeftOut(change)) continue;
    FeatureStatistics& kept = changed.emplace_back(std::move(one));
    if (change == nullptr) continue;
    kept.feature = change->to;
    for (Statistic& statistic : kept.statistics) {
      if (!IsReordered(change, statistic.name, statistic.values.size())) continue;
      statistic.values = Reordered(*change, statistic.values.data(), statistic.values.size());
      statistic.shape = {static_cast<uint32_t>(statistic.values.size())};
    }
  }
  for (const FeatureChange& change : changes) {
    const std::optional<double> value = NumberOf(change);
    if (!change.from.empty() || !value || changed.empty()) continue;
    const std::vector<int64_t> shape = dataset.schema.Find(change.to)->shape();
    const auto width = static_cast<uint32_t>(shape.empty() ? 1 : shape.back());
    FeatureStatistics filled{change.to, {}};
    for (const Statistic& statistic : changed.front().statistics) {
      const uint32_t count = statistic.name == "count" ? 1 : width;
      filled.statistics.push_back(
          {statistic.name,
           KindOf(change, statistic.name),
           {count},
           std::vector<double>(count, FilledValue(statistic.name, *value, dataset.num_frames()))});
    }
    changed.push_back(std::move(filled));
  }
  dataset.statistics = std::move(changed);
}

}  // namespace robomerge::adapt_internal
