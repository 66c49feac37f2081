// MergePlan <-> tables. Units stand in the order of the plan: data, video, episodes, then the small
// files. Other tables name a unit by its row.
#include "persist/plan_folder_internal.h"

namespace robomerge::persist::plan_internal {
namespace {

constexpr const char* kInfoPath = "meta/info.json";
constexpr const char* kStatsPath = "meta/stats.json";
constexpr const char* kRecordPath = "meta/robomerge.json";

void StoreSources(const MergePlan& plan, PlanTables& tables) {
  for (size_t source = 0; source < plan.origins.size(); ++source) {
    const Origin& origin = plan.origins[source];
    tables.sources.root.push_back(origin.root);
    tables.sources.first_episode.push_back(static_cast<int64_t>(origin.first_episode));
    tables.sources.num_episodes.push_back(static_cast<int64_t>(origin.num_episodes));
    tables.sources.num_frames.push_back(static_cast<int64_t>(origin.num_frames));
    tables.sources.metadata_fingerprint.push_back(
        static_cast<int64_t>(origin.metadata_fingerprint));
    tables.sources.task_map.emplace_back(plan.task_maps[source].begin(),
                                         plan.task_maps[source].end());
    for (const SourceFile& file : origin.files) {
      tables.source_files.source.push_back(static_cast<int64_t>(source));
      tables.source_files.path.push_back(file.path);
      tables.source_files.size_bytes.push_back(static_cast<int64_t>(file.size_bytes));
      tables.source_files.modified_ns.push_back(file.modified_ns);
    }
  }
}

// `first_episode`, `payload_bytes`, `video_key` and `is_copy` are -1, 0, -1 and 0 where they do not
// apply.
struct UnitPlace {
  FileId id;
  int64_t first_episode = -1;
  uint64_t payload_bytes = 0;
  int64_t video_key = -1;
  bool is_copy = false;
};

void StoreUnits(const StoredPlan& stored, PlanTables& tables) {
  const MergePlan& plan = stored.plan;
  std::vector<UnitPlace> places;
  for (const DataStep& step : plan.data_steps)
    places.push_back(
        {step.id, static_cast<int64_t>(step.first_episode), step.payload_bytes, -1, false});
  for (const VideoStep& step : plan.video_steps) {
    for (const VideoStep::Input& input : step.inputs) {
      tables.extents.unit.push_back(static_cast<int64_t>(places.size()));
      tables.extents.source.push_back(input.source);
      tables.extents.source_key.push_back(input.source_key);
      tables.extents.video_file.push_back(input.video_file);
    }
    places.push_back({step.id, -1, step.payload_bytes, step.key, step.is_copy});
  }
  for (const EpisodesStep& step : plan.episodes_steps)
    places.push_back({step.id, static_cast<int64_t>(step.first_episode), 0, -1, false});
  places.resize(stored.units.size());
  for (size_t unit = 0; unit < places.size(); ++unit) {
    const UnitPlace& place = places[unit];
    tables.units.path.push_back(stored.units[unit].path);
    tables.units.kind.push_back(stored.units[unit].kind);
    tables.units.num_episodes.push_back(static_cast<int64_t>(stored.units[unit].num_episodes));
    tables.units.cost_bytes.push_back(static_cast<int64_t>(stored.units[unit].cost_bytes));
    tables.units.chunk_index.push_back(place.id.chunk_index);
    tables.units.file_index.push_back(place.id.file_index);
    tables.units.first_episode.push_back(place.first_episode);
    tables.units.payload_bytes.push_back(static_cast<int64_t>(place.payload_bytes));
    tables.units.video_key.push_back(place.video_key);
    tables.units.is_copy.push_back(place.is_copy);
  }
}

void StoreEpisodes(const MergePlan& plan, PlanTables& tables) {
  const int64_t first_video = static_cast<int64_t>(plan.data_steps.size());
  const int64_t first_episodes = first_video + static_cast<int64_t>(plan.video_steps.size());
  for (const PlannedEpisode& episode : plan.episodes) {
    tables.episodes.source.push_back(episode.source);
    tables.episodes.source_episode.push_back(episode.source_episode);
    tables.episodes.data_unit.push_back(episode.data_step);
    tables.episodes.episodes_unit.push_back(first_episodes + episode.episodes_step);
    tables.episodes.first_frame.push_back(static_cast<int64_t>(episode.first_frame));
  }
  for (size_t key = 0; key < plan.frames.size(); ++key) {
    for (size_t episode = 0; episode < plan.frames[key].size(); ++episode) {
      const PlannedFrames& frames = plan.frames[key][episode];
      tables.frames.video_key.push_back(static_cast<int64_t>(key));
      tables.frames.episode.push_back(static_cast<int64_t>(episode));
      tables.frames.video_unit.push_back(first_video + frames.video_step);
      tables.frames.from_timestamp.push_back(frames.from_timestamp);
      tables.frames.to_timestamp.push_back(frames.to_timestamp);
    }
  }
}

class Loading {
 public:
  Loading(const TableFolder& folder, PlanTables& tables, StoredPlan& stored)
      : folder_(folder), tables_(tables), stored_(stored), plan_(stored.plan) {}

  Status Run() {
    plan_.tasks = std::move(tables_.tasks.task);
    ROBOMERGE_RETURN_NOT_OK(LoadSources());
    ROBOMERGE_RETURN_NOT_OK(LoadUnits());
    ROBOMERGE_RETURN_NOT_OK(LoadExtents());
    ROBOMERGE_RETURN_NOT_OK(LoadEpisodes());
    ROBOMERGE_RETURN_NOT_OK(LoadFrames());
    ROBOMERGE_RETURN_NOT_OK(LoadStatColumns());
    for (size_t row = 0; row < tables_.texts.path.size(); ++row) {
      std::string& text = tables_.texts.text[row];
      if (tables_.texts.path[row] == kInfoPath)
        plan_.info_json = std::move(text);
      else if (tables_.texts.path[row] == kStatsPath)
        plan_.stats_json = std::move(text);
      else if (tables_.texts.path[row] == kRecordPath)
        plan_.record_json = std::move(text);
    }
    ROBOMERGE_ASSIGN_OR_RETURN(plan_.warnings,
                               FromTable(folder_, "warnings", std::move(tables_.warnings)));
    return Status();
  }

 private:
  Status LoadSources() {
    OriginsTable& table = tables_.sources;
    IndexCheck index(folder_, "sources");
    for (size_t row = 0; row < table.root.size(); ++row) {
      Origin& origin = plan_.origins.emplace_back();
      origin.root = std::move(table.root[row]);
      origin.first_episode = index.Count("first_episode", row, table.first_episode[row]);
      origin.num_episodes = index.Count("num_episodes", row, table.num_episodes[row]);
      origin.num_frames = index.Count("num_frames", row, table.num_frames[row]);
      origin.metadata_fingerprint = static_cast<uint64_t>(table.metadata_fingerprint[row]);
      std::vector<uint32_t>& map = plan_.task_maps.emplace_back();
      for (const int64_t task : table.task_map[row])
        map.push_back(index("task_map", row, task, plan_.tasks.size()));
    }
    ROBOMERGE_RETURN_NOT_OK(index.status());
    plan_.sources.resize(plan_.origins.size());
    IndexCheck file_index(folder_, "source_files");
    SourceFilesTable& files = tables_.source_files;
    for (size_t row = 0; row < files.source.size(); ++row) {
      const uint32_t source = file_index("source", row, files.source[row], plan_.origins.size());
      ROBOMERGE_RETURN_NOT_OK(file_index.status());
      plan_.origins[source].files.push_back(
          {std::move(files.path[row]), file_index.Count("size_bytes", row, files.size_bytes[row]),
           files.modified_ns[row]});
    }
    return file_index.status();
  }

  Status LoadUnits() {
    UnitsTable& table = tables_.units;
    IndexCheck index(folder_, "units");
    const size_t num_episodes_in_all = tables_.episodes.source.size();
    for (size_t row = 0; row < table.path.size(); ++row) {
      const uint64_t num_episodes = index.Count("num_episodes", row, table.num_episodes[row]);
      const uint64_t payload_bytes = index.Count("payload_bytes", row, table.payload_bytes[row]);
      const uint64_t cost_bytes = index.Count("cost_bytes", row, table.cost_bytes[row]);
      const FileId id = {table.chunk_index[row], table.file_index[row]};
      const std::string& kind = table.kind[row];
      if (kind == "data" || kind == "episodes") {
        const uint64_t first =
            index("first_episode", row, table.first_episode[row], num_episodes_in_all);
        if (num_episodes > num_episodes_in_all - first) {
          return folder_.DamagedProblem(
              "unit has more episodes than there are",
              StrCat(folder_.TablePath("units"), ": num_episodes, row ", row));
        }
        if (kind == "data")
          plan_.data_steps.push_back({id, first, num_episodes, payload_bytes});
        else
          plan_.episodes_steps.push_back({id, first, num_episodes});
      } else if (kind == "video") {
        VideoStep& step = plan_.video_steps.emplace_back();
        step.key = index("video_key", row, table.video_key[row], plan_.video_keys.size());
        step.id = id;
        step.is_copy = table.is_copy[row] != 0;
        step.num_episodes = num_episodes;
        step.payload_bytes = payload_bytes;
      }
      stored_.units.push_back({std::move(table.path[row]), kind, num_episodes, cost_bytes});
    }
    return index.status();
  }

  Status LoadExtents() {
    const ExtentsTable& table = tables_.extents;
    IndexCheck index(folder_, "extents");
    const int64_t first_video = static_cast<int64_t>(plan_.data_steps.size());
    for (size_t row = 0; row < table.unit.size(); ++row) {
      const uint32_t step =
          index("unit", row, table.unit[row] - first_video, plan_.video_steps.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      VideoStep::Input input;
      input.source = index("source", row, table.source[row], plan_.origins.size());
      input.source_key = index("source_key", row, table.source_key[row], UINT32_MAX);
      input.video_file = index("video_file", row, table.video_file[row], UINT32_MAX);
      plan_.video_steps[step].inputs.push_back(input);
    }
    return index.status();
  }

  Status LoadEpisodes() {
    const PlannedEpisodesTable& table = tables_.episodes;
    IndexCheck index(folder_, "episodes");
    const int64_t first_episodes =
        static_cast<int64_t>(plan_.data_steps.size() + plan_.video_steps.size());
    for (size_t row = 0; row < table.source.size(); ++row) {
      PlannedEpisode& episode = plan_.episodes.emplace_back();
      episode.source = index("source", row, table.source[row], plan_.origins.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      episode.source_episode = index("source_episode", row, table.source_episode[row],
                                     plan_.origins[episode.source].num_episodes);
      episode.data_step = index("data_unit", row, table.data_unit[row], plan_.data_steps.size());
      episode.episodes_step = index("episodes_unit", row, table.episodes_unit[row] - first_episodes,
                                    plan_.episodes_steps.size());
      episode.first_frame = index.Count("first_frame", row, table.first_frame[row]);
    }
    return index.status();
  }

  Status LoadFrames() {
    const PlannedFramesTable& table = tables_.frames;
    IndexCheck index(folder_, "frames");
    const int64_t first_video = static_cast<int64_t>(plan_.data_steps.size());
    plan_.frames.resize(plan_.video_keys.size());
    for (size_t row = 0; row < table.video_key.size(); ++row) {
      const uint32_t key = index("video_key", row, table.video_key[row], plan_.video_keys.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      PlannedFrames& frames = plan_.frames[key].emplace_back();
      frames.video_step =
          index("video_unit", row, table.video_unit[row] - first_video, plan_.video_steps.size());
      frames.from_timestamp = table.from_timestamp[row];
      frames.to_timestamp = table.to_timestamp[row];
    }
    ROBOMERGE_RETURN_NOT_OK(index.status());
    for (const std::vector<PlannedFrames>& of_key : plan_.frames) {
      if (of_key.size() != plan_.episodes.size())
        return folder_.DamagedProblem("not every episode has frames", folder_.TablePath("frames"));
    }
    return Status();
  }

  Status LoadStatColumns() {
    StatColumnsTable& table = tables_.stat_columns;
    IndexCheck index(folder_, "stat_columns");
    for (size_t row = 0; row < table.feature.size(); ++row) {
      const auto kind = static_cast<NumberKind>(index("kind", row, table.kind[row], 3));
      const int depth = static_cast<int>(index("list_depth", row, table.list_depth[row], 9));
      plan_.stat_columns.push_back(
          {std::move(table.feature[row]), std::move(table.statistic[row]), kind, depth, 0});
    }
    return index.status();
  }

  const TableFolder& folder_;
  PlanTables& tables_;
  StoredPlan& stored_;
  MergePlan& plan_;
};

}  // namespace

PlanTables ToTables(const StoredPlan& stored) {
  const MergePlan& plan = stored.plan;
  PlanTables tables;
  StoreSources(plan, tables);
  tables.tasks.task = plan.tasks;
  StoreUnits(stored, tables);
  StoreEpisodes(plan, tables);
  for (const StatColumn& column : plan.stat_columns) {
    tables.stat_columns.feature.push_back(column.feature);
    tables.stat_columns.statistic.push_back(column.stat);
    tables.stat_columns.kind.push_back(static_cast<int64_t>(column.kind));
    tables.stat_columns.list_depth.push_back(column.list_depth);
  }
  const auto add_text = [&](const char* path, const std::string& text) {
    if (text.empty()) return;
    tables.texts.path.push_back(path);
    tables.texts.text.push_back(text);
  };
  add_text(kInfoPath, plan.info_json);
  add_text(kStatsPath, plan.stats_json);
  add_text(kRecordPath, plan.record_json);
  tables.warnings = ToTable(plan.warnings);
  return tables;
}

Status FromTables(const TableFolder& folder, PlanTables tables, StoredPlan& stored) {
  return Loading(folder, tables, stored).Run();
}

}  // namespace robomerge::persist::plan_internal
