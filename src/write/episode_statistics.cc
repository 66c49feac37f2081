#include "write/episode_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/new_numbers.h"
#include "model/source_statistics.h"

namespace robomerge::write_internal {
namespace {

// Which bookkeeping column a statistic describes, if the merge changes it (format spec 3.4).
// kTexts: numbers of tasks or subtasks.
enum class Bookkeeping { kNone, kEpisodeIndex, kIndex, kTexts, kCount };

bool IsOfTexts(const MergePlan& plan, const std::string& feature) {
  return feature == "task_index" || IsTextColumn(plan, feature);
}

Bookkeeping BookkeepingOf(const MergePlan& plan, const StatColumn& column) {
  if (column.stat == "count") {
    // Up to v2.1 what counts other frames is of no use to a reader.
    const bool is_numbered = column.feature == "episode_index" || column.feature == "index" ||
                             IsOfTexts(plan, column.feature);
    return is_numbered && plan.version != CodebaseVersion::kV30 ? Bookkeeping::kCount
                                                                : Bookkeeping::kNone;
  }
  if (IsOfTexts(plan, column.feature)) return Bookkeeping::kTexts;
  if (column.feature == "episode_index") return Bookkeeping::kEpisodeIndex;
  if (column.feature == "index") return Bookkeeping::kIndex;
  return Bookkeeping::kNone;
}

// The statistic of the true task numbers of the episode's frames; nullopt for an unknown one.
std::optional<double> TaskStatistic(const Distribution& tasks, const std::string& stat) {
  if (stat == "min") return tasks.min();
  if (stat == "max") return tasks.max();
  if (stat == "mean") return tasks.mean();
  if (stat == "std") return tasks.deviation();
  if (const std::optional<double> percent = QuantilePercent(stat))
    return tasks.Quantile(*percent / 100);
  return std::nullopt;
}

}  // namespace

EpisodeStatistics::EpisodeStatistics(const MergePlan& plan, const EpisodeCorrections* corrections)
    : plan_(plan), corrections_(corrections) {
  for (size_t at = 0; at < plan.stat_columns.size(); ++at)
    position_[{plan.stat_columns[at].feature, plan.stat_columns[at].stat}] = at;
}

void EpisodeStatistics::Visit(uint64_t episode, const Visitor& visit) {
  if (plan_.stats == StatsMode::kFold) return VisitStated(episode, visit);
  std::vector<bool> is_given(plan_.stat_columns.size());
  VisitStated(episode, [&](size_t column, std::span<const double> numbers) {
    is_given[column] = true;
    visit(column, numbers);
  });
  VisitMeasured(episode, is_given, visit);
}

void EpisodeStatistics::VisitStated(uint64_t episode, const Visitor& visit) {
  const PlannedEpisode& planned = plan_.episodes[episode];
  const bool continues = episode > 0 && next_episode_ == episode &&
                         plan_.episodes[episode - 1].source == planned.source;
  if (continues)
    Next();
  else
    Open(*plan_.sources[planned.source]->dataset, planned.source_episode);
  next_episode_ = episode + 1;
  if (block_ >= dataset_->episode_statistics.size()) return;
  const EpisodeStatisticsBlock& block = dataset_->episode_statistics[block_];
  const StatColumns* current = block.layout.get();
  if (current == nullptr) return;
  if (layout_ == nullptr || (current != layout_ && *current != *layout_)) {
    targets_.clear();
    for (const StatColumn& column : *current)
      targets_.push_back(position_.at({column.feature, column.stat}));
  }
  layout_ = current;
  VisitRow(episode, *current, block.values.data() + row_ * block.stride, visit);
}

void EpisodeStatistics::Open(const Dataset& dataset, uint64_t source_episode) {
  dataset_ = &dataset;
  block_ = 0;
  row_ = source_episode;
  while (block_ < dataset.episode_statistics.size() &&
         row_ >= dataset.episode_statistics[block_].num_rows) {
    row_ -= dataset.episode_statistics[block_++].num_rows;
  }
}

void EpisodeStatistics::Next() {
  if (block_ < dataset_->episode_statistics.size() &&
      ++row_ >= dataset_->episode_statistics[block_].num_rows) {
    row_ = 0;
    ++block_;
  }
}

void EpisodeStatistics::VisitRow(uint64_t episode, const StatColumns& layout, const double* numbers,
                                 const Visitor& visit) {
  const PlannedEpisode& planned = plan_.episodes[episode];
  const Episode& row = dataset_->episodes[planned.source_episode];
  const auto number = static_cast<double>(episode),
             first_frame = static_cast<double>(planned.first_frame);
  const double episode_shift = number - static_cast<double>(row.number);
  const double index_shift = first_frame - static_cast<double>(row.dataset_from_index);
  std::map<std::string, Distribution> texts;  // by column
  for (size_t at = 0; at < layout.size(); ++at) {
    const StatColumn& column = layout[at];
    if (column.width == 0) continue;
    const std::span<const double> given(numbers, column.width);
    numbers += column.width;
    if (IsCorrected(episode, column.feature)) continue;
    const Bookkeeping bookkeeping = BookkeepingOf(plan_, column);
    if (bookkeeping == Bookkeeping::kNone) {
      visit(targets_[at], given);
      continue;
    }
    std::optional<double> task_value;
    if (bookkeeping == Bookkeeping::kTexts) {
      auto known = texts.find(column.feature);
      if (known == texts.end())
        known = texts.emplace(column.feature, TextsOf(episode, column.feature)).first;
      task_value = TaskStatistic(known->second, column.stat);
    }
    moved_.clear();
    for (double value : given) {
      const bool moves = column.stat != "std";
      if (bookkeeping == Bookkeeping::kCount) value = static_cast<double>(row.length_frames);
      if (bookkeeping == Bookkeeping::kEpisodeIndex)
        value = TrueStatistic(column.stat, moves ? value + episode_shift : value, number, 0,
                              row.length_frames);
      if (bookkeeping == Bookkeeping::kIndex)
        value = TrueStatistic(column.stat, moves ? value + index_shift : value, first_frame, 1,
                              row.length_frames);
      moved_.push_back(task_value.value_or(value));
    }
    visit(targets_[at], moved_);
  }
}

void EpisodeStatistics::VisitMeasured(uint64_t episode, const std::vector<bool>& is_given,
                                      const Visitor& visit) const {
  std::vector<bool> is_measured(is_given.size());
  if (const std::vector<EpisodeCorrection>* corrections = CorrectionsOf(episode)) {
    for (const EpisodeCorrection& correction : *corrections) {
      for (const Statistic& one : correction.statistics.statistics) {
        const auto place = position_.find({correction.statistics.feature, one.name});
        if (place == position_.end()) continue;
        visit(place->second, one.values);
        is_measured[place->second] = true;
      }
    }
  }
  for (size_t at = 0; at < is_given.size(); ++at) {
    const StatColumn& column = plan_.stat_columns[at];
    if (is_given[at] || is_measured[at] ||
        (NeedsEverySource(column.feature) && !IsOfTexts(plan_, column.feature)))
      continue;
    if (const std::optional<double> value = NumberedStatistic(episode, column))
      visit(at, std::span(&*value, 1));
  }
}

const std::vector<EpisodeCorrection>* EpisodeStatistics::CorrectionsOf(uint64_t episode) const {
  if (corrections_ == nullptr) return nullptr;
  const auto found = corrections_->find(episode);
  return found == corrections_->end() ? nullptr : &found->second;
}

bool EpisodeStatistics::IsCorrected(uint64_t episode, const std::string& feature) const {
  const std::vector<EpisodeCorrection>* corrections = CorrectionsOf(episode);
  return corrections != nullptr && std::ranges::any_of(*corrections, [&](const auto& one) {
           return one.statistics.feature == feature;
         });
}

const Episode& EpisodeStatistics::Row(uint64_t episode) const {
  const PlannedEpisode& planned = plan_.episodes[episode];
  return plan_.sources[planned.source]->dataset->episodes[planned.source_episode];
}

std::optional<double> EpisodeStatistics::NumberedStatistic(uint64_t episode,
                                                           const StatColumn& column) const {
  const uint64_t length = Row(episode).length_frames;
  if (length == 0) return std::nullopt;
  if (column.stat == "count") return static_cast<double>(length);
  if (IsOfTexts(plan_, column.feature))
    return TaskStatistic(TextsOf(episode, column.feature), column.stat);
  const bool is_index = column.feature == "index";
  const double value =
      TrueStatistic(column.stat, std::numeric_limits<double>::quiet_NaN(),
                    static_cast<double>(is_index ? plan_.episodes[episode].first_frame : episode),
                    is_index ? 1 : 0, length);
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

Distribution EpisodeStatistics::TextsOf(uint64_t episode, const std::string& feature) const {
  return Distribution(NewNumbersOf(plan_, episode, feature));
}

}  // namespace robomerge::write_internal
