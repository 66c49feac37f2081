#include "model/source_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"

namespace robomerge {
namespace {

constexpr size_t kMostNamed = 5;

// LeRobot has no statistics of texts (format spec 1.4).
bool HasStatistics(const Feature& feature) {
  return feature.dtype() != "string" && feature.dtype() != "language";
}

// Where the statistics of the wanted features stand in a row of these columns, without those that
// are null.
std::vector<FeatureLayout> LayoutsOf(const StatColumns& columns,
                                     const std::set<std::string>& wanted) {
  std::vector<FeatureLayout> layouts;
  size_t offset = 0;
  for (const StatColumn& column : columns) {
    const size_t begin = offset;
    offset += column.width;
    if (column.width == 0 || !wanted.contains(column.feature)) continue;
    if (layouts.empty() || layouts.back().feature != column.feature) {
      // Usual writers put the columns of one feature side by side. Otherwise the feature is moved
      // to the end.
      const auto found = std::ranges::find(layouts, column.feature, &FeatureLayout::feature);
      if (found == layouts.end())
        layouts.push_back({column.feature, {}});
      else
        std::rotate(found, found + 1, layouts.end());
    }
    layouts.back().statistics.push_back(EntryOf(column, column.kind, begin, column.width));
  }
  return layouts;
}

const FeatureStatistics* Find(const std::vector<FeatureStatistics>& all, const std::string& name) {
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const FeatureStatistics& one) { return one.feature == name; });
  return found == all.end() ? nullptr : &*found;
}

// The features that share one fate, and why the first of them does.
struct Group {
  std::vector<std::string> features;
  std::string first_reason;

  void Add(const std::string& feature, const std::string& reason) {
    if (features.empty()) first_reason = StrCat("`", feature, "`: ", reason);
    features.push_back(feature);
  }
  std::string Names() const {
    std::vector<std::string> names;
    for (const std::string& feature : features) {
      if (names.size() == kMostNamed) break;
      names.push_back("`" + feature + "`");
    }
    std::string text = Join(names, ", ");
    if (features.size() > names.size())
      text += StrCat(" and ", features.size() - names.size(), " more");
    return text;
  }
};

class Choice {
 public:
  Choice(const Dataset& dataset, const MeasureFeatures& measure, StatsMode mode)
      : dataset_(dataset),
        measure_(measure),
        is_exact_(mode == StatsMode::kExact),
        num_frames_(dataset.num_frames()) {}

  Result<SourceStatistics> Run() {
    // What has no frames has no statistics.
    if (num_frames_ == 0) return SourceStatistics();
    FindUnusable();
    if (!is_exact_ && dataset_.statistics && reasons_.empty() && stray_.features.empty()) {
      chosen_.is_as_written = true;
      return std::move(chosen_);
    }
    std::set<std::string> wanted;
    for (const auto& [feature, reason] : reasons_) {
      if (!IsMeasuredAnyway(feature)) wanted.insert(feature);
    }
    const std::vector<FeatureStatistics> of_episodes = AggregateEpisodes(dataset_, wanted);
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<FeatureStatistics> measured, Measure(of_episodes));
    Assemble(of_episodes, measured);
    Warn(!of_episodes.empty());
    return std::move(chosen_);
  }

 private:
  bool IsMeasuredAnyway(const std::string& name) const {
    const Feature* feature = is_exact_ ? dataset_.schema.Find(name) : nullptr;
    return feature != nullptr && IsMeasurable(feature->dtype());
  }

  void FindUnusable() {
    for (const Feature& feature : dataset_.schema.features) {
      if (!HasStatistics(feature)) continue;
      const FeatureStatistics* entry =
          dataset_.statistics ? Find(*dataset_.statistics, feature.name) : nullptr;
      const std::string reason =
          entry == nullptr ? "no entry" : WhyNotOf(feature, *entry, num_frames_);
      if (!reason.empty()) reasons_.emplace(feature.name, reason);
    }
    if (!dataset_.statistics) return;
    for (const FeatureStatistics& entry : *dataset_.statistics) {
      const Feature* feature = dataset_.schema.Find(entry.feature);
      if (feature == nullptr || !HasStatistics(*feature))
        stray_.Add(entry.feature, feature == nullptr ? "no such feature" : "texts");
    }
  }

  Result<std::vector<FeatureStatistics>> Measure(
      const std::vector<FeatureStatistics>& of_episodes) {
    std::vector<std::string> names;
    for (const Feature& feature : dataset_.schema.features) {
      const auto reason = reasons_.find(feature.name);
      if (reason == reasons_.end() || Find(of_episodes, feature.name) != nullptr) continue;
      // A source that says nothing of a bookkeeping column does not mislead: the merge computes
      // its statistics.
      if (!NeedsEverySource(feature.name) && reason->second == "no entry") continue;
      if (is_exact_ ? IsMeasurable(feature.dtype()) : IsMeasurable(feature))
        names.push_back(feature.name);
      else
        left_out_.Add(feature.name, reason->second);
    }
    std::vector<FeatureStatistics> measured;
    if (is_exact_) {
      // Without entries in stats.json nothing misleads.
      const bool has_entries = dataset_.statistics && !dataset_.statistics->empty();
      for (const std::string& name : names) {
        if (has_entries && !IsMade(name)) measured_.Add(name, reasons_.at(name));
      }
      return measured;
    }
    if (measure_ && !names.empty()) {
      ROBOMERGE_ASSIGN_OR_RETURN(measured, measure_(names));
    }
    for (const std::string& name : names) {
      const bool is_lost = measure_ && Find(measured, name) == nullptr;
      if (!is_lost && IsMade(name)) continue;  // as the user asked for
      (is_lost ? left_out_ : measured_).Add(name, reasons_.at(name));
    }
    return measured;
  }

  bool IsMade(const std::string& feature) const {
    if (!dataset_.column_changes) return false;
    const std::vector<parquet::ColumnChange>& changes = dataset_.column_changes->columns;
    return std::any_of(changes.begin(), changes.end(), [&](const parquet::ColumnChange& one) {
      return one.column == feature && (one.is_cast || one.values != nullptr);
    });
  }

  // Each feature stands where stats.json has it. What is not there follows.
  void Assemble(const std::vector<FeatureStatistics>& of_episodes,
                const std::vector<FeatureStatistics>& measured) {
    std::set<std::string> done;
    const auto put = [&](const FeatureStatistics& one) {
      if (done.insert(one.feature).second) chosen_.features.push_back(one);
    };
    const auto replacement = [&](const std::string& name) {
      const FeatureStatistics* found = Find(of_episodes, name);
      return found != nullptr ? found : Find(measured, name);
    };
    if (dataset_.statistics) {
      for (const FeatureStatistics& entry : *dataset_.statistics) {
        const Feature* feature = dataset_.schema.Find(entry.feature);
        if (feature == nullptr || !HasStatistics(*feature) || IsMeasuredAnyway(entry.feature))
          continue;
        const FeatureStatistics* counts =
            reasons_.contains(entry.feature) ? replacement(entry.feature) : &entry;
        if (counts != nullptr) put(*counts);
      }
    }
    for (const FeatureStatistics& one : of_episodes) {
      put(one);
      of_episodes_.Add(one.feature, reasons_.at(one.feature));
    }
    for (const FeatureStatistics& one : measured) put(one);
  }

  void Warn(bool has_episodes) {
    if (!dataset_.statistics) {
      Say("W-stats-missing",
          is_exact_ ? "stats.json is missing; those of the result are measured"
          : has_episodes
              ? "stats.json is missing; the statistics of the episodes are aggregated instead"
              : "dataset has no statistics, neither in stats.json nor in its episodes table",
          {});
    } else if (!of_episodes_.features.empty()) {
      Say("W-stats-episodes",
          StrCat("stats.json does not describe this data in ", of_episodes_.Names(),
                 "; the statistics of the episodes are aggregated instead"),
          of_episodes_.first_reason);
    }
    if (!measured_.features.empty()) {
      Say("W-stats-measured",
          StrCat(is_exact_ ? "stats.json does not describe this data in "
                           : "neither stats.json nor the episodes table describes this data in ",
                 measured_.Names(), "; the rows are measured instead"),
          measured_.first_reason);
    }
    if (!left_out_.features.empty()) {
      Say("W-stats-left-out",
          StrCat("neither stats.json nor the episodes table describes this data in ",
                 left_out_.Names(), "; the result has no statistics of it"),
          left_out_.first_reason);
    }
    if (!stray_.features.empty()) {
      Say("W-stats-stray",
          StrCat("entries of stats.json that are of no feature with statistics are left out: ",
                 stray_.Names()),
          stray_.first_reason);
    }
  }

  void Say(const char* kind, std::string what, std::string found) {
    chosen_.warnings.push_back(Problem(Code::kCorrupt, std::move(what))
                                   .Kind(kind)
                                   .At(dataset_.root + "/meta/stats.json")
                                   .Found(std::move(found)));
  }

  const Dataset& dataset_;
  const MeasureFeatures& measure_;
  const bool is_exact_;
  const uint64_t num_frames_;
  SourceStatistics chosen_;
  // Of the features whose entry in stats.json does not count.
  std::map<std::string, std::string> reasons_;
  Group of_episodes_, measured_, left_out_, stray_;
};

}  // namespace

bool IsMeasurable(const std::string& dtype) {
  return dtype == "bool" || dtype.starts_with("int") || dtype.starts_with("uint") ||
         dtype == "float16" || dtype == "float32" || dtype == "float64";
}

std::pair<uint64_t, uint64_t> Elements(const Feature& feature) {
  constexpr int64_t kMost = int64_t{1} << 30;
  int64_t all = 1, last = 1;
  for (const int64_t extent : feature.shape()) {
    if (extent <= 0 || all > kMost / extent) return {0, 0};
    all *= extent;
    last = extent;
  }
  return {static_cast<uint64_t>(all), static_cast<uint64_t>(last)};
}

FeatureCounts::FeatureCounts(const Feature& feature) : is_matrix_(feature.shape().size() > 1) {
  const auto [all, last] = Elements(feature);
  per_frame_ = static_cast<double>(all);
  rows_per_frame_ = last == 0 ? 0 : static_cast<double>(all / last);
}

bool FeatureCounts::Fit(double count, uint64_t num_frames) const {
  const auto frames = static_cast<double>(num_frames);
  return count == frames ||
         (is_matrix_ && (count == frames * rows_per_frame_ || count == frames * per_frame_));
}

std::string WhyNotOf(const Feature& feature, const FeatureStatistics& statistics,
                     uint64_t num_frames) {
  if (const Status status = CheckStatistics(statistics, ""); !status.ok())
    return status.problems().front().what;
  const std::vector<double>& deviations = statistics.Find("std")->values;
  if (std::ranges::any_of(deviations, [](double one) { return one < 0; })) return "std below 0";
  const size_t width = statistics.Find("mean")->values.size();
  const double count = statistics.Find("count")->values.front();
  if (feature.is_camera()) {
    // Pixels are finite, so that their statistics are.
    for (const Statistic& one : statistics.statistics) {
      const bool is_finite = std::all_of(one.values.begin(), one.values.end(),
                                         [](double value) { return std::isfinite(value); });
      if (!is_finite) return StrCat(one.name, " is no finite number");
    }
    // One number for each channel.
    return width == 1 || width == 3 || width == 4
               ? ""
               : StrCat(width, " numbers for the channels of a picture");
  }
  if (width == 0) return "no numbers";
  const auto [all, last] = Elements(feature);
  // LeRobot takes the statistics of a matrix over all dimensions but the last (format spec 1.7).
  if (all > 0 && width != all && width != last)
    return StrCat(width, " numbers for shape ",
                  json::DumpLine(feature.entry.value("shape", Json())));
  if (FeatureCounts(feature).Fit(count, num_frames)) return "";
  return StrCat("count ", FormatDouble(count), ", but ", num_frames, " frames");
}

Result<SourceStatistics> ChooseStatistics(const Dataset& dataset, const MeasureFeatures& measure,
                                          StatsMode mode) {
  return Choice(dataset, measure, mode).Run();
}

EpisodesOfFeature::EpisodesOfFeature(const Feature& feature, bool by_frames)
    : feature_(feature), counts_(feature), by_frames_(by_frames) {}

bool EpisodesOfFeature::Add(FeaturePart part, uint64_t num_frames) {
  const FeatureLayout& layout = *part.layout;
  if (&layout != layout_) {
    // All rows of a layout have its shapes.
    if (!WhyNotOf(feature_, StatisticsAt(layout, part.numbers), num_frames).empty()) return false;
    const std::vector<uint32_t>& shape = layout.Find("mean")->shape;
    if (!parts_.empty() && parts_.front().layout->Find("mean")->shape != shape) return false;
    layout_ = &layout;
    count_ = layout.Find("count")->offset;
  } else if (feature_.is_camera()) {
    for (const FeatureLayout::Entry& entry : layout.statistics) {
      const double* const begin = part.numbers + entry.offset;
      const double least = entry.name == "std" ? 0 : -std::numeric_limits<double>::infinity();
      if (!std::all_of(begin, begin + entry.width,
                       [&](double one) { return std::isfinite(one) && one >= least; }))
        return false;
    }
    if (!IsCount(part.numbers[count_])) return false;
  } else if (!counts_.Fit(part.numbers[count_], num_frames)) {
    return false;
  }
  if (by_frames_) part.num_frames = static_cast<double>(num_frames);
  parts_.push_back(part);
  return true;
}

std::vector<FeatureStatistics> AggregateEpisodes(const Dataset& dataset,
                                                 const std::set<std::string>& wanted,
                                                 bool by_frames) {
  uint64_t num_rows = 0;
  std::map<const StatColumns*, std::vector<FeatureLayout>> layouts;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    num_rows += block.num_rows;
    if (block.num_rows > 0 && !layouts.contains(block.layout.get()))
      layouts.emplace(block.layout.get(), LayoutsOf(*block.layout, wanted));
  }
  if (num_rows != dataset.episodes.size()) return {};
  const auto first = std::ranges::find_if(dataset.episode_statistics,
                                          [](const auto& block) { return block.num_rows > 0; });
  if (first == dataset.episode_statistics.end()) return {};

  std::vector<FeatureStatistics> whole;
  for (const FeatureLayout& of_first : layouts.at(first->layout.get())) {
    const Feature* const feature = dataset.schema.Find(of_first.feature);
    if (feature == nullptr || !HasStatistics(*feature)) continue;
    EpisodesOfFeature episodes(*feature, by_frames);
    size_t episode = 0;
    bool is_usable = true;
    for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
      if (block.num_rows == 0) continue;
      const std::vector<FeatureLayout>& of_block = layouts.at(block.layout.get());
      const auto layout = std::ranges::find(of_block, of_first.feature, &FeatureLayout::feature);
      is_usable = layout != of_block.end();
      for (uint64_t row = 0; row < block.num_rows && is_usable; ++row) {
        is_usable = episodes.Add({&*layout, block.values.data() + row * block.stride, nullptr, {}},
                                 dataset.episodes[episode++].length_frames);
      }
      if (!is_usable) break;
    }
    if (is_usable) whole.push_back(episodes.Aggregate());
  }
  return whole;
}

bool IsMeasurable(const Feature& feature) {
  const std::string dtype = feature.dtype();
  // float16 is left out: Arrow hands it out as bits, and no recorder writes it.
  return dtype == "bool" || dtype.starts_with("int") || dtype.starts_with("uint") ||
         dtype == "float32" || dtype == "float64";
}

bool NeedsEverySource(const std::string& feature) {
  return feature != "index" && feature != "episode_index" && feature != "task_index";
}

}  // namespace robomerge
