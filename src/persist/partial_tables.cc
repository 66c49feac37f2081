#include "persist/partial_tables.h"

#include <algorithm>
#include <map>

#include "base/checked.h"

namespace robomerge::persist {
namespace {

using json::Json;

// Numbers distinct lists in order of first appearance, so that the numbers are the same for any
// bracketing of the same sources.
class Layouts {
 public:
  explicit Layouts(LayoutsTable& table) : table_(table) {}

  struct Row {
    std::string feature, statistic;
    int64_t kind;
    std::vector<int64_t> shape;
    auto operator<=>(const Row&) const = default;
  };

  int64_t NumberOf(std::vector<Row> rows) {
    const auto [entry, is_new] =
        numbers_.try_emplace(std::move(rows), static_cast<int64_t>(numbers_.size()));
    if (is_new) {
      for (const Row& row : entry->first) {
        table_.layout.push_back(entry->second);
        table_.feature.push_back(row.feature);
        table_.statistic.push_back(row.statistic);
        table_.kind.push_back(row.kind);
        table_.shape.push_back(row.shape);
      }
    }
    return entry->second;
  }

 private:
  LayoutsTable& table_;
  std::map<std::vector<Row>, int64_t> numbers_;
};

// Every column that some episode of the source has, in order of first appearance. A plan needs no
// more of the episodes' statistics.
std::vector<Layouts::Row> EpisodeLayout(const Dataset& dataset) {
  std::vector<Layouts::Row> rows;
  const StatColumns* last = nullptr;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics) {
    if (last != nullptr && *last == *block.layout) continue;
    last = block.layout.get();
    for (const StatColumn& column : *block.layout) {
      const bool is_known = std::any_of(rows.begin(), rows.end(), [&](const Layouts::Row& row) {
        return row.feature == column.feature && row.statistic == column.stat;
      });
      if (!is_known)
        rows.push_back(
            {column.feature, column.stat, static_cast<int64_t>(column.kind), {column.list_depth}});
    }
  }
  return rows;
}

class Storing {
 public:
  explicit Storing(const Partial& partial) : partial_(partial) {}

  PartialTables Run() {
    std::map<std::string, int64_t> schemas;
    for (const SchemaClass& schema : partial_.schemas) {
      schemas.emplace(schema.fingerprint, static_cast<int64_t>(tables_.schemas.schema.size()));
      tables_.schemas.schema.push_back(schema.fingerprint);
    }
    for (const auto& source : partial_.sources.Flatten()) {
      AddSource(*source, schemas.at(SchemaText(*source)));
      ++number_;
    }
    tables_.warnings = ToTable(partial_.warnings.Flatten());
    return std::move(tables_);
  }

 private:
  static std::string SchemaText(const DescribedSource& source) {
    return source.dataset->schema.Fingerprint();
  }

  void AddSource(const DescribedSource& source, int64_t schema) {
    const Dataset& dataset = *source.dataset;
    SourcesTable& sources = tables_.sources;
    sources.root.push_back(dataset.root);
    sources.name.push_back(source.name);
    sources.adaptation.push_back(AdaptationText(source.adaptation));
    sources.schema.push_back(schema);
    sources.num_frames.push_back(static_cast<int64_t>(dataset.num_frames()));
    sources.payload_bytes.push_back(static_cast<int64_t>(source.payload_bytes));
    sources.fingerprint.push_back(static_cast<int64_t>(source.metadata_fingerprint));
    sources.tasks.push_back(dataset.tasks);
    std::vector<int64_t>& used = sources.used_tasks.emplace_back();
    for (size_t task = 0; task < dataset.tasks.size(); ++task) {
      if (dataset.IsTaskUsed(task)) used.push_back(static_cast<int64_t>(task));
    }
    sources.carried_columns.push_back(dataset.carried_columns);
    sources.episode_layout.push_back(dataset.episode_statistics.empty()
                                         ? -1
                                         : episode_layouts_.NumberOf(EpisodeLayout(dataset)));
    std::vector<Layouts::Row> layout;
    std::vector<double> values;
    for (const FeatureStatistics& feature : *source.statistics) {
      for (const Statistic& statistic : feature.statistics) {
        layout.push_back({feature.feature,
                          statistic.name,
                          static_cast<int64_t>(statistic.kind),
                          {statistic.shape.begin(), statistic.shape.end()}});
        values.insert(values.end(), statistic.values.begin(), statistic.values.end());
      }
    }
    sources.statistics_layout.push_back(statistics_layouts_.NumberOf(std::move(layout)));
    sources.statistics.push_back(std::move(values));
    AddFiles(dataset);
    AddEpisodes(source);
  }

  void AddFiles(const Dataset& dataset) {
    for (const DataFile& file : dataset.data_files) {
      DataFilesTable& table = tables_.data_files;
      table.source.push_back(number_);
      table.chunk_index.push_back(file.id.chunk_index);
      table.file_index.push_back(file.id.file_index);
      table.path.push_back(file.path);
      table.size_bytes.push_back(static_cast<int64_t>(file.size_bytes));
      table.modified_ns.push_back(file.modified_ns);
      table.uncompressed_bytes.push_back(static_cast<int64_t>(file.uncompressed_bytes));
      table.physical_schema.push_back(file.physical_schema);
      table.has_huggingface_features.push_back(file.has_huggingface_features);
    }
    for (size_t key = 0; key < dataset.video_keys.size(); ++key) {
      for (const VideoFile& file : dataset.video_keys[key].files)
        AddVideoFile(static_cast<int64_t>(key), file);
    }
    for (const EpisodesFile& file : dataset.episodes_files) {
      EpisodesFilesTable& table = tables_.episodes_files;
      table.source.push_back(number_);
      table.path.push_back(file.path);
      table.size_bytes.push_back(static_cast<int64_t>(file.size_bytes));
      table.modified_ns.push_back(file.modified_ns);
      table.uncompressed_bytes.push_back(static_cast<int64_t>(file.uncompressed_bytes));
    }
  }

  void AddVideoFile(int64_t key, const VideoFile& file) {
    VideoFilesTable& table = tables_.video_files;
    const mp4::StreamSummary& stream = file.stream;
    table.source.push_back(number_);
    table.key.push_back(key);
    table.chunk_index.push_back(file.id.chunk_index);
    table.file_index.push_back(file.id.file_index);
    table.path.push_back(file.path);
    table.size_bytes.push_back(static_cast<int64_t>(stream.file_size_bytes));
    table.modified_ns.push_back(file.modified_ns);
    table.codec.push_back(stream.codec);
    table.pixel_format.push_back(stream.pixel_format);
    table.width.push_back(stream.width);
    table.height.push_back(stream.height);
    table.timescale.push_back(stream.timescale);
    table.num_frames.push_back(static_cast<int64_t>(stream.num_frames));
    table.length_ticks.push_back(static_cast<int64_t>(stream.length_ticks));
    table.frame_ticks.push_back(static_cast<int64_t>(stream.frame_ticks));
    table.starts_at_zero.push_back(stream.starts_at_zero);
    table.has_audio.push_back(stream.has_audio);
    table.num_other_tracks.push_back(stream.num_other_tracks);
    table.has_trailing_bytes.push_back(stream.has_trailing_bytes);
    table.decoder_key.push_back(stream.decoder_key);
    table.own_file_reason.push_back(stream.own_file_reason);
    table.source_bytes.push_back(static_cast<int64_t>(file.size_bytes));
    table.is_cut.push_back(file.is_cut);
    table.must_begin_file.push_back(file.must_begin_file);
  }

  void AddEpisodes(const DescribedSource& source) {
    const Dataset& dataset = *source.dataset;
    for (size_t at = 0; at < dataset.episodes.size(); ++at) {
      const Episode& episode = dataset.episodes[at];
      const EpisodeRows& rows = *source.data_places[at].rows;
      EpisodesTable& table = tables_.episodes;
      table.source.push_back(number_);
      table.length_frames.push_back(static_cast<int64_t>(episode.length_frames));
      table.tasks.push_back(episode.tasks);
      table.dataset_from_index.push_back(episode.dataset_from_index);
      table.data_file.push_back(source.data_places[at].data_file);
      table.first_row.push_back(static_cast<int64_t>(rows.first_row));
      table.is_row_group.push_back(rows.is_row_group);
      table.uncompressed_bytes.push_back(static_cast<int64_t>(rows.uncompressed_bytes));
      table.episodes_file.push_back(episode.episodes_file);
      table.row.push_back(episode.row);
      std::vector<int64_t>& numbers = table.task_numbers.emplace_back();
      std::vector<int64_t>& frames = table.task_frames.emplace_back();
      for (const auto& [task, num_frames] : rows.task_frames) {
        numbers.push_back(task);
        frames.push_back(static_cast<int64_t>(num_frames));
      }
    }
    for (size_t key = 0; key < source.video_places.size(); ++key) {
      for (const VideoPlace& place : source.video_places[key]) {
        tables_.frames.source.push_back(number_);
        tables_.frames.key.push_back(static_cast<int64_t>(key));
        tables_.frames.video_file.push_back(place.video_file);
        tables_.frames.first_frame.push_back(static_cast<int64_t>(place.first_frame));
        tables_.frames.from_timestamp.push_back(place.from_timestamp);
      }
    }
  }

  const Partial& partial_;
  PartialTables tables_;
  Layouts episode_layouts_{tables_.episode_layouts};
  Layouts statistics_layouts_{tables_.statistics_layouts};
  int64_t number_ = 0;
};

}  // namespace

PartialTables ToTables(const Partial& partial) { return Storing(partial).Run(); }

}  // namespace robomerge::persist
