#include "robomerge/merge.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>
#include <set>

#include "base/text.h"
#include "describe/describe.h"
#include "io/dry_run/dry_run_file_system.h"
#include "io/file_pool.h"
#include "merge/paths.h"
#include "merge/progress.h"
#include "plan/plan.h"
#include "read/read.h"
#include "reduce/combine.h"
#include "schedule/executor.h"
#include "schedule/parallel_for.h"
#include "schedule/tree.h"
#include "write/staging.h"
#include "write/write.h"

namespace robomerge {
namespace {

// Block size of the file systems that share extents (XFS, btrfs) in their usual make.
constexpr uint64_t kShareAlignmentBytes = 4096;
// What an episode's row costs to write, in payload bytes that could be moved in that time: for the order of steps and the progress estimate.
constexpr uint64_t kEpisodeRowCostBytes = 16 * 1024;

int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

class StageClock {
 public:
  explicit StageClock(std::vector<StageTime>& stages) : stages_(stages) {}
  void Enter(const std::string& stage) {
    Leave();
    stages_.push_back({stage, 0});
    start_ = std::chrono::steady_clock::now();
  }
  void Leave() {
    if (!stages_.empty()) stages_.back().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::vector<StageTime>& stages_;
  std::chrono::steady_clock::time_point start_;
};

// A destination file: what it is called, what writes it, and what came of it.
struct Step {
  ReportedFile file;
  uint64_t cost_bytes = 0;
  std::function<Status(const WriteContext&, schedule::Spawner&, WrittenCallback)> write;
};

// Wraps a writer that needs no splitting.
template <typename Writer>
auto Whole(Writer writer) {
  return [writer](const WriteContext& context, schedule::Spawner&, const WrittenCallback& written) -> Status {
    ROBOMERGE_ASSIGN_OR_RETURN(WrittenFile file, writer(context));
    written(std::move(file));
    return Status();
  };
}

std::vector<std::string> DataSources(const MergePlan& plan, const DataStep& step) {
  std::vector<std::string> paths;
  for (uint64_t episode = step.first_episode; episode < step.first_episode + step.num_episodes; ++episode) {
    const PlannedEpisode& planned = plan.episodes[episode];
    const DescribedSource& source = *plan.sources[planned.source];
    const std::string& path = source.dataset->data_files[source.data_places[planned.source_episode].data_file].path;
    if (paths.empty() || paths.back() != path) paths.push_back(path);
  }
  return paths;
}

std::vector<Step> StepsOf(const MergePlan& plan) {
  std::vector<Step> steps;
  for (size_t at = 0; at < plan.data_steps.size(); ++at) {
    const DataStep& data = plan.data_steps[at];
    Step step;
    step.file.path = DestinationDataPath(data.id);
    step.file.kind = "data";
    step.file.num_episodes = data.num_episodes;
    step.file.sources = DataSources(plan, data);
    step.cost_bytes = data.payload_bytes;
    step.write = Whole([at](const WriteContext& context) { return WriteData(context, at); });
    steps.push_back(std::move(step));
  }
  for (size_t at = 0; at < plan.video_steps.size(); ++at) {
    const VideoStep& video = plan.video_steps[at];
    Step step;
    step.file.path = DestinationVideoPath(plan.video_keys[video.key], video.id);
    step.file.kind = "video";
    step.file.num_episodes = video.num_episodes;
    for (const VideoStep::Input& input : video.inputs) {
      step.file.sources.push_back(plan.sources[input.source]->dataset->video_keys[input.source_key].files[input.video_file].path);
    }
    step.cost_bytes = video.payload_bytes;
    step.write = [at](const WriteContext& context, schedule::Spawner& spawner, WrittenCallback written) {
      return WriteVideo(context, at, spawner, std::move(written));
    };
    steps.push_back(std::move(step));
  }
  for (size_t at = 0; at < plan.episodes_steps.size(); ++at) {
    const EpisodesStep& episodes = plan.episodes_steps[at];
    Step step;
    step.file.path = DestinationEpisodesPath(episodes.id);
    step.file.kind = "episodes";
    step.file.num_episodes = episodes.num_episodes;
    step.cost_bytes = episodes.num_episodes * kEpisodeRowCostBytes;
    step.write = Whole([at](const WriteContext& context) { return WriteEpisodes(context, at); });
    steps.push_back(std::move(step));
  }
  const auto add_metadata = [&steps](const std::string& path, const std::string& kind, auto writer) {
    Step step;
    step.file.path = path;
    step.file.kind = kind;
    step.write = Whole(std::move(writer));
    steps.push_back(std::move(step));
  };
  add_metadata("meta/tasks.parquet", "tasks", [](const WriteContext& context) { return WriteTasks(context); });
  add_metadata("meta/info.json", "info", [&plan](const WriteContext& context) { return WriteText(context, "meta/info.json", plan.info_json); });
  if (!plan.stats_json.empty()) {
    add_metadata("meta/stats.json", "stats", [&plan](const WriteContext& context) { return WriteText(context, "meta/stats.json", plan.stats_json); });
  }
  return steps;
}

class MergeRun {
 public:
  MergeRun(const std::vector<std::string>& sources, const std::string& destination, const MergeOptions& options, const ProgressCallback& progress,
           const std::atomic<bool>* stop)
      : sources_(sources), destination_(destination), options_(options), observer_(progress), clock_(report_.stages) {
    if (stop != nullptr) stop_ = schedule::StopToken::Watching(*stop);
  }

  Result<MergeReport> Run() {
    const auto start = std::chrono::steady_clock::now();
    if (sources_.empty()) return Problem(Code::kInvalidArgument, "no sources to merge").Kind("E-no-sources");
    ROBOMERGE_ASSIGN_OR_RETURN(destination_, CleanDestination(destination_));
    ROBOMERGE_RETURN_NOT_OK(CheckDestination(destination_, sources_));
    ROBOMERGE_RETURN_NOT_OK(MakeExecutor());
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, ReadAndReduce());
    ROBOMERGE_ASSIGN_OR_RETURN(const MergePlan plan, MakePlan(root));
    ROBOMERGE_RETURN_NOT_OK(options_.dry_run ? WriteDry(plan) : WriteAndPublish(plan));
    clock_.Leave();
    FillReport(plan);
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ROBOMERGE_RETURN_NOT_OK(WriteTrace());
    return std::move(report_);
  }

 private:
  Status MakeExecutor() {
    if (options_.num_workers < 0) {
      return Problem(Code::kInvalidArgument, "num_workers is negative").Kind("E-options").Found(std::to_string(options_.num_workers));
    }
    report_.num_workers = options_.num_workers == 0 ? UsableCores() : options_.num_workers;
    if (report_.num_workers == 1) {
      executor_ = std::make_unique<schedule::SerialExecutor>();
      return Status();
    }
    ROBOMERGE_ASSIGN_OR_RETURN(executor_, schedule::ThreadPool::Make(report_.num_workers));
    return Status();
  }

  void Enter(const std::string& stage) {
    clock_.Enter(stage);
    observer_.EnterStage(stage);
  }

  // Leaves read and describe one source each; inner nodes combine neighbours. Everything wrong with any source is gathered.
  Result<Partial> ReadAndReduce() {
    observer_.SetSources(sources_.size());
    Enter("read");
    schedule::TreeOptions tree;
    tree.leaf_name = [this](size_t source) { return "describe " + sources_[source]; };
    tree.gather_leaf_errors = true;
    tree.observer = &observer_;
    tree.stop = stop_;
    const auto describe = [this](size_t source) -> Result<Partial> {
      ROBOMERGE_ASSIGN_OR_RETURN(Dataset dataset, ReadDataset(io::Posix(), sources_[source]));
      return Describe(std::make_shared<const Dataset>(std::move(dataset)));
    };
    const auto combine = [](Partial&& left, Partial&& right) { return Combine(std::move(left), right); };
    return schedule::ReduceTree<Partial>(*executor_, sources_.size(), describe, combine, tree);
  }

  Result<MergePlan> MakePlan(const Partial& root) {
    Enter("plan");
    if (stop_.StopRequested()) return Problem(Code::kCancelled, "stopped before the plan was made");
    schedule::NodeEvent event;
    event.id = observer_.ReserveIds(1);
    event.name = event.category = "plan";
    event.last = sources_.size() - 1;
    event.start_ns = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    Result<MergePlan> plan = Plan(root, options_);
    event.end_ns = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    observer_.Finished(event);
    return plan;
  }

  WriteContext ContextFor(const MergePlan& plan, io::FileSystem& file_system, io::FilePool& pool, const std::string& directory) const {
    WriteContext context;
    context.plan = &plan;
    context.file_system = &file_system;
    context.sources = &pool;
    context.directory = directory;
    context.copy_mode = options_.copy_mode;
    context.sync = options_.sync;
    const bool is_laid_out_for_sharing =
        options_.copy_mode == CopyMode::kShare || (options_.copy_mode == CopyMode::kAuto && CanShare(plan, file_system));
    if (is_laid_out_for_sharing) context.alignment_bytes = kShareAlignmentBytes;
    return context;
  }

  // The nearest folder above the destination that is there already.
  std::string ExistingFolder(const io::FileSystem& file_system) const {
    std::string directory = ParentOf(destination_);
    while (directory != "." && directory != "/" && !file_system.Stat(directory).ok()) directory = ParentOf(directory);
    return directory;
  }

  // Every source must be able to share: a layout made for sharing costs space where it is only copied.
  bool CanShare(const MergePlan& plan, const io::FileSystem& file_system) const {
    const std::string directory = ExistingFolder(file_system);
    return std::all_of(plan.sources.begin(), plan.sources.end(), [&](const auto& source) {
      return file_system.CanShareExtents(source->dataset->root, directory);
    });
  }

  // Known before the first byte is written, so said then.
  Status CheckSpace(const MergePlan& plan, const io::FileSystem& file_system) const {
    if (options_.copy_mode != CopyMode::kCopy && CanShare(plan, file_system)) return Status();
    const std::string directory = ExistingFolder(file_system);
    const Result<uint64_t> free_bytes = file_system.FreeBytes(directory);
    if (!free_bytes.ok() || *free_bytes >= plan.payload_bytes) return Status();
    return Problem(Code::kIo, "not enough space for the destination").Kind("E-disk-space").At(directory)
        .Expected(StrCat("at least ", FormatBytes(plan.payload_bytes), " free")).Found(FormatBytes(*free_bytes))
        .Hint("free space there, or choose another destination");
  }

  Status WriteDry(const MergePlan& plan) {
    Enter("write");
    io::DryRunFileSystem dry(io::Posix());
    io::FilePool pool(io::Posix());
    return WriteSteps(ContextFor(plan, dry, pool, destination_));
  }

  Status WriteAndPublish(const MergePlan& plan) {
    io::FileSystem& file_system = io::Posix();
    ROBOMERGE_RETURN_NOT_OK(CheckSpace(plan, file_system));
    Enter("write");
    std::vector<std::string> paths;
    for (const Step& step : StepsOf(plan)) paths.push_back(step.file.path);
    ROBOMERGE_ASSIGN_OR_RETURN(Staging staging, Staging::Make(file_system, destination_, options_.staging_root, plan.id, paths));
    io::FilePool pool(file_system);
    Status status = WriteSteps(ContextFor(plan, file_system, pool, staging.directory()));
    if (status.ok()) {
      Enter("publish");
      status = staging.Publish(options_.sync);
    }
    if (!status.ok()) staging.Discard();
    return status;
  }

  Status WriteSteps(const WriteContext& context) {
    std::vector<Step> steps = StepsOf(*context.plan);
    written_.resize(steps.size());
    const uint64_t cost = std::accumulate(steps.begin(), steps.end(), uint64_t{0},
                                          [](uint64_t sum, const Step& step) { return sum + step.cost_bytes; });
    observer_.SetPlan(cost, steps.size());
    std::vector<schedule::Item> items;
    for (size_t at = 0; at < steps.size(); ++at) {
      schedule::Item item;
      item.name = "write " + steps[at].file.path;
      item.category = "write";
      item.bytes = steps[at].cost_bytes;
      item.body = [this, &context, at, write = std::move(steps[at].write)](schedule::Spawner& spawner) {
        return write(context, spawner, [this, at](WrittenFile file) {
          written_[at] = std::move(file);  // one slot per step, so no lock
          observer_.FileWritten();
        });
      };
      items.push_back(std::move(item));
      report_.files.push_back(std::move(steps[at].file));
    }
    schedule::ParallelForOptions options;
    options.observer = &observer_;
    options.stop = stop_;
    return schedule::ParallelFor(*executor_, std::move(items), options);
  }

  void FillReport(const MergePlan& plan) {
    report_.destination = destination_;
    report_.dry_run = options_.dry_run;
    report_.num_sources = plan.sources.size();
    report_.num_episodes = plan.episodes.size();
    report_.num_frames = plan.num_frames;
    report_.num_tasks = plan.tasks.size();
    report_.warnings = plan.warnings;
    for (size_t at = 0; at < written_.size(); ++at) {
      report_.files[at].mode = written_[at].mode;
      report_.files[at].size_bytes = written_[at].size_bytes;
      report_.size_bytes += written_[at].size_bytes;
      report_.copied_bytes += written_[at].moved.copied_bytes;
      report_.shared_bytes += written_[at].moved.shared_bytes;
      report_.encoded_bytes += written_[at].encoded_bytes;
    }
    const schedule::Utilisation utilisation = observer_.trace().Summary(report_.num_workers);
    report_.utilisation = utilisation.busy_fraction;
    report_.critical_path_seconds = static_cast<double>(utilisation.critical_path_ns) * 1e-9;
  }

  Status WriteTrace() const {
    if (options_.trace_path.empty()) return Status();
    std::ofstream file(options_.trace_path, std::ios::binary | std::ios::trunc);
    file << observer_.trace().ChromeTraceJson();
    file.close();
    if (file) return Status();
    return Problem(Code::kIo, "cannot write the trace; the merge itself is complete").At(options_.trace_path);
  }

  const std::vector<std::string>& sources_;
  std::string destination_;
  const MergeOptions& options_;
  MergeReport report_;
  MergeObserver observer_;
  StageClock clock_;
  schedule::StopToken stop_;
  std::unique_ptr<schedule::Executor> executor_;
  std::vector<WrittenFile> written_;
};

}  // namespace

std::string_view ModeName(ReportedFile::Mode mode) {
  switch (mode) {
    case ReportedFile::Mode::kCopy: return "copy";
    case ReportedFile::Mode::kSplice: return "splice";
    case ReportedFile::Mode::kEncode: return "encode";
    case ReportedFile::Mode::kWrite: return "write";
  }
  return "write";
}

Result<MergeReport> Merge(const std::vector<std::string>& sources, const std::string& destination, const MergeOptions& options,
                          const ProgressCallback& progress, const std::atomic<bool>* stop) {
  Result<MergeReport> report = MergeRun(sources, destination, options, progress, stop).Run();
  if (report.ok()) return report;
  return report.status().OfKind(report.status().code() == Code::kIo ? "E-io" : report.status().code() == Code::kCancelled ? "E-stopped" : "E-sources");
}

}  // namespace robomerge
