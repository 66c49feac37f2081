#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"
#include "formats/parquet/table.h"
#include "model/distribution.h"
#include "model/source_statistics.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {
namespace {

using parquet::NumberLists;

// Goes through the statistics of one source in the order of its episodes.
class SourceStatistics {
 public:
  // Moves to a source and its first wanted episode.
  void Open(const Dataset& dataset, uint64_t episode) {
    dataset_ = &dataset;
    block_ = 0;
    row_ = episode;
    while (block_ < dataset.episode_statistics.size() &&
           row_ >= dataset.episode_statistics[block_].num_rows) {
      row_ -= dataset.episode_statistics[block_++].num_rows;
    }
  }
  void Next() {
    if (block_ < dataset_->episode_statistics.size() &&
        ++row_ >= dataset_->episode_statistics[block_].num_rows) {
      row_ = 0;
      ++block_;
    }
  }
  const StatColumns* layout() const {
    return block_ < dataset_->episode_statistics.size()
               ? dataset_->episode_statistics[block_].layout.get()
               : nullptr;
  }
  const double* values() const {
    const EpisodeStatisticsBlock& block = dataset_->episode_statistics[block_];
    return block.values.data() + row_ * block.stride;
  }

 private:
  const Dataset* dataset_ = nullptr;
  size_t block_ = 0;
  uint64_t row_ = 0;
};

// Which bookkeeping column a statistic describes, if the merge changes it (format spec 3.4).
enum class Bookkeeping { kNone, kEpisodeIndex, kIndex, kTaskIndex };

Bookkeeping BookkeepingOf(const StatColumn& column) {
  if (column.stat == "count") return Bookkeeping::kNone;
  if (column.feature == "task_index") return Bookkeeping::kTaskIndex;
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

class EpisodesWriter {
 public:
  EpisodesWriter(const WriteContext& context, const EpisodesStep& step)
      : context_(context),
        plan_(*context.plan),
        step_(step),
        end_(step.first_episode + step.num_episodes) {}

  Result<WrittenFile> Run() {
    AddPlaces();
    AddFrames();
    AddStatistics();
    ROBOMERGE_RETURN_NOT_OK(AddCarried());
    AddRepeated("meta/episodes/chunk_index", step_.id.chunk_index);
    AddRepeated("meta/episodes/file_index", step_.id.file_index);
    const std::string path = io::JoinPath(context_.directory, DestinationEpisodesPath(step_.id));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> output,
                               context_.file_system->Create(path, context_.sharing));
    WrittenFile written;
    ROBOMERGE_ASSIGN_OR_RETURN(written.size_bytes, table_.Write(*output));
    written.encoded_bytes = written.size_bytes;
    ROBOMERGE_RETURN_NOT_OK(output->Close(context_.sync));
    return written;
  }

 private:
  template <typename Value>
  std::vector<int64_t> Column(Value value) const {
    std::vector<int64_t> column;
    column.reserve(step_.num_episodes);
    for (uint64_t episode = step_.first_episode; episode < end_; ++episode)
      column.push_back(static_cast<int64_t>(value(episode)));
    return column;
  }

  const Dataset& SourceOf(uint64_t episode) const {
    return *plan_.sources[plan_.episodes[episode].source]->dataset;
  }
  const Episode& Row(uint64_t episode) const {
    return SourceOf(episode).episodes[plan_.episodes[episode].source_episode];
  }
  const EpisodeRows& Rows(uint64_t episode) const {
    const PlannedEpisode& planned = plan_.episodes[episode];
    return *plan_.sources[planned.source]->data_places[planned.source_episode].rows;
  }

  void AddRepeated(const std::string& name, int64_t value) {
    table_.AddInt64(name, std::vector<int64_t>(step_.num_episodes, value));
  }

  // In the order in which LeRobot's recorder writes them (format spec 1.7).
  void AddPlaces() {
    table_.AddInt64("episode_index", Column([](uint64_t episode) { return episode; }));
    std::vector<std::vector<std::string>> tasks;
    for (uint64_t episode = step_.first_episode; episode < end_; ++episode)
      tasks.push_back(Row(episode).tasks);
    table_.AddStringList("tasks", std::move(tasks));
    table_.AddInt64("length",
                    Column([this](uint64_t episode) { return Row(episode).length_frames; }));
    const auto data_id = [this](uint64_t episode) {
      return std::get<DataStep>(plan_.steps[plan_.episodes[episode].data_step]).id;
    };
    table_.AddInt64("data/chunk_index",
                    Column([&](uint64_t episode) { return data_id(episode).chunk_index; }));
    table_.AddInt64("data/file_index",
                    Column([&](uint64_t episode) { return data_id(episode).file_index; }));
    table_.AddInt64("dataset_from_index", Column([this](uint64_t episode) {
                      return plan_.episodes[episode].first_frame;
                    }));
    table_.AddInt64("dataset_to_index", Column([this](uint64_t episode) {
                      return plan_.episodes[episode].first_frame + Row(episode).length_frames;
                    }));
  }

  void AddFrames() {
    for (size_t key = 0; key < plan_.video_keys.size(); ++key) {
      const std::string prefix = "videos/" + plan_.video_keys[key] + "/";
      const std::vector<PlannedFrames>& frames = plan_.frames[key];
      const auto video_id = [&](uint64_t episode) {
        return std::get<VideoStep>(plan_.steps[frames[episode].video_step]).id;
      };
      table_.AddInt64(prefix + "chunk_index",
                      Column([&](uint64_t episode) { return video_id(episode).chunk_index; }));
      table_.AddInt64(prefix + "file_index",
                      Column([&](uint64_t episode) { return video_id(episode).file_index; }));
      std::vector<double> from, to;
      for (uint64_t episode = step_.first_episode; episode < end_; ++episode) {
        from.push_back(frames[episode].from_timestamp);
        to.push_back(frames[episode].to_timestamp);
      }
      table_.AddDouble(prefix + "from_timestamp", std::move(from));
      table_.AddDouble(prefix + "to_timestamp", std::move(to));
    }
  }

  // All numbers but counts are doubles, whatever types the sources have (W-14).
  void AddStatistics() {
    std::vector<NumberLists> columns(plan_.stat_columns.size());
    for (size_t at = 0; at < columns.size(); ++at) {
      columns[at].element = plan_.stat_columns[at].stat == "count" ? NumberLists::Element::kInteger
                                                                   : NumberLists::Element::kFloat;
      columns[at].list_depth = plan_.stat_columns[at].list_depth;
      columns[at].cell_begin.push_back(0);
    }
    std::map<std::pair<std::string, std::string>, size_t> position;
    for (size_t at = 0; at < columns.size(); ++at)
      position[{plan_.stat_columns[at].feature, plan_.stat_columns[at].stat}] = at;

    SourceStatistics statistics;
    const StatColumns* layout = nullptr;
    std::vector<size_t> targets;
    for (uint64_t episode = step_.first_episode; episode < end_; ++episode) {
      const PlannedEpisode& planned = plan_.episodes[episode];
      const bool continues =
          episode > step_.first_episode && plan_.episodes[episode - 1].source == planned.source;
      if (continues)
        statistics.Next();
      else
        statistics.Open(SourceOf(episode), planned.source_episode);
      std::vector<bool> is_given(columns.size());
      if (const StatColumns* current = statistics.layout()) {
        if (layout == nullptr || (current != layout && *current != *layout)) {
          targets.clear();
          for (const StatColumn& column : *current)
            targets.push_back(position.at({column.feature, column.stat}));
        }
        layout = current;
        AppendRow(episode, *current, statistics.values(), targets, columns, is_given);
      }
      if (plan_.stats == StatsMode::kExact) AppendMeasured(episode, position, columns, is_given);
      for (size_t at = 0; at < columns.size(); ++at) {
        columns[at].is_null.push_back(!is_given[at]);
        columns[at].cell_begin.push_back(static_cast<uint32_t>(columns[at].values.size()));
      }
    }
    for (size_t at = 0; at < columns.size(); ++at) {
      table_.AddNumbers(
          StrCat("stats/", plan_.stat_columns[at].feature, "/", plan_.stat_columns[at].stat),
          std::move(columns[at]));
    }
  }

  void AppendRow(uint64_t episode, const StatColumns& layout, const double* values,
                 const std::vector<size_t>& targets, std::vector<NumberLists>& columns,
                 std::vector<bool>& is_given) const {
    const PlannedEpisode& planned = plan_.episodes[episode];
    const auto number = static_cast<double>(episode),
               first_frame = static_cast<double>(planned.first_frame);
    const double episode_shift = number - static_cast<double>(Row(episode).number);
    const double index_shift = first_frame - static_cast<double>(Row(episode).dataset_from_index);
    const uint64_t length = Row(episode).length_frames;
    std::optional<Distribution> tasks;
    for (size_t at = 0; at < layout.size(); ++at) {
      const StatColumn& column = layout[at];
      if (column.width == 0) continue;
      if (IsCorrected(episode, column.feature)) {
        values += column.width;
        continue;
      }
      std::vector<double>& target = columns[targets[at]].values;
      is_given[targets[at]] = true;
      const Bookkeeping bookkeeping = BookkeepingOf(column);
      std::optional<double> task_value;
      if (bookkeeping == Bookkeeping::kTaskIndex) {
        if (!tasks) tasks.emplace(TaskDistribution(episode));
        task_value = TaskStatistic(*tasks, column.stat);
      }
      for (uint32_t item = 0; item < column.width; ++item) {
        double value = values[item];
        const bool moves = column.stat != "std";
        if (bookkeeping == Bookkeeping::kEpisodeIndex)
          value =
              TrueStatistic(column.stat, moves ? value + episode_shift : value, number, 0, length);
        if (bookkeeping == Bookkeeping::kIndex)
          value = TrueStatistic(column.stat, moves ? value + index_shift : value, first_frame, 1,
                                length);
        target.push_back(task_value.value_or(value));
      }
      values += column.width;
    }
  }

  bool IsCorrected(uint64_t episode, const std::string& feature) const {
    const std::vector<EpisodeCorrection>* corrections = CorrectionsOf(episode);
    return corrections != nullptr &&
           std::any_of(corrections->begin(), corrections->end(), [&](const EpisodeCorrection& one) {
             return one.statistics.feature == feature;
           });
  }

  const std::vector<EpisodeCorrection>* CorrectionsOf(uint64_t episode) const {
    if (context_.corrections == nullptr) return nullptr;
    const auto found = context_.corrections->find(episode);
    return found == context_.corrections->end() ? nullptr : &found->second;
  }

  using Positions = std::map<std::pair<std::string, std::string>, size_t>;

  // What was measured since it is not as its source states it; and what its source does not state
  // of the columns that the merge numbers.
  void AppendMeasured(uint64_t episode, const Positions& position,
                      std::vector<NumberLists>& columns, std::vector<bool>& is_given) const {
    if (const std::vector<EpisodeCorrection>* corrections = CorrectionsOf(episode)) {
      for (const EpisodeCorrection& correction : *corrections) {
        for (const Statistic& one : correction.statistics.statistics) {
          const auto place = position.find({correction.statistics.feature, one.name});
          if (place == position.end()) continue;
          std::vector<double>& target = columns[place->second].values;
          target.insert(target.end(), one.values.begin(), one.values.end());
          is_given[place->second] = true;
        }
      }
    }
    for (size_t at = 0; at < columns.size(); ++at) {
      const StatColumn& column = plan_.stat_columns[at];
      if (is_given[at] || NeedsEverySource(column.feature)) continue;
      if (const std::optional<double> value = NumberedStatistic(episode, column)) {
        columns[at].values.push_back(*value);
        is_given[at] = true;
      }
    }
  }

  std::optional<double> NumberedStatistic(uint64_t episode, const StatColumn& column) const {
    const uint64_t length = Row(episode).length_frames;
    if (length == 0) return std::nullopt;
    if (column.stat == "count") return static_cast<double>(length);
    if (column.feature == "task_index")
      return TaskStatistic(TaskDistribution(episode), column.stat);
    const bool is_index = column.feature == "index";
    const double value =
        TrueStatistic(column.stat, std::numeric_limits<double>::quiet_NaN(),
                      static_cast<double>(is_index ? plan_.episodes[episode].first_frame : episode),
                      is_index ? 1 : 0, length);
    return std::isnan(value) ? std::nullopt : std::optional(value);
  }

  Distribution TaskDistribution(uint64_t episode) const {
    std::map<int64_t, uint64_t> frames;
    const std::vector<uint32_t>& map = plan_.task_maps[plan_.episodes[episode].source];
    for (const auto& [task, num_frames] : Rows(episode).task_frames)
      frames[map[static_cast<size_t>(task)]] += num_frames;
    return Distribution({frames.begin(), frames.end()});
  }

  // Takes the columns that the format does not know from the source files as they are.
  Status AddCarried() {
    if (plan_.carried_columns.empty()) return Status();
    std::vector<parquet::Table> tables;
    tables.reserve(step_.num_episodes);
    std::vector<parquet::TableWriter::Block> blocks;
    for (uint64_t episode = step_.first_episode; episode < end_; ++episode) {
      const Episode& row = Row(episode);
      const bool continues = episode > step_.first_episode &&
                             plan_.episodes[episode - 1].source == plan_.episodes[episode].source &&
                             Row(episode - 1).episodes_file == row.episodes_file;
      if (!continues) {
        const EpisodesFile& file = SourceOf(episode).episodes_files[row.episodes_file];
        blocks.push_back({nullptr, {}});
        if (file.is_table()) {
          const io::PooledFile open(*context_.sources, file.path, file.size_bytes);
          ROBOMERGE_ASSIGN_OR_RETURN(parquet::Table table,
                                     parquet::Table::ReadColumns(open, plan_.carried_columns));
          tables.push_back(std::move(table));
          blocks.back().table = &tables.back();
        }
      }
      blocks.back().rows.push_back(row.row);
    }
    for (const std::string& column : plan_.carried_columns)
      ROBOMERGE_RETURN_NOT_OK(table_.AddCarried(column, blocks));
    return Status();
  }

  const WriteContext& context_;
  const MergePlan& plan_;
  const EpisodesStep& step_;
  const uint64_t end_;
  parquet::TableWriter table_;
};

}  // namespace

Result<WrittenFile> WriteEpisodes(const WriteContext& context, const EpisodesStep& step) {
  return EpisodesWriter(context, step).Run();
}

}  // namespace robomerge::write_internal
