// Tables -> Partial. The tables are input like any other, so every number that points somewhere is
// checked.
#include <algorithm>
#include <map>

#include "base/checked.h"
#include "formats/json/json.h"
#include "model/aggregate_statistics.h"
#include "persist/partial_tables.h"

namespace robomerge::persist {
namespace {

using json::Json;

// Of a statistic, as in stats.json: the depth to which its lists are nested.
constexpr size_t kMostDimensions = 8;
// In all sources together, so that sums do not overflow.
constexpr uint64_t kMostFrames = uint64_t{1} << 48;

class Loading {
 public:
  Loading(const TableFolder& folder, PartialTables tables)
      : folder_(folder), tables_(std::move(tables)) {}

  Result<Partial> Run() {
    ROBOMERGE_RETURN_NOT_OK(LoadSchemas());
    ROBOMERGE_RETURN_NOT_OK(LoadSources());
    ROBOMERGE_RETURN_NOT_OK(LoadFiles());
    ROBOMERGE_RETURN_NOT_OK(LoadEpisodes());
    ROBOMERGE_RETURN_NOT_OK(LoadFrames());
    ROBOMERGE_RETURN_NOT_OK(LoadCarried(folder_, std::move(tables_.carried), datasets_));
    return Gather();
  }

 private:
  Status LoadSchemas() {
    for (size_t row = 0; row < tables_.schemas.schema.size(); ++row) {
      const std::string place = StrCat(folder_.TablePath("schemas"), ": schema, row ", row);
      const Result<Json> parsed = json::Parse(tables_.schemas.schema[row], place);
      const auto is_schema = [&] {
        return parsed.ok() && parsed->is_object() && parsed->contains("fps") &&
               parsed->contains("robot_type") && parsed->contains("tools") &&
               parsed->contains("features") && parsed->at("features").is_array() &&
               parsed->at("fps").is_number() &&
               std::all_of(
                   parsed->at("features").begin(), parsed->at("features").end(),
                   [](const Json& feature) {
                     if (!feature.is_array() || feature.size() != 2 || !feature[0].is_string() ||
                         !feature[1].is_object())
                       return false;
                     if (!feature[1].contains("dtype") || !feature[1].at("dtype").is_string())
                       return false;
                     const std::string name = feature[0].get<std::string>();
                     return feature[1].at("dtype") == "video" ? IsUsableVideoKey(name)
                                                              : IsUsableFeatureName(name);
                   });
      };
      if (!is_schema()) return folder_.DamagedProblem("text is no schema", place);
      Schema schema;
      schema.fps = parsed->at("fps");
      schema.robot_type = parsed->at("robot_type");
      schema.tools = parsed->at("tools");
      schema.has_subtasks = parsed->contains("has_subtasks");
      for (const Json& feature : parsed->at("features"))
        schema.features.push_back({feature[0].get<std::string>(), feature[1]});
      if (schema.Fingerprint() != tables_.schemas.schema[row] ||
          !FrameRate::From(schema.fps.get<double>())) {
        return folder_.DamagedProblem("text is no schema", place);
      }
      schemas_.push_back(std::move(schema));
    }
    return Status();
  }

  // The rows [begin, end) of each layout in a layouts table.
  Result<std::vector<std::pair<size_t, size_t>>> Spans(const std::string& name,
                                                       const LayoutsTable& table) {
    std::vector<std::pair<size_t, size_t>> spans;
    for (size_t row = 0; row < table.layout.size(); ++row) {
      // A layout without rows is missing from the table.
      while (table.layout[row] > static_cast<int64_t>(spans.size()) &&
             spans.size() <= table.layout.size())
        spans.emplace_back(row, row);
      if (table.layout[row] == static_cast<int64_t>(spans.size())) spans.emplace_back(row, row);
      if (table.layout[row] != static_cast<int64_t>(spans.size()) - 1 || table.kind[row] < 0 ||
          table.kind[row] > 2) {
        return folder_.DamagedProblem("layouts are not in order",
                                      StrCat(folder_.TablePath(name), ": layout, row ", row));
      }
      spans.back().second = row + 1;
    }
    return spans;
  }

  Status LoadSources() {
    const SourcesTable& table = tables_.sources;
    ROBOMERGE_ASSIGN_OR_RETURN(const auto episode_spans,
                               Spans("episode_layouts", tables_.episode_layouts));
    ROBOMERGE_ASSIGN_OR_RETURN(const auto statistics_spans,
                               Spans("statistics_layouts", tables_.statistics_layouts));
    std::vector<std::shared_ptr<const StatColumns>> layouts;
    for (const auto& span : episode_spans) layouts.push_back(EpisodeLayout(span));
    IndexCheck index(folder_, "sources");
    for (size_t row = 0; row < table.root.size(); ++row) {
      auto dataset = std::make_shared<Dataset>();
      auto source = std::make_shared<DescribedSource>();
      const uint32_t schema = index("schema", row, table.schema[row], schemas_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      schema_of_.push_back(schema);
      dataset->root = table.root[row];
      source->name = table.name[row];
      source->is_split = folder_.Has("is_split");
      ROBOMERGE_ASSIGN_OR_RETURN(source->adaptation,
                                 LoadAdaptation(folder_, row, table.adaptation[row]));
      dataset->schema = schemas_[schema];
      dataset->tasks = table.tasks[row];
      dataset->is_task_used.assign(dataset->tasks.size(), false);
      for (const int64_t task : table.used_tasks[row])
        dataset->is_task_used[index("used_tasks", row, task, dataset->tasks.size())] = true;
      dataset->carried_columns = table.carried_columns[row];
      for (const std::string& key : dataset->schema.video_keys()) {
        dataset->video_keys.push_back({key, {}, {}});
        source->video_places.emplace_back();
      }
      if (table.episode_layout[row] >= 0) {
        dataset->episode_statistics.emplace_back();
        // A layout without columns has no rows, so the last layouts may have no span.
        const auto number = static_cast<size_t>(table.episode_layout[row]);
        dataset->episode_statistics.back().layout =
            number < layouts.size() ? layouts[number] : std::make_shared<const StatColumns>();
      }
      source->payload_bytes = index.Count("payload_bytes", row, table.payload_bytes[row]);
      ROBOMERGE_RETURN_NOT_OK(TakeStatistics(row, statistics_spans, *source));
      datasets_.push_back(std::move(dataset));
      sources_.push_back(std::move(source));
    }
    return index.status();
  }

  std::shared_ptr<const StatColumns> EpisodeLayout(std::pair<size_t, size_t> span) const {
    const LayoutsTable& table = tables_.episode_layouts;
    StatColumns layout;
    for (size_t row = span.first; row < span.second; ++row) {
      const int depth = table.shape[row].empty()
                            ? 1
                            : static_cast<int>(std::clamp<int64_t>(table.shape[row].front(), 0, 8));
      layout.push_back({table.feature[row], table.statistic[row],
                        static_cast<NumberKind>(table.kind[row]), depth, 0});
    }
    return std::make_shared<const StatColumns>(std::move(layout));
  }

  Status TakeStatistics(size_t row, const std::vector<std::pair<size_t, size_t>>& spans,
                        DescribedSource& source) const {
    const std::vector<double>& values = tables_.sources.statistics[row];
    const LayoutsTable& table = tables_.statistics_layouts;
    const int64_t number = tables_.sources.statistics_layout[row];
    size_t at = 0;
    const bool has_span = number >= 0 && static_cast<size_t>(number) < spans.size();
    const auto [begin, end] =
        has_span ? spans[static_cast<size_t>(number)] : std::pair<size_t, size_t>();
    const Problem mismatch =
        folder_.DamagedProblem("statistics do not fit their layout",
                               StrCat(folder_.TablePath("sources"), ": statistics, row ", row));
    std::vector<FeatureStatistics> statistics;
    for (size_t of_layout = begin; of_layout < end; ++of_layout) {
      uint64_t num_values = 1;
      Statistic statistic;
      statistic.name = table.statistic[of_layout];
      statistic.kind = static_cast<NumberKind>(table.kind[of_layout]);
      if (table.shape[of_layout].size() > kMostDimensions) return mismatch;
      for (const int64_t extent : table.shape[of_layout]) {
        const auto product =
            extent < 0 || extent > UINT32_MAX
                ? std::nullopt
                : CheckedMultiply<uint64_t>(num_values, static_cast<uint64_t>(extent));
        if (!product) return mismatch;
        num_values = *product;
        statistic.shape.push_back(static_cast<uint32_t>(extent));
      }
      if (!RangeFits(at, num_values, values.size())) return mismatch;
      statistic.values.assign(values.begin() + static_cast<int64_t>(at),
                              values.begin() + static_cast<int64_t>(at + num_values));
      at += num_values;
      if (statistics.empty() || statistics.back().feature != table.feature[of_layout]) {
        statistics.push_back({table.feature[of_layout], {}});
      }
      statistics.back().statistics.push_back(std::move(statistic));
    }
    if (at != values.size()) return mismatch;
    // `describe` checked the same before it stored them, and AggregateStatistics() relies on it.
    for (const FeatureStatistics& feature : statistics) {
      if (!CheckStatistics(feature, "").ok()) return mismatch;
    }
    source.statistics =
        std::make_shared<const std::vector<FeatureStatistics>>(std::move(statistics));
    return Status();
  }

  Status LoadFiles() {
    {
      DataFilesTable& table = tables_.data_files;
      IndexCheck index(folder_, "data_files");
      for (size_t row = 0; row < table.source.size(); ++row) {
        const uint32_t source = index("source", row, table.source[row], datasets_.size());
        ROBOMERGE_RETURN_NOT_OK(index.status());
        DataFile& file = datasets_[source]->data_files.emplace_back();
        file.id = {table.chunk_index[row], table.file_index[row]};
        file.path = std::move(table.path[row]);
        file.size_bytes = index.Count("size_bytes", row, table.size_bytes[row]);
        file.modified_ns = table.modified_ns[row];
        file.uncompressed_bytes =
            index.Count("uncompressed_bytes", row, table.uncompressed_bytes[row]);
        file.physical_schema = std::move(table.physical_schema[row]);
        file.has_huggingface_features = table.has_huggingface_features[row] != 0;
      }
      ROBOMERGE_RETURN_NOT_OK(index.status());
    }
    ROBOMERGE_RETURN_NOT_OK(LoadVideoFiles());
    EpisodesFilesTable& table = tables_.episodes_files;
    IndexCheck index(folder_, "episodes_files");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      const uint64_t size_bytes = index.Count("size_bytes", row, table.size_bytes[row]);
      const uint64_t uncompressed_bytes =
          index.Count("uncompressed_bytes", row, table.uncompressed_bytes[row]);
      datasets_[source]->episodes_files.push_back(
          {std::move(table.path[row]), size_bytes, table.modified_ns[row], 0, uncompressed_bytes});
    }
    return index.status();
  }

  Status LoadVideoFiles() {
    VideoFilesTable& table = tables_.video_files;
    IndexCheck index(folder_, "video_files");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      const uint32_t key = index("key", row, table.key[row], datasets_[source]->video_keys.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      VideoFile& file = datasets_[source]->video_keys[key].files.emplace_back();
      file.id = {table.chunk_index[row], table.file_index[row]};
      file.path = std::move(table.path[row]);
      file.modified_ns = table.modified_ns[row];
      mp4::StreamSummary& stream = file.stream;
      stream.file_size_bytes = index.Count("size_bytes", row, table.size_bytes[row]);
      stream.codec = std::move(table.codec[row]);
      stream.pixel_format = std::move(table.pixel_format[row]);
      stream.width = index("width", row, table.width[row], UINT32_MAX);
      stream.height = index("height", row, table.height[row], UINT32_MAX);
      stream.timescale =
          index("timescale", row, table.timescale[row], size_t{mp4::kMaxTimescale} + 1);
      stream.num_frames = index.Count("num_frames", row, table.num_frames[row]);
      stream.length_ticks = index.Count("length_ticks", row, table.length_ticks[row]);
      stream.frame_ticks = index.Count("frame_ticks", row, table.frame_ticks[row]);
      stream.starts_at_zero = table.starts_at_zero[row] != 0;
      stream.has_audio = table.has_audio[row] != 0;
      stream.num_other_tracks =
          index("num_other_tracks", row, table.num_other_tracks[row], UINT32_MAX);
      stream.has_trailing_bytes = table.has_trailing_bytes[row] != 0;
      stream.decoder_key = std::move(table.decoder_key[row]);
      stream.own_file_reason = std::move(table.own_file_reason[row]);
      file.size_bytes = index.Count("source_bytes", row, table.source_bytes[row]);
      file.is_cut = table.is_cut[row] != 0;
      file.must_begin_file = table.must_begin_file[row] != 0;
    }
    return index.status();
  }

  Status LoadEpisodes() {
    EpisodesTable& table = tables_.episodes;
    IndexCheck index(folder_, "episodes");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      Dataset& dataset = *datasets_[source];
      Episode episode;
      episode.length_frames = index.Count("length_frames", row, table.length_frames[row]);
      episode.tasks = std::move(table.tasks[row]);
      episode.dataset_from_index = table.dataset_from_index[row];
      episode.data_file = index("data_file", row, table.data_file[row], dataset.data_files.size());
      episode.episodes_file =
          index("episodes_file", row, table.episodes_file[row], dataset.episodes_files.size());
      episode.row = table.row[row];
      EpisodeRows rows;
      rows.episode_index = static_cast<int64_t>(dataset.episodes.size());
      rows.first_row = index.Count("first_row", row, table.first_row[row]);
      rows.num_rows = episode.length_frames;
      rows.is_row_group = table.is_row_group[row] != 0;
      rows.uncompressed_bytes =
          index.Count("uncompressed_bytes", row, table.uncompressed_bytes[row]);
      if (table.task_numbers[row].size() != table.task_frames[row].size()) {
        return folder_.DamagedProblem(
            "lists differ in length",
            StrCat(folder_.TablePath("episodes"), ": task_frames, row ", row));
      }
      std::optional<uint64_t> with_task_frames = 0;
      for (size_t at = 0; at < table.task_numbers[row].size(); ++at) {
        const uint32_t task =
            index("task_numbers", row, table.task_numbers[row][at], dataset.tasks.size());
        rows.task_frames.emplace_back(task,
                                      index.Count("task_frames", row, table.task_frames[row][at]));
        if (with_task_frames)
          with_task_frames = CheckedAdd(*with_task_frames, rows.task_frames.back().second);
      }
      ROBOMERGE_RETURN_NOT_OK(index.status());
      num_frames_ += std::min(episode.length_frames, kMostFrames);
      if (episode.length_frames == 0 || num_frames_ >= kMostFrames ||
          with_task_frames != episode.length_frames) {
        return folder_.DamagedProblem(
            "frames of an episode and those with its tasks differ in number",
            StrCat(folder_.TablePath("episodes"), ": length_frames, row ", row));
      }
      dataset.data_files[episode.data_file].episodes.push_back(std::move(rows));
      dataset.episodes.push_back(std::move(episode));
    }
    for (size_t source = 0; source < datasets_.size(); ++source)
      PlaceRows(*datasets_[source], *sources_[source]);
    return Status();
  }

  static void PlaceRows(Dataset& dataset, DescribedSource& source) {
    source.data_places.resize(dataset.episodes.size());
    for (uint32_t file = 0; file < dataset.data_files.size(); ++file) {
      std::vector<EpisodeRows>& episodes = dataset.data_files[file].episodes;
      std::stable_sort(episodes.begin(), episodes.end(),
                       [](const EpisodeRows& left, const EpisodeRows& right) {
                         return left.first_row < right.first_row;
                       });
      for (const EpisodeRows& rows : episodes)
        source.data_places[static_cast<size_t>(rows.episode_index)] = {file, &rows};
    }
  }

  Status LoadFrames() {
    const FramesTable& table = tables_.frames;
    IndexCheck index(folder_, "frames");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      const uint32_t key = index("key", row, table.key[row], datasets_[source]->video_keys.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      VideoPlace place;
      place.video_file = index("video_file", row, table.video_file[row],
                               datasets_[source]->video_keys[key].files.size());
      place.first_frame = index.Count("first_frame", row, table.first_frame[row]);
      place.from_timestamp = table.from_timestamp[row];
      sources_[source]->video_places[key].push_back(place);
    }
    ROBOMERGE_RETURN_NOT_OK(index.status());
    for (size_t source = 0; source < sources_.size(); ++source) {
      for (const std::vector<VideoPlace>& places : sources_[source]->video_places) {
        if (places.size() == datasets_[source]->episodes.size()) continue;
        return folder_.DamagedProblem("not every episode has frames",
                                      StrCat(folder_.TablePath("frames"), ": source ", source));
      }
    }
    return Status();
  }

  Result<Partial> Gather() {
    Partial partial;
    std::map<uint32_t, size_t> position;
    std::vector<std::shared_ptr<const DescribedSource>> sources;
    for (size_t at = 0; at < sources_.size(); ++at) {
      const std::shared_ptr<Dataset>& dataset = datasets_[at];
      const auto [entry, is_new] = position.try_emplace(schema_of_[at], partial.schemas.size());
      if (is_new) {
        SchemaClass schema;
        schema.schema = std::shared_ptr<const Schema>(dataset, &dataset->schema);
        schema.fingerprint = tables_.schemas.schema[schema_of_[at]];
        schema.first_source = at;
        schema.first_root = dataset->root;
        partial.schemas.push_back(std::move(schema));
      }
      ++partial.schemas[entry->second].num_sources;
      for (size_t task = 0; task < dataset->tasks.size(); ++task) {
        if (dataset->IsTaskUsed(task)) partial.tasks.Add(dataset->tasks[task]);
      }
      for (size_t subtask = 0; subtask < dataset->subtasks.size(); ++subtask) {
        if (dataset->IsSubtaskUsed(subtask)) partial.subtasks.Add(dataset->subtasks[subtask]);
      }
      partial.num_episodes += dataset->episodes.size();
      partial.num_frames += dataset->num_frames();
      partial.payload_bytes += sources_[at]->payload_bytes;
      sources_[at]->dataset = dataset;
      sources_[at]->metadata_fingerprint = static_cast<uint64_t>(tables_.sources.fingerprint[at]);
      sources.push_back(sources_[at]);
    }
    partial.sources = Rope<std::shared_ptr<const DescribedSource>>(std::move(sources));
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<Problem> warnings,
                               FromTable(folder_, "warnings", std::move(tables_.warnings)));
    partial.warnings = Rope<Problem>(std::move(warnings));
    return partial;
  }

  const TableFolder& folder_;
  PartialTables tables_;
  std::vector<Schema> schemas_;
  std::vector<uint32_t> schema_of_;  // [source]
  uint64_t num_frames_ = 0;          // of the episodes loaded so far
  std::vector<std::shared_ptr<Dataset>> datasets_;
  std::vector<std::shared_ptr<DescribedSource>> sources_;
};

}  // namespace

Result<Partial> FromTables(const TableFolder& folder, PartialTables tables) {
  return Loading(folder, std::move(tables)).Run();
}

}  // namespace robomerge::persist
