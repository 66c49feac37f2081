#include "plan/plan.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "model/measured.h"
#include "model/source_statistics.h"
#include "plan/agreed_schema.h"
#include "plan/edit_plan.h"
#include "plan/kept_files.h"
#include "plan/layout.h"
#include "plan/plan_internal.h"

namespace robomerge {
namespace {

Status CheckOptions(const MergeOptions& options) {
  std::vector<Problem> problems;
  const auto refuse = [&](std::string what, std::string expected, std::string found) {
    problems.push_back(Problem(Code::kInvalidArgument, std::move(what))
                           .Kind("E-options")
                           .Expected(std::move(expected))
                           .Found(std::move(found)));
  };
  if (!(options.data_files_size_in_mb > 0))
    refuse("data_files_size_in_mb is not positive", "MB > 0",
           FormatDouble(options.data_files_size_in_mb));
  if (!(options.video_files_size_in_mb > 0))
    refuse("video_files_size_in_mb is not positive", "MB > 0",
           FormatDouble(options.video_files_size_in_mb));
  if (options.chunk_size < 1 || options.chunk_size > 1000) {
    refuse("chunk_size is out of range",
           "1 to 1000 files per folder: from file-1000 on, LeRobot would read files in another "
           "order than they are numbered",
           std::to_string(options.chunk_size));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

void PlaceEpisodes(MergePlan& plan) {
  for (uint32_t source = 0; source < plan.sources.size(); ++source) {
    const Dataset& dataset = *plan.sources[source]->dataset;
    for (uint32_t episode = 0; episode < dataset.episodes.size(); ++episode) {
      plan.episodes.push_back({source, episode, 0, 0, plan.num_frames});
      plan.num_frames += dataset.episodes[episode].length_frames;
    }
  }
}

void MapTasks(const TaskTable& table, MergePlan& plan) {
  plan.tasks = table.tasks;
  for (const auto& source : plan.sources) {
    std::vector<uint32_t> map;
    // A task that no chosen episode has may not be in the table, and is never looked up.
    for (const std::string& task : source->dataset->tasks) {
      const auto entry = table.index.find(task);
      map.push_back(entry == table.index.end() ? 0 : entry->second);
    }
    plan.task_maps.push_back(std::move(map));
  }
}

void GatherCarriedColumns(MergePlan& plan) {
  for (const auto& source : plan.sources) {
    for (const std::string& column : source->dataset->carried_columns) {
      if (std::find(plan.carried_columns.begin(), plan.carried_columns.end(), column) ==
          plan.carried_columns.end()) {
        plan.carried_columns.push_back(column);
      }
    }
  }
}

void GatherStatColumns(MergePlan& plan) {
  std::set<std::pair<std::string, std::string>> seen;
  const StatColumns* last = nullptr;
  for (const auto& source : plan.sources) {
    for (const EpisodeStatisticsBlock& block : source->dataset->episode_statistics) {
      // Sources of one recorder have equal layouts. Comparing layouts is cheaper than looking up
      // every column again.
      if (last != nullptr && *last == *block.layout) continue;
      last = block.layout.get();
      for (const StatColumn& column : *block.layout) {
        if (seen.emplace(column.feature, column.stat).second) plan.stat_columns.push_back(column);
      }
    }
  }
}

// Where a source lacks statistics of an episode, they are measured.
void AddMeasuredColumns(const Schema& schema, MergePlan& plan) {
  if (plan.num_frames == 0) return;
  for (const Feature& feature : schema.features) {
    if (!IsMeasurable(feature.dtype()) || Elements(feature).second == 0) continue;
    std::vector<std::string> names = {"min", "max", "mean", "std", "count"};
    names.insert(names.end(), std::begin(kQuantileNames), std::end(kQuantileNames));
    for (std::string& name : names) {
      const bool is_there = std::any_of(
          plan.stat_columns.begin(), plan.stat_columns.end(), [&](const StatColumn& column) {
            return column.feature == feature.name && column.stat == name;
          });
      if (!is_there) plan.stat_columns.push_back({feature.name, std::move(name)});
    }
  }
}

// A merge of sources without episodes is one; a selection of nothing is a mistake.
Status CheckNotEmpty(const Partial& root) {
  if (root.num_episodes > 0) return Status();
  const std::vector<std::shared_ptr<const DescribedSource>> sources = root.sources.Flatten();
  const bool selects = std::any_of(sources.begin(), sources.end(),
                                   [](const auto& source) { return source->adaptation.selects(); });
  if (!selects) return Status();
  std::vector<Problem> problems = root.warnings.Flatten();
  std::erase_if(problems, [](const Problem& one) { return one.kind != "W-nothing-selected"; });
  Problem problem =
      Problem(Code::kInvalidArgument, sources.size() > 1 ? "no episode of any source is selected"
                                                         : "no episode of the dataset is selected")
          .Kind("E-nothing-selected")
          .Hint(
              "select at least one; robomerge merge ... --list-episodes shows what each is left "
              "out for");
  if (problems.empty()) return problem;
  return std::move(problem).At(problems.front().where).Found(problems.front().found);
}

// Whether each file of the source is one step, in the order of the numbers: rows and frames of
// consecutive episodes, and nothing else.
bool CanKeepFileNumbers(const DescribedSource& source) {
  const auto ascends = [](const auto& places, const auto& file_of) {
    return std::is_sorted(places.begin(), places.end(), [&](const auto& left, const auto& right) {
      return file_of(left) < file_of(right);
    });
  };
  const auto data_file = [](const DataPlace& place) { return place.data_file; };
  const auto video_file = [](const VideoPlace& place) { return place.video_file; };
  return ascends(source.data_places, data_file) &&
         std::all_of(source.video_places.begin(), source.video_places.end(),
                     [&](const auto& places) { return ascends(places, video_file); });
}

void KeepFileNumbers(MergePlan& plan) {
  if (plan.version != CodebaseVersion::kV30) return;  // files are numbered as episodes are
  const DescribedSource& source = *plan.sources.front();
  if (!CanKeepFileNumbers(source)) {
    plan.warnings.push_back(
        Problem(Code::kIncompatible,
                "files are numbered anew: episodes do not follow each other in them")
            .Kind("W-files-renumbered")
            .Source(source.dataset->root)
            .At(source.dataset->root));
    return;
  }
  for (Step& step : plan.steps) {
    if (DataStep* data = std::get_if<DataStep>(&step)) {
      const uint32_t episode = plan.episodes[data->first_episode].source_episode;
      data->id = source.dataset->data_files[source.data_places[episode].data_file].id;
    } else if (VideoStep* video = std::get_if<VideoStep>(&step)) {
      video->id = VideoFileOf(plan, video->inputs.front()).id;
    }
  }
}

// I-3: from chunk-1000 on, names no longer sort as their numbers do.
Status CheckFileNumbers(const MergePlan& plan) {
  FileId last;
  const auto take = [&](const auto& one) {
    if constexpr (requires { one.id; }) last = std::max(last, one.id);
    if constexpr (requires { one.chunk_index; }) last = std::max(last, FileId{one.chunk_index, 0});
  };
  for (const Step& step : plan.steps) std::visit(take, step);
  if (last.chunk_index <= 999) return Status();
  return Problem(Code::kInvalidArgument,
                 "the destination would have more than 1000 chunk folders, which LeRobot reads in "
                 "another order than they are numbered")
      .Kind("E-options")
      .Expected("chunk indexes up to 999")
      .Found(std::to_string(last.chunk_index))
      .Hint("raise --chunk-size (at most 1000) or the file sizes, or let files be concatenated");
}

// Videos are cut when a source is described: for one version or the other.
Status CheckSplit(const MergePlan& plan) {
  for (const auto& source : plan.sources) {
    const bool is_for_v21 = plan.version == CodebaseVersion::kV21;
    if (source->dataset->video_keys.empty() || source->is_split == is_for_v21) continue;
    const auto flag = [](bool v21) {
      return StrCat("--codebase-version ",
                    NameOf(v21 ? CodebaseVersion::kV21 : CodebaseVersion::kV30));
    };
    return Problem(Code::kInvalidArgument, "sources were described for another version")
        .Kind("E-options")
        .Source(source->dataset->root)
        .Expected(flag(is_for_v21))
        .Found(flag(source->is_split))
        .Hint(StrCat("describe the sources with `", flag(is_for_v21), "`, or plan with `",
                     flag(source->is_split), "`"));
  }
  return Status();
}

// With --no-padding, what would be a warning is a problem.
Status CheckPadding(const MergeOptions& options, const std::vector<Problem>& warnings) {
  if (options.padding) return Status();
  std::vector<Problem> problems;
  for (const Problem& warning : warnings) {
    if (warning.kind != "W-video-padding" && warning.kind != "W-video-hidden") continue;
    problems.push_back(
        Problem(warning)
            .Kind("E-video-padding")
            .Hint("let these frames be kept (without --no-padding), or leave out the episodes"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace

Result<MergePlan> Plan(const Partial& root, const MergeOptions& options, const PlanSite& site) {
  return PlanEdit(root, options, site, {});
}

Result<MergePlan> PlanEdit(const Partial& root, const MergeOptions& options, const PlanSite& site,
                           const EditPlan& edit) {
  ROBOMERGE_RETURN_NOT_OK(CheckOptions(options));
  if (root.schemas.empty())
    return Problem(Code::kInvalidArgument, "no sources to merge").Kind("E-no-sources");
  ROBOMERGE_RETURN_NOT_OK(CheckNotEmpty(root));
  std::vector<Problem> problems = Disagreements(root.schemas);
  if (!problems.empty()) return Status::Many(std::move(problems));

  const plan_internal::Layout& layout = plan_internal::LayoutOf(options.codebase_version);
  const SchemaClass& first = root.schemas.front();
  MergePlan plan;
  plan.version = options.codebase_version;
  plan.sources = root.sources.Flatten();
  plan.warnings = root.warnings.Flatten();
  ROBOMERGE_RETURN_NOT_OK(CheckSplit(plan));
  ROBOMERGE_RETURN_NOT_OK(CheckPadding(options, plan.warnings));
  ROBOMERGE_RETURN_NOT_OK(layout.CheckSchema(*first.schema, first.first_root, plan.warnings));
  plan.skip_broken = root.skip_broken;
  plan.skipped = root.skipped;
  plan_internal::WarnOfSettled(root.schemas, plan.warnings);
  plan.rate = first.schema->frame_rate();
  plan.video_keys = first.schema->video_keys();
  plan.payload_bytes = root.payload_bytes;
  plan.alignment_bytes = site.alignment_bytes;
  plan.stats = options.stats;
  plan.record_hashes = options.record_hashes;
  MapTasks(root.tasks, plan);
  ROBOMERGE_RETURN_NOT_OK(plan_internal::MapTexts(root.subtasks, plan));
  PlaceEpisodes(plan);
  GatherCarriedColumns(plan);
  plan.keeps_first = edit.keeps_first;
  plan.recorded = edit.recorded;
  plan.recorded_skipped = edit.recorded_skipped;
  layout.Pack(options, plan);
  if (plan.keeps_first) plan_internal::MarkUnchangedData(plan);
  if (edit.keep_file_numbers) KeepFileNumbers(plan);
  ROBOMERGE_RETURN_NOT_OK(CheckFileNumbers(plan));
  plan_internal::ChooseDataSchema(plan);
  GatherStatColumns(plan);
  if (plan.stats == StatsMode::kExact) AddMeasuredColumns(*root.schemas.front().schema, plan);
  // Statistics first, because of the order of warnings; steps have the order of Step.
  ROBOMERGE_ASSIGN_OR_RETURN(std::string statistics, plan_internal::MakeStatistics(plan));
  plan.steps.push_back(layout.Tasks());
  plan.steps.emplace_back(InfoStep{plan_internal::MakeInfo(layout, root.schemas, options, plan)});
  if (!statistics.empty()) plan.steps.emplace_back(StatsStep{std::move(statistics)});
  plan_internal::MakeOrigins(site, plan);
  plan_internal::WarnOfCopies(plan);
  plan_internal::WarnOfBackups(plan);
  const size_t record = plan.steps.size();
  plan.steps.emplace_back(RecordStep());
  plan_internal::CarryFiles(plan);
  plan.id = PlanId(plan);
  plan.content_id = ContentId(plan);
  std::get<RecordStep>(plan.steps[record]).text = plan_internal::MakeRecord(options, plan);
  return plan;
}

}  // namespace robomerge
