#include "base/text.h"
#include "formats/parquet/table.h"
#include "write/episode_statistics.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {
namespace {

using parquet::NumberLists;

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
    EpisodeStatistics statistics(plan_, context_.corrections);
    for (uint64_t episode = step_.first_episode; episode < end_; ++episode) {
      std::vector<bool> is_given(columns.size());
      statistics.Visit(episode, [&](size_t at, std::span<const double> numbers) {
        columns[at].values.insert(columns[at].values.end(), numbers.begin(), numbers.end());
        is_given[at] = true;
      });
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
