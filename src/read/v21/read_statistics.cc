// meta/episodes_stats.jsonl (format spec 6.1): statistics of each episode.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"
#include "model/aggregate_statistics.h"
#include "model/source_statistics.h"
#include "read/v21/episode_files.h"
#include "read/v21/json_lines.h"
#include "read/v21/read_v21.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

using json::Json;

// The statistics of one line. Their names are kept once for all lines.
struct LineStatistics {
  std::vector<std::string> names;  // "feature/statistic"
  std::vector<Statistic> values;
};

// "feature", "min" of "feature/min". Names of features hold no '/'.
std::pair<std::string, std::string> SplitName(const std::string& name) {
  const size_t slash = name.rfind('/');
  return {name.substr(0, slash), name.substr(slash + 1)};
}

LineStatistics LineOf(const Json& object, const Schema& schema) {
  LineStatistics line;
  const auto all = object.find("stats");
  if (all == object.end() || !all->is_object()) return line;
  for (const auto& [feature, statistics] : all->items()) {
    if (schema.Find(feature) == nullptr || !statistics.is_object()) continue;
    for (const auto& [name, value] : statistics.items()) {
      Statistic statistic = v30::ParseStatistic(name, value);
      if (statistic.values.empty() || name.find('/') != std::string::npos) continue;
      line.names.push_back(StrCat(feature, "/", name));
      line.values.push_back(std::move(statistic));
    }
  }
  return line;
}

// What all lines have of one statistic.
struct Column {
  StatColumn column;
  bool has_integers = false, has_floats = false, has_booleans = false;

  void Count(NumberKind kind) {
    has_integers |= kind == NumberKind::kInteger;
    has_floats |= kind == NumberKind::kFloat;
    has_booleans |= kind == NumberKind::kBoolean;
  }
  NumberKind kind() const {
    if (has_floats || has_integers == has_booleans) return NumberKind::kFloat;
    return has_integers ? NumberKind::kInteger : NumberKind::kBoolean;
  }
};

class StatisticsReader {
 public:
  StatisticsReader(const ReadOptions& options, Dataset& dataset)
      : options_(options), dataset_(dataset) {}

  Status Run(const JsonLines& lines) {
    std::vector<LineStatistics> all(lines.size());
    std::vector<std::pair<int64_t, size_t>> order(lines.size());
    ROBOMERGE_RETURN_NOT_OK(lines.ParseAll(options_.for_each, kEpisodeIndex,
                                           [&](size_t at, Json&& object, int64_t number) {
                                             all[at] = LineOf(object, dataset_.schema);
                                             order[at] = {number, at};
                                             return Status();
                                           }));
    KeepLast(lines, kEpisodeIndex, order, dataset_.warnings);
    std::erase_if(order, [&](const auto& line) {
      return options_.LeavesOut(static_cast<uint64_t>(line.first));
    });
    FindColumns(all);
    size_t num_missing = 0, num_strays = 0, first_missing = 0, next = 0;
    for (size_t at = 0; at < dataset_.episodes.size(); ++at) {
      const auto number = static_cast<int64_t>(dataset_.episodes[at].number);
      for (; next < order.size() && order[next].first < number; ++next) ++num_strays;
      const bool is_there = next < order.size() && order[next].first == number;
      if (!is_there && num_missing++ == 0) first_missing = at;
      Append(at, is_there ? all[order[next].second] : LineStatistics());
      if (is_there) NoteLacking(all[order[next].second], number);
      if (is_there) ++next;
    }
    num_strays += order.size() - next;
    const std::string& path = lines.file().path;
    if (num_missing > 0) {
      Say(StrCat("statistics of ", Plural(num_missing, "episode", "episodes"), " are missing"),
          StrCat(path, ": episode ", dataset_.episodes[first_missing].number), "a line", "none");
    }
    if (num_strays > 0) {
      Say(StrCat(Plural(num_strays, "line is", "lines are"),
                 " of no episode of episodes.jsonl, and left out"),
          path, "", "");
    }
    for (const auto& [camera, lacking] : lacking_) {
      // What no line has is no fault of one.
      if (lacking.num + num_missing == dataset_.episodes.size()) continue;
      // Not found rather than corrupt: a result may lack what nobody measured.
      dataset_.warnings.push_back(
          Problem(Code::kNotFound,
                  StrCat("statistics of the camera `", camera, "` are missing in ",
                         Plural(lacking.num, "line", "lines"),
                         ": the result has none of the whole, as cameras are not measured"))
              .Kind("W-episode-stats")
              .At(StrCat(path, ": episode ", lacking.first)));
    }
    if (num_other_ > 0) {
      Say(StrCat("statistics of ",
                 Plural(num_other_, "feature of an episode", "features of episodes"),
                 " cannot be of their rows, and are left out"),
          StrCat(path, ": episode ", first_other_.first), first_other_.second, found_other_);
    }
    return Status();
  }

 private:
  // Cameras that the line does not describe. Numbers are measured.
  void NoteLacking(const LineStatistics& line, int64_t episode) {
    for (const Feature& feature : dataset_.schema.features) {
      if (!feature.is_camera()) continue;
      const bool is_there = std::ranges::any_of(line.names, [&](const std::string& name) {
        return name.starts_with(feature.name) && SplitName(name).first == feature.name;
      });
      if (is_there) continue;
      Lacking& lacking = lacking_.try_emplace(feature.name, Lacking{0, episode}).first->second;
      ++lacking.num;
    }
  }

  void Say(std::string what, std::string where, std::string expected, std::string found) {
    dataset_.warnings.push_back(Problem(Code::kCorrupt, std::move(what))
                                    .Kind("W-episode-stats")
                                    .At(std::move(where))
                                    .Expected(std::move(expected))
                                    .Found(std::move(found)));
  }

  // The columns, in the order in which lines name them, those of a feature together.
  void FindColumns(const std::vector<LineStatistics>& all) {
    const std::vector<std::string>* last = nullptr;
    std::map<std::string, size_t> place_of_feature;
    for (const LineStatistics& line : all) {
      const bool is_same = last != nullptr && *last == line.names;
      for (size_t at = 0; at < line.names.size(); ++at) {
        if (!is_same && !numbers_.contains(line.names[at])) {
          const auto [feature, name] = SplitName(line.names[at]);
          numbers_.emplace(line.names[at], columns_.size());
          columns_.push_back(
              {{feature, name, NumberKind::kFloat,
                static_cast<int>(std::max<size_t>(1, line.values[at].shape.size())), 0}});
        }
        columns_[numbers_.find(line.names[at])->second].Count(line.values[at].kind);
      }
      last = &line.names;
    }
    for (const Column& column : columns_)
      place_of_feature.try_emplace(column.column.feature, place_of_feature.size());
    std::vector<size_t> order(columns_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t left, size_t right) {
      return place_of_feature.at(columns_[left].column.feature) <
             place_of_feature.at(columns_[right].column.feature);
    });
    std::vector<Column> sorted;
    for (const size_t at : order) sorted.push_back(columns_[at]);
    columns_ = std::move(sorted);
    for (size_t at = 0; at < columns_.size(); ++at)
      numbers_[StrCat(columns_[at].column.feature, "/", columns_[at].column.stat)] = at;
    for (Column& column : columns_) column.column.kind = column.kind();
  }

  // Features whose count is not the number of the episode's rows. Cameras count samples, and
  // matrices may count their rows.
  std::set<std::string> Untrue(size_t episode, const LineStatistics& line) {
    std::set<std::string> features;
    const auto length = static_cast<double>(dataset_.episodes[episode].length_frames);
    for (size_t at = 0; at < line.names.size(); ++at) {
      const auto [name, stat] = SplitName(line.names[at]);
      const Feature& feature = *dataset_.schema.Find(name);
      if (stat != "count" || feature.is_camera() || feature.shape().size() > 1) continue;
      if (line.values[at].values.front() == length) continue;
      features.insert(name);
      if (num_other_++ > 0) continue;
      first_other_ = {
          dataset_.episodes[episode].number,
          StrCat("count ", dataset_.episodes[episode].length_frames, " of `", name, "`")};
      found_other_ = FormatDouble(line.values[at].values.front());
    }
    return features;
  }

  // Rows of one layout share a block.
  void Append(size_t episode, const LineStatistics& line) {
    const std::set<std::string> untrue = Untrue(episode, line);
    std::vector<const Statistic*> of_column(columns_.size(), nullptr);
    for (size_t at = 0; at < line.names.size(); ++at) {
      const size_t number = numbers_.find(line.names[at])->second;
      const StatColumn& column = columns_[number].column;
      const auto depth = static_cast<int>(std::max<size_t>(1, line.values[at].shape.size()));
      if (depth == column.list_depth && !untrue.contains(column.feature))
        of_column[number] = &line.values[at];
    }
    std::vector<uint32_t> widths;
    for (const Statistic* statistic : of_column)
      widths.push_back(statistic ? static_cast<uint32_t>(statistic->values.size()) : 0);
    std::vector<EpisodeStatisticsBlock>& blocks = dataset_.episode_statistics;
    if (blocks.empty() || widths != widths_) {
      auto layout = std::make_shared<StatColumns>();
      for (size_t at = 0; at < columns_.size(); ++at) {
        layout->push_back(columns_[at].column);
        layout->back().width = widths[at];
      }
      EpisodeStatisticsBlock block;
      block.layout = std::move(layout);
      block.stride = std::accumulate(widths.begin(), widths.end(), uint32_t{0});
      blocks.push_back(std::move(block));
      widths_ = std::move(widths);
    }
    ++blocks.back().num_rows;
    for (const Statistic* statistic : of_column) {
      if (statistic == nullptr) continue;
      blocks.back().values.insert(blocks.back().values.end(), statistic->values.begin(),
                                  statistic->values.end());
    }
  }

  const ReadOptions& options_;
  Dataset& dataset_;
  std::vector<Column> columns_;
  std::map<std::string, size_t> numbers_;  // "feature/statistic" -> column
  std::vector<uint32_t> widths_;
  struct Lacking {
    size_t num;     // lines
    int64_t first;  // episode
  };
  std::map<std::string, Lacking> lacking_;  // by camera
  size_t num_other_ = 0;
  std::pair<uint64_t, std::string> first_other_;
  std::string found_other_;
};

}  // namespace

Status ReadEpisodeStatistics(const io::FileSystem& file_system, const ReadOptions& options,
                             Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/episodes_stats.jsonl");
  const Result<JsonLines> lines = JsonLines::Read(file_system, path, dataset.warnings);
  if (!lines.ok() && lines.status().code() == Code::kNotFound) return Status();
  ROBOMERGE_RETURN_NOT_OK(lines.status());
  dataset.metadata_files.push_back(lines->file());
  ROBOMERGE_RETURN_NOT_OK(StatisticsReader(options, dataset).Run(*lines));
  // A stats.json beside them, which trainers make, counts for what the lines do not tell; and where
  // its count is theirs, since it says more than can be aggregated.
  std::set<std::string> features;
  for (const Feature& feature : dataset.schema.features) features.insert(feature.name);
  std::vector<FeatureStatistics> whole = AggregateEpisodes(dataset, features);
  for (FeatureStatistics& one : dataset.statistics.value_or(std::vector<FeatureStatistics>())) {
    const auto told = std::ranges::find(whole, one.feature, &FeatureStatistics::feature);
    if (told == whole.end()) {
      if (dataset.schema.Find(one.feature) != nullptr) whole.push_back(std::move(one));
    } else if (CheckStatistics(one, "").ok() &&
               one.Find("count")->values == told->Find("count")->values) {
      *told = std::move(one);
    } else {
      dataset.unused_statistics.push_back(std::move(one));
    }
  }
  dataset.statistics = std::move(whole);
  return Status();
}

}  // namespace robomerge::v21
