// MergePlan <-> tables. A unit is the row of a step, and has the number of the step.
#include <algorithm>
#include <map>

#include "base/overloaded.h"
#include "base/path.h"
#include "persist/plan_folder_internal.h"

namespace robomerge::persist::plan_internal {
namespace {

void StoreSources(const MergePlan& plan, PlanTables& tables) {
  for (size_t source = 0; source < plan.origins.size(); ++source) {
    const Origin& origin = plan.origins[source];
    tables.sources.root.push_back(origin.root);
    tables.sources.name.push_back(origin.name);
    tables.sources.adaptation.push_back(AdaptationText(origin.adaptation));
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

// Those columns of a unit that do not apply to every kind.
struct UnitPlace {
  FileId id;
  int64_t first_episode = -1;
  int64_t video_key = -1;
  bool is_copy = false;
};

UnitPlace PlaceOf(const Step& step) {
  return std::visit(
      Overloaded{[](const DataStep& data) {
                   return UnitPlace{.id = data.id,
                                    .first_episode = static_cast<int64_t>(data.first_episode)};
                 },
                 [](const VideoStep& video) {
                   return UnitPlace{
                       .id = video.id, .video_key = video.key, .is_copy = video.is_copy};
                 },
                 [](const EpisodeDataStep& data) {
                   return UnitPlace{.id = {data.chunk_index, 0},
                                    .first_episode = static_cast<int64_t>(data.episode)};
                 },
                 [](const EpisodeVideoStep& video) {
                   return UnitPlace{.id = {video.chunk_index, 0},
                                    .first_episode = static_cast<int64_t>(video.episode),
                                    .video_key = video.key,
                                    .is_copy = video.is_copy};
                 },
                 [](const EpisodesStep& episodes) {
                   return UnitPlace{.id = episodes.id,
                                    .first_episode = static_cast<int64_t>(episodes.first_episode)};
                 },
                 [](const auto&) { return UnitPlace(); }},
      step);
}

// Stores what a unit has in other tables.
void StoreInputs(int64_t unit, const Step& step, PlanTables& tables) {
  for (const VideoStep::Input& input : VideoInputsOf(step)) {
    tables.extents.unit.push_back(unit);
    tables.extents.source.push_back(input.source);
    tables.extents.source_key.push_back(input.source_key);
    tables.extents.video_file.push_back(input.video_file);
  }
  if (const auto* carried = std::get_if<CarriedFileStep>(&step)) {
    tables.carried_files.unit.push_back(unit);
    tables.carried_files.source.push_back(carried->source);
    tables.carried_files.path.push_back(carried->source_path);
    tables.carried_files.size_bytes.push_back(static_cast<int64_t>(carried->size_bytes));
  }
}

void StoreSteps(const MergePlan& plan, PlanTables& tables) {
  for (size_t unit = 0; unit < plan.steps.size(); ++unit) {
    const Step& step = plan.steps[unit];
    const UnitPlace place = PlaceOf(step);
    tables.units.path.push_back(PathOf(plan, step));
    tables.units.kind.emplace_back(KindOf(step));
    tables.units.num_episodes.push_back(static_cast<int64_t>(NumEpisodes(step)));
    tables.units.cost_bytes.push_back(static_cast<int64_t>(CostBytes(step)));
    tables.units.chunk_index.push_back(place.id.chunk_index);
    tables.units.file_index.push_back(place.id.file_index);
    tables.units.first_episode.push_back(place.first_episode);
    tables.units.payload_bytes.push_back(static_cast<int64_t>(PayloadBytes(step)));
    tables.units.video_key.push_back(place.video_key);
    tables.units.is_copy.push_back(place.is_copy);
    StoreInputs(static_cast<int64_t>(unit), step, tables);
    if (const std::string* text = TextOf(step)) {
      tables.texts.path.push_back(PathOf(plan, step));
      tables.texts.text.push_back(*text);
    }
  }
}

void StoreSubtasks(const MergePlan& plan, PlanTables& tables) {
  tables.subtasks.subtask = plan.subtasks;
  for (const std::vector<uint32_t>& map : plan.subtask_maps)
    tables.subtask_maps.subtask_map.emplace_back(map.begin(), map.end());
}

void StoreEpisodes(const MergePlan& plan, PlanTables& tables) {
  for (const PlannedEpisode& episode : plan.episodes) {
    tables.episodes.source.push_back(episode.source);
    tables.episodes.source_episode.push_back(episode.source_episode);
    tables.episodes.data_unit.push_back(episode.data_step);
    tables.episodes.episodes_unit.push_back(episode.episodes_step);
    tables.episodes.first_frame.push_back(static_cast<int64_t>(episode.first_frame));
  }
  for (size_t key = 0; key < plan.frames.size(); ++key) {
    for (size_t episode = 0; episode < plan.frames[key].size(); ++episode) {
      const PlannedFrames& frames = plan.frames[key][episode];
      tables.frames.video_key.push_back(static_cast<int64_t>(key));
      tables.frames.episode.push_back(static_cast<int64_t>(episode));
      tables.frames.video_unit.push_back(frames.video_step);
      tables.frames.from_timestamp.push_back(frames.from_timestamp);
      tables.frames.to_timestamp.push_back(frames.to_timestamp);
    }
  }
}

class Loading {
 public:
  Loading(const TableFolder& folder, PlanTables& tables, MergePlan& plan)
      : folder_(folder), tables_(tables), plan_(plan) {}

  Status Run() {
    plan_.tasks = std::move(tables_.tasks.task);
    ROBOMERGE_RETURN_NOT_OK(LoadSources());
    ROBOMERGE_RETURN_NOT_OK(LoadSubtasks());
    ROBOMERGE_RETURN_NOT_OK(LoadSteps());
    ROBOMERGE_RETURN_NOT_OK(LoadExtents());
    ROBOMERGE_RETURN_NOT_OK(LoadEpisodes());
    ROBOMERGE_RETURN_NOT_OK(LoadFrames());
    ROBOMERGE_RETURN_NOT_OK(LoadStatColumns());
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
      origin.name = std::move(table.name[row]);
      ROBOMERGE_ASSIGN_OR_RETURN(origin.adaptation,
                                 LoadAdaptation(folder_, row, table.adaptation[row]));
      origin.first_episode = index.Count("first_episode", row, table.first_episode[row]);
      origin.num_episodes = index.Count("num_episodes", row, table.num_episodes[row]);
      origin.num_frames = index.Count("num_frames", row, table.num_frames[row]);
      origin.metadata_fingerprint = static_cast<uint64_t>(table.metadata_fingerprint[row]);
      std::vector<uint32_t>& map = plan_.task_maps.emplace_back();
      for (const int64_t task : table.task_map[row])
        map.push_back(index("task_map", row, task, plan_.tasks.size()));
    }
    ROBOMERGE_RETURN_NOT_OK(index.status());
    if (plan_.schema_source >= plan_.origins.size()) {
      return folder_.DamagedProblem("number points nowhere",
                                    folder_.header_path() + ": schema_source");
    }
    plan_.sources.resize(plan_.origins.size());
    IndexCheck file_index(folder_, "source_files");
    SourceFilesTable& files = tables_.source_files;
    for (size_t row = 0; row < files.source.size(); ++row) {
      const uint32_t source = file_index("source", row, files.source[row], plan_.origins.size());
      ROBOMERGE_RETURN_NOT_OK(file_index.status());
      plan_.origins[source].files.push_back(
          {std::move(files.path[row]), file_index.Count("size_bytes", row, files.size_bytes[row]),
           files.modified_ns[row], 0});
    }
    return file_index.status();
  }

  // Columns of subtasks need a map for each source.
  Status LoadSubtasks() {
    plan_.subtasks = std::move(tables_.subtasks.subtask);
    const IntegerLists& maps = tables_.subtask_maps.subtask_map;
    const bool maps_columns = std::ranges::any_of(plan_.text_columns, &TextColumn::is_of_subtasks);
    if (maps.size() != plan_.origins.size() && (!maps.empty() || maps_columns)) {
      return folder_.DamagedProblem("table does not fit that of sources",
                                    folder_.TablePath("subtask_maps"));
    }
    IndexCheck index(folder_, "subtask_maps");
    for (size_t row = 0; row < maps.size(); ++row) {
      std::vector<uint32_t>& map = plan_.subtask_maps.emplace_back();
      for (const int64_t subtask : maps[row])
        map.push_back(index("subtask_map", row, subtask, plan_.subtasks.size()));
    }
    return index.status();
  }

  Status LoadSteps() {
    const UnitsTable& table = tables_.units;
    for (size_t row = 0; row < tables_.texts.path.size(); ++row)
      texts_[tables_.texts.path[row]] = std::move(tables_.texts.text[row]);
    IndexCheck index(folder_, "units");
    for (size_t row = 0; row < table.path.size(); ++row) {
      index.Count("cost_bytes", row, table.cost_bytes[row]);
      ROBOMERGE_ASSIGN_OR_RETURN(Step step, StepOfRow(index, row));
      ROBOMERGE_RETURN_NOT_OK(index.status());
      const std::string path = PathOf(plan_, step);
      if (path != table.path[row]) return UnfitProblem(row, path, table.path[row]);
      if (!IsInOrder(step)) {
        return folder_.DamagedProblem("units do not stand in the order of their kinds",
                                      StrCat(folder_.TablePath("units"), ": kind, row ", row));
      }
      plan_.steps.push_back(std::move(step));
    }
    const Step tasks = is_v21() ? Step(TasksLinesStep()) : Step(TasksStep());
    for (const Step& needed : {tasks, Step(InfoStep()), Step(RecordStep())}) {
      if (std::ranges::none_of(plan_.steps,
                               [&](const Step& step) { return step.index() == needed.index(); }))
        return UnfitProblem(table.path.size(), PathOf(plan_, needed), "no such row");
    }
    return Status();
  }

  // Every unit must have the path that its step makes.
  Problem UnfitProblem(size_t row, std::string expected, std::string found) const {
    return folder_
        .DamagedProblem("table of units does not fit the plan",
                        StrCat(folder_.TablePath("units"), ": path, row ", row))
        .Expected(std::move(expected))
        .Found(std::move(found));
  }

  // Whether `next` may follow the steps so far: kinds come in order, and some only once.
  bool IsInOrder(const Step& next) const {
    if (plan_.steps.empty()) return true;
    const size_t last = plan_.steps.back().index();
    const auto is_one_file = [](const auto& one) { return requires { one.kPath; }; };
    const bool is_only_one = std::visit(is_one_file, next);
    return is_only_one ? last < next.index() : last <= next.index();
  }

  bool is_v21() const { return plan_.version == CodebaseVersion::kV21; }

  Result<Step> StepOfRow(IndexCheck& index, size_t row) {
    const std::string& kind = tables_.units.kind[row];
    if (is_v21()) {
      if (kind == EpisodeDataStep::kKind) return EpisodeOfRow<EpisodeDataStep>(index, row);
      if (kind == EpisodeVideoStep::kKind) return EpisodeOfRow<EpisodeVideoStep>(index, row);
      if (kind == EpisodesLinesStep::kKind)
        return Step(EpisodesLinesStep{tables_.episodes.source.size()});
      if (kind == EpisodesStatsStep::kKind)
        return Step(EpisodesStatsStep{tables_.episodes.source.size()});
      if (kind == TasksLinesStep::kKind) return Step(TasksLinesStep());
    } else {
      if (kind == DataStep::kKind) return RunOfRow<DataStep>(index, row);
      if (kind == VideoStep::kKind) return VideoOfRow(index, row);
      if (kind == EpisodesStep::kKind) return RunOfRow<EpisodesStep>(index, row);
      if (kind == TasksStep::kKind) return Step(TasksStep());
    }
    if (kind == InfoStep::kKind) return TextOfRow<InfoStep>();
    if (kind == StatsStep::kKind) return TextOfRow<StatsStep>();
    if (kind == RecordStep::kKind) return TextOfRow<RecordStep>();
    if (kind == SubtasksStep::kKind) return Step(SubtasksStep());
    if (kind == ModalityStep::kKind) return TextOfRow<ModalityStep>();
    if (kind == CarriedFileStep::kKind) return CarriedOfRow(row);
    return folder_
        .DamagedProblem("kind of unit is not known",
                        StrCat(folder_.TablePath("units"), ": kind, row ", row))
        .Found(StrCat("`", kind, "`"));
  }

  FileId IdOfRow(size_t row) const {
    return {tables_.units.chunk_index[row], tables_.units.file_index[row]};
  }

  // A step with a range of consecutive episodes.
  template <typename One>
  Result<Step> RunOfRow(IndexCheck& index, size_t row) {
    const UnitsTable& table = tables_.units;
    const size_t num_episodes_in_all = tables_.episodes.source.size();
    One step;
    step.id = IdOfRow(row);
    step.first_episode = index("first_episode", row, table.first_episode[row], num_episodes_in_all);
    step.num_episodes = index.Count("num_episodes", row, table.num_episodes[row]);
    if constexpr (requires { step.payload_bytes; })
      step.payload_bytes = index.Count("payload_bytes", row, table.payload_bytes[row]);
    if (step.num_episodes > num_episodes_in_all - step.first_episode) {
      return folder_.DamagedProblem(
          "unit has more episodes than there are",
          StrCat(folder_.TablePath("units"), ": num_episodes, row ", row));
    }
    return Step(step);
  }

  Result<Step> VideoOfRow(IndexCheck& index, size_t row) {
    const UnitsTable& table = tables_.units;
    VideoStep step;
    step.key = index("video_key", row, table.video_key[row], plan_.video_keys.size());
    step.id = IdOfRow(row);
    step.is_copy = table.is_copy[row] != 0;
    step.num_episodes = index.Count("num_episodes", row, table.num_episodes[row]);
    step.payload_bytes = index.Count("payload_bytes", row, table.payload_bytes[row]);
    return Step(std::move(step));
  }

  // A step of v2.1 with one episode.
  template <typename One>
  Result<Step> EpisodeOfRow(IndexCheck& index, size_t row) {
    const UnitsTable& table = tables_.units;
    One step;
    step.episode =
        index("first_episode", row, table.first_episode[row], tables_.episodes.source.size());
    step.chunk_index = table.chunk_index[row];
    step.payload_bytes = index.Count("payload_bytes", row, table.payload_bytes[row]);
    if constexpr (requires { step.key; }) {
      step.key = index("video_key", row, table.video_key[row], plan_.video_keys.size());
      step.is_copy = table.is_copy[row] != 0;
    }
    return Step(step);
  }

  template <typename One>
  Result<Step> TextOfRow() {
    const auto text = texts_.find(std::string(One::kPath));
    if (text == texts_.end()) {
      return folder_.DamagedProblem(StrCat("there is no text of ", One::kPath),
                                    StrCat(folder_.TablePath("texts"), ": path"));
    }
    return Step(One{std::move(text->second)});
  }

  // Both paths are joined to folders as they are, so they are checked here.
  Result<Step> CarriedOfRow(size_t row) {
    CarriedFilesTable& table = tables_.carried_files;
    IndexCheck index(folder_, "carried_files");
    const size_t at = num_carried_++;
    const auto refuse = [&](const char* what, const char* column) {
      return folder_.DamagedProblem(
          what, StrCat(folder_.TablePath("carried_files"), ": ", column, ", row ", at));
    };
    if (at >= table.unit.size() || table.unit[at] != static_cast<int64_t>(row))
      return refuse("table does not fit that of units", "unit").Expected(std::to_string(row));
    CarriedFileStep step;
    step.source = index("source", at, table.source[at], plan_.origins.size());
    step.size_bytes = index.Count("size_bytes", at, table.size_bytes[at]);
    ROBOMERGE_RETURN_NOT_OK(index.status());
    step.source_path = std::move(table.path[at]);
    step.path = tables_.units.path[row];
    if (!IsPlainPath(step.source_path)) return refuse("path leads out of the source", "path");
    if (!IsPlainPath(step.path)) {
      return folder_.DamagedProblem("path leads out of the destination",
                                    StrCat(folder_.TablePath("units"), ": path, row ", row));
    }
    return Step(std::move(step));
  }

  // `value` as the number of a step, which must be of one of these kinds: those of two versions,
  // of which a plan has one.
  template <typename... Kinds>
  Result<uint32_t> StepNumber(const char* table, const char* column, size_t row,
                              int64_t value) const {
    if (value >= 0 && static_cast<uint64_t>(value) < plan_.steps.size()) {
      const Step& step = plan_.steps[static_cast<size_t>(value)];
      if ((std::holds_alternative<Kinds>(step) || ...)) return static_cast<uint32_t>(value);
    }
    return folder_
        .DamagedProblem("number points nowhere",
                        StrCat(folder_.TablePath(table), ": ", column, ", row ", row))
        .Expected(
            StrCat("a row of units of kind `", Join({std::string(Kinds::kKind)...}, "` or `"), "`"))
        .Found(std::to_string(value));
  }

  Status LoadExtents() {
    const InputsTable& table = tables_.extents;
    IndexCheck index(folder_, "extents");
    for (size_t row = 0; row < table.unit.size(); ++row) {
      ROBOMERGE_ASSIGN_OR_RETURN(
          const uint32_t step,
          (StepNumber<VideoStep, EpisodeVideoStep>("extents", "unit", row, table.unit[row])));
      VideoStep::Input input;
      input.source = index("source", row, table.source[row], plan_.origins.size());
      input.source_key = index("source_key", row, table.source_key[row], UINT32_MAX);
      input.video_file = index("video_file", row, table.video_file[row], UINT32_MAX);
      if (auto* video = std::get_if<VideoStep>(&plan_.steps[step]))
        video->inputs.push_back(input);
      else
        std::get<EpisodeVideoStep>(plan_.steps[step]).input = input;
    }
    return index.status();
  }

  Status LoadEpisodes() {
    const PlannedEpisodesTable& table = tables_.episodes;
    IndexCheck index(folder_, "episodes");
    for (size_t row = 0; row < table.source.size(); ++row) {
      PlannedEpisode& episode = plan_.episodes.emplace_back();
      episode.source = index("source", row, table.source[row], plan_.origins.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      episode.source_episode = index("source_episode", row, table.source_episode[row],
                                     plan_.origins[episode.source].num_episodes);
      ROBOMERGE_ASSIGN_OR_RETURN(
          episode.data_step, (StepNumber<DataStep, EpisodeDataStep>("episodes", "data_unit", row,
                                                                    table.data_unit[row])));
      ROBOMERGE_ASSIGN_OR_RETURN(episode.episodes_step,
                                 (StepNumber<EpisodesStep, EpisodesLinesStep>(
                                     "episodes", "episodes_unit", row, table.episodes_unit[row])));
      episode.first_frame = index.Count("first_frame", row, table.first_frame[row]);
    }
    return index.status();
  }

  Status LoadFrames() {
    const PlannedFramesTable& table = tables_.frames;
    IndexCheck index(folder_, "frames");
    plan_.frames.resize(plan_.video_keys.size());
    for (size_t row = 0; row < table.video_key.size(); ++row) {
      const uint32_t key = index("video_key", row, table.video_key[row], plan_.video_keys.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      PlannedFrames& frames = plan_.frames[key].emplace_back();
      ROBOMERGE_ASSIGN_OR_RETURN(
          frames.video_step, (StepNumber<VideoStep, EpisodeVideoStep>("frames", "video_unit", row,
                                                                      table.video_unit[row])));
      frames.from_timestamp = table.from_timestamp[row];
      frames.to_timestamp = table.to_timestamp[row];
    }
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
  MergePlan& plan_;
  std::map<std::string, std::string> texts_;  // by path
  size_t num_carried_ = 0;
};

}  // namespace

PlanTables ToTables(const MergePlan& plan) {
  PlanTables tables;
  StoreSources(plan, tables);
  tables.tasks.task = plan.tasks;
  StoreSubtasks(plan, tables);
  StoreSteps(plan, tables);
  StoreEpisodes(plan, tables);
  for (const StatColumn& column : plan.stat_columns) {
    tables.stat_columns.feature.push_back(column.feature);
    tables.stat_columns.statistic.push_back(column.stat);
    tables.stat_columns.kind.push_back(static_cast<int64_t>(column.kind));
    tables.stat_columns.list_depth.push_back(column.list_depth);
  }
  tables.warnings = ToTable(plan.warnings);
  return tables;
}

Status FromTables(const TableFolder& folder, PlanTables tables, MergePlan& plan) {
  return Loading(folder, tables, plan).Run();
}

}  // namespace robomerge::persist::plan_internal
