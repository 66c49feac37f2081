// Keeps a range of an episode's frames: rows, frames of videos, tasks and statistics.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "adapt/adapt_internal.h"
#include "base/text.h"
#include "model/adaptation.h"
#include "model/retime.h"

namespace robomerge::adapt_internal {
namespace {

constexpr std::string_view kNumbered[] = {"frame_index", "timestamp"};

uint64_t EpisodeOf(const Rule& trim) {
  uint64_t number = 0;
  std::from_chars(trim.name.data(), trim.name.data() + trim.name.size(), number);
  return number;
}

// The frames that are kept of an episode.
struct Kept {
  const Rule* rule = nullptr;
  uint64_t first = 0, num = 0;
  uint64_t num_before = 0;  ///< that there were
};

class Trimming {
 public:
  Trimming(const RowFacts& facts, Dataset& dataset)
      : facts_(facts), dataset_(dataset), rate_(dataset.schema.frame_rate()) {}

  Status Run(const std::vector<Rule>& trims) {
    ROBOMERGE_RETURN_NOT_OK(FindEpisodes(trims));
    if (kept_.empty()) return Status();
    for (size_t file = 0; file < dataset_.data_files.size(); ++file) TrimRows(file);
    PutMovedRows();
    for (const auto& [episode, kept] : kept_) TrimEpisode(episode, kept);
    ROBOMERGE_RETURN_NOT_OK(CountTasks());
    ROBOMERGE_RETURN_NOT_OK(Measure());
    FollowRows(dataset_);
    return Status();
  }

 private:
  // What contradicts the episodes table is left for others to report.
  Status FindEpisodes(const std::vector<Rule>& trims) {
    std::map<uint64_t, const Rule*> rules;
    for (const Rule& rule : trims) rules.emplace(EpisodeOf(rule), &rule);
    std::vector<Problem> problems;
    for (size_t file = 0; file < dataset_.data_files.size(); ++file) {
      for (const EpisodeRows& rows : dataset_.data_files[file].episodes) {
        const auto at = static_cast<size_t>(rows.episode_index);
        if (rows.episode_index < 0 || at >= dataset_.episodes.size()) continue;
        const Episode& episode = dataset_.episodes[at];
        const auto rule = rules.find(episode.number);
        if (rule == rules.end() || episode.data_file != file ||
            rows.total_rows() != episode.length_frames)
          continue;
        if (rows.odd) {
          problems.push_back(
              RuleProblem(dataset_.root, "trim", rule->second->name,
                          "frames of the episode are not numbered and timed from 0 on, so that it "
                          "is not clear which ones are meant")
                  .Hint("add --retime, which numbers and times the frames of every episode anew"));
          continue;
        }
        ROBOMERGE_ASSIGN_OR_RETURN(const EpisodeRange range, ParseTrim(rule->second->value));
        const uint64_t last = range.last.value_or(episode.length_frames - 1);
        const uint64_t num = last - range.first + 1;
        if (num == episode.length_frames) continue;
        kept_[at] = {rule->second, range.first, num, episode.length_frames};
      }
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  void TrimRows(size_t file) {
    std::vector<EpisodeRows>& all = dataset_.data_files[file].episodes;
    for (EpisodeRows& rows : all) {
      const auto entry = kept_.find(static_cast<size_t>(rows.episode_index));
      if (entry == kept_.end() || dataset_.episodes[entry->first].data_file != file) continue;
      const Kept& kept = entry->second;
      std::vector<RowsElsewhere> parts = {
          {static_cast<uint32_t>(file), rows.first_row, rows.num_rows}};
      parts.insert(parts.end(), rows.more.begin(), rows.more.end());
      uint64_t left_out = kept.first, num = kept.num;
      std::vector<RowsElsewhere> kept_parts;
      for (RowsElsewhere part : parts) {
        const uint64_t before = std::min(left_out, part.num_rows);
        left_out -= before;
        part.first_row += before;
        part.num_rows = std::min(part.num_rows - before, num);
        num -= part.num_rows;
        if (part.num_rows > 0) kept_parts.push_back(part);
      }
      rows.first_row = kept_parts.front().first_row;
      rows.num_rows = kept_parts.front().num_rows;
      rows.more.assign(kept_parts.begin() + 1, kept_parts.end());
      rows.is_row_group = false;
      rows.uncompressed_bytes = rows.uncompressed_bytes * kept.num / kept.num_before;
      rows.first_frame = kept.first;
      rows.is_retimed = rows.is_retimed || kept.first > 0;
      if (kept_parts.front().data_file == file) continue;
      moved_.emplace_back(kept_parts.front().data_file, rows);
      rows.episode_index = kGone;
    }
    std::erase_if(all, [](const EpisodeRows& rows) { return rows.episode_index == kGone; });
  }

  // Episodes that begin in another data file now.
  void PutMovedRows() {
    for (auto& [file, rows] : moved_) {
      std::vector<EpisodeRows>& all = dataset_.data_files[file].episodes;
      dataset_.episodes[static_cast<size_t>(rows.episode_index)].data_file = file;
      const auto after = std::find_if(
          all.begin(), all.end(),
          [&rows = rows](const EpisodeRows& one) { return one.first_row > rows.first_row; });
      all.insert(after, std::move(rows));
    }
  }

  void TrimEpisode(size_t at, const Kept& kept) {
    Episode& episode = dataset_.episodes[at];
    episode.length_frames = kept.num;
    episode.dataset_from_index += static_cast<int64_t>(kept.first);
    for (VideoKey& key : dataset_.video_keys) {
      VideoSegment& segment = key.segments[at];
      segment.from_timestamp += rate_.Seconds(kept.first);
      segment.to_timestamp = segment.from_timestamp + rate_.Seconds(kept.num);
    }
  }

  Status CountTasks() {
    std::map<size_t, EpisodeRows*> all_rows;
    for (size_t file = 0; file < dataset_.data_files.size(); ++file) {
      for (EpisodeRows& rows : dataset_.data_files[file].episodes) {
        const auto at = static_cast<size_t>(rows.episode_index);
        if (kept_.contains(at) && dataset_.episodes[at].data_file == file) all_rows[at] = &rows;
      }
    }
    ROBOMERGE_ASSIGN_OR_RETURN(
        std::set<size_t> counted,
        CountColumn(all_rows, "task_index",
                    [](EpisodeRows& rows) -> NumberFrames& { return rows.task_frames; }));
    for (size_t column = 0; column < dataset_.text_columns.size(); ++column) {
      const auto frames = [column](EpisodeRows& rows) -> NumberFrames& {
        return rows.text_frames[column];
      };
      ROBOMERGE_ASSIGN_OR_RETURN(const std::set<size_t> more,
                                 CountColumn(all_rows, dataset_.text_columns[column].name, frames));
      if (!dataset_.text_columns[column].is_of_subtasks) counted.insert(more.begin(), more.end());
    }
    for (const size_t at : counted) ListTasks(*all_rows.at(at), dataset_.episodes[at].tasks);
    return Status();
  }

  // Counts what rows of one number do not tell by themselves, and returns the episodes that have
  // several.
  template <typename FramesOf>
  Result<std::set<size_t>> CountColumn(const std::map<size_t, EpisodeRows*>& all_rows,
                                       const std::string& column, const FramesOf& frames_of) {
    std::vector<size_t> episodes;
    for (const auto& [at, rows] : all_rows) {
      NumberFrames& frames = frames_of(*rows);
      if (frames.size() == 1)
        frames.front().second = kept_.at(at).num;
      else
        episodes.push_back(at);
    }
    if (episodes.empty()) return std::set<size_t>();
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<NumberFrames> counted,
                               facts_.count_numbers(dataset_, column, episodes));
    for (size_t number = 0; number < episodes.size(); ++number)
      frames_of(*all_rows.at(episodes[number])) = counted[number];
    return std::set<size_t>(episodes.begin(), episodes.end());
  }

  // Leaves the tasks that some row still names.
  void ListTasks(const EpisodeRows& rows, std::vector<std::string>& listed) const {
    std::set<std::string> used;
    const auto add = [&](const NumberFrames& all) {
      for (const auto& [task, frames] : all) {
        if (task >= 0 && static_cast<uint64_t>(task) < dataset_.tasks.size())
          used.insert(dataset_.tasks[static_cast<size_t>(task)]);
      }
    };
    add(rows.task_frames);
    for (size_t column = 0; column < dataset_.text_columns.size(); ++column) {
      if (!dataset_.text_columns[column].is_of_subtasks) add(rows.text_frames[column]);
    }
    std::erase_if(listed, [&](const std::string& task) { return !used.contains(task); });
  }

  // -- Statistics of the episodes.

  Status Measure() {
    std::set<std::string> cameras;
    std::vector<std::string> numeric;
    std::vector<size_t> episodes;
    for (const EpisodeStatisticsBlock& block : dataset_.episode_statistics) {
      for (const StatColumn& column : *block.layout) {
        const Feature* feature = dataset_.schema.Find(column.feature);
        if (feature == nullptr || column.width == 0) continue;
        if (feature->is_camera())
          cameras.insert(column.feature);
        else if (!IsNumbered(column.feature) &&
                 std::find(numeric.begin(), numeric.end(), column.feature) == numeric.end())
          numeric.push_back(column.feature);
      }
    }
    for (const auto& [at, kept] : kept_) episodes.push_back(at);
    std::vector<std::vector<FeatureStatistics>> measured(episodes.size());
    if (!numeric.empty()) {
      ROBOMERGE_ASSIGN_OR_RETURN(measured, facts_.measure(dataset_, episodes, numeric));
    }
    for (size_t number = 0; number < episodes.size(); ++number)
      ReplaceStatistics(episodes[number], measured[number]);
    if (cameras.empty()) return Status();
    dataset_.warnings.push_back(
        Problem(Code::kUnsupported,
                StrCat("statistics of cameras in ", episodes.size(),
                       episodes.size() == 1 ? " trimmed episode are" : " trimmed episodes are",
                       " those of the whole episode: no picture is decoded"))
            .Kind("W-trim-cameras")
            .At(dataset_.root)
            .Found(Join({cameras.begin(), cameras.end()}, ", ")));
    return Status();
  }

  static bool IsNumbered(const std::string& feature) {
    return std::find(std::begin(kNumbered), std::end(kNumbered), feature) != std::end(kNumbered);
  }

  // One row of the table of statistics, which may lack columns that the others have.
  void ReplaceStatistics(size_t at, const std::vector<FeatureStatistics>& measured) {
    std::vector<EpisodeStatisticsBlock>& blocks = dataset_.episode_statistics;
    size_t row = at, number = 0;
    while (number < blocks.size() && row >= blocks[number].num_rows)
      row -= blocks[number++].num_rows;
    if (number == blocks.size()) return;
    const EpisodeStatisticsBlock& block = blocks[number];
    StatColumns layout = *block.layout;
    std::vector<double> values;
    const double* old = block.values.data() + row * block.stride;
    for (StatColumn& column : layout) {
      const std::vector<double> given(old, old + column.width);
      old += column.width;
      const std::vector<double> fresh = NewStatistic(at, column, given, measured);
      column.width = static_cast<uint32_t>(fresh.size());
      values.insert(values.end(), fresh.begin(), fresh.end());
    }
    if (layout == *block.layout) {
      std::copy(values.begin(), values.end(),
                blocks[number].values.begin() + static_cast<int64_t>(row * block.stride));
      return;
    }
    EpisodeStatisticsBlock before = Rows(block, 0, row), own,
                           after = Rows(block, row + 1, block.num_rows);
    own.layout = std::make_shared<const StatColumns>(std::move(layout));
    own.stride = static_cast<uint32_t>(values.size());
    own.num_rows = 1;
    own.values = std::move(values);
    auto place = blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(number));
    for (EpisodeStatisticsBlock* part : {&after, &own, &before}) {
      if (part->num_rows > 0) place = blocks.insert(place, std::move(*part));
    }
  }

  static EpisodeStatisticsBlock Rows(const EpisodeStatisticsBlock& block, uint64_t begin,
                                     uint64_t end) {
    EpisodeStatisticsBlock part;
    part.layout = block.layout;
    part.stride = block.stride;
    part.num_rows = end - begin;
    part.values.assign(block.values.begin() + static_cast<int64_t>(begin * block.stride),
                       block.values.begin() + static_cast<int64_t>(end * block.stride));
    return part;
  }

  // Empty if it is not known.
  std::vector<double> NewStatistic(size_t at, const StatColumn& column,
                                   const std::vector<double>& given,
                                   const std::vector<FeatureStatistics>& measured) const {
    const Feature* feature = dataset_.schema.Find(column.feature);
    if (given.empty() || feature == nullptr) return {};
    if (feature->is_camera()) return given;
    const Kept& kept = kept_.at(at);
    if (column.stat == "count") {
      // LeRobot may count the rows of a matrix.
      const double per_frame = given.front() / static_cast<double>(kept.num_before);
      const bool is_whole =
          given.size() == 1 && per_frame >= 1 && per_frame == std::floor(per_frame);
      return {static_cast<double>(kept.num) * (is_whole ? per_frame : 1)};
    }
    if (IsNumbered(column.feature)) {
      const Distribution frames = Distribution::Range(kept.num);
      return std::vector<double>(given.size(),
                                 StatisticOfFrames(frames, column.stat, column.feature, rate_));
    }
    for (const FeatureStatistics& one : measured) {
      if (one.feature != column.feature) continue;
      const Statistic* statistic = one.Find(column.stat);
      if (statistic != nullptr && statistic->values.size() == given.size())
        return statistic->values;
    }
    return {};
  }

  static constexpr int64_t kGone = -1;

  const RowFacts& facts_;
  Dataset& dataset_;
  const FrameRate rate_;
  std::map<size_t, Kept> kept_;  // by episode
  std::vector<std::pair<uint32_t, EpisodeRows>> moved_;
};

}  // namespace

Status CheckTrims(const std::vector<Rule>& trims, const std::vector<EpisodeChoice>& choices,
                  const std::string& root) {
  std::vector<Problem> problems;
  for (const Rule& trim : trims) {
    const uint64_t number = EpisodeOf(trim);
    const auto wrong = [&](std::string what) {
      return RuleProblem(root, "trim", trim.name, std::move(what));
    };
    const EpisodeChoice* const found = Find(choices, number);
    if (found == nullptr) {
      problems.push_back(wrong(StrCat("there is no episode ", number))
                             .Expected(NumbersText(choices))
                             .Hint(std::string(kSeeEpisodes)));
      continue;
    }
    const EpisodeChoice& choice = *found;
    if (!choice.is_chosen) {
      problems.push_back(wrong("an episode that is not chosen cannot be trimmed")
                             .Found(choice.reason)
                             .Hint("leave out the trim, or choose the episode"));
      continue;
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const EpisodeRange range, ParseTrim(trim.value));
    const uint64_t most = range.last.value_or(range.first);
    if (most < choice.num_frames) continue;
    problems.push_back(wrong(StrCat("episode ", number, " has no frame ", most))
                           .Expected(choice.num_frames == 0
                                         ? std::string("no range: the episode has no frames")
                                         : StrCat("frames 0 to ", choice.num_frames - 1))
                           .Found(StrCat("`", trim.value, "`"))
                           .Hint(range.first < choice.num_frames
                                     ? StrCat("leave the end open: `", range.first, "-`")
                                     : ""));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status TrimEpisodes(const std::vector<Rule>& trims, const RowFacts& facts, Dataset& dataset) {
  return Trimming(facts, dataset).Run(trims);
}

}  // namespace robomerge::adapt_internal
