#include "page/gather.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/path.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "inspect/inspect.h"
#include "inspect/stats.h"
#include "page/thumbnails.h"
#include "read/needed_files.h"
#include "read/read.h"
#include "schedule/shared_loop.h"
#include "verify/read_record.h"

namespace robomerge::page {
namespace {

constexpr size_t kNumBins = 32, kMostCameras = 24;

// The name under which people know the dataset: that of its folder, or its address on the Hub.
Result<std::string> TitleOf(const io::FileSystem& file_system, const std::string& root) {
  if (std::string address = HubAddressOf(root); !address.empty()) return address;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string path, io::AbsolutePath(file_system, root));
  return NameOf(ResolvedAsText(path));
}

// What is said of places in the dataset must not depend on where it lies.
void MakeRelative(const std::string& root, std::string& text) {
  const std::string prefix = root.ends_with('/') ? root : root + "/";
  if (text == root) text = ".";
  for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
    text.erase(at, prefix.size());
}

void MakeRelative(const std::string& root, std::vector<Problem>& problems) {
  for (Problem& problem : problems) {
    for (std::string* text :
         {&problem.where, &problem.source, &problem.expected, &problem.found, &problem.hint})
      MakeRelative(root, *text);
    for (std::string& context : problem.context) MakeRelative(root, context);
    if (problem.source == ".") problem.source.clear();
  }
}

void MakeRelative(const std::string& root, std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    for (std::string* text : {&finding.where, &finding.expected, &finding.found})
      MakeRelative(root, *text);
  }
}

std::vector<TaskUse> TasksOf(const Dataset& dataset) {
  std::vector<TaskUse> tasks;
  for (const std::string& text : dataset.tasks) tasks.push_back({text, 0, 0});
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      for (const auto& [task, num_frames] : rows.task_frames) {
        if (task < 0 || static_cast<size_t>(task) >= tasks.size() || num_frames == 0) continue;
        ++tasks[static_cast<size_t>(task)].num_episodes;
        tasks[static_cast<size_t>(task)].num_frames += num_frames;
      }
    }
  }
  std::ranges::stable_sort(tasks, std::greater(), &TaskUse::num_frames);
  return tasks;
}

std::vector<Camera> CamerasOf(const Dataset& dataset) {
  std::vector<Camera> cameras;
  for (const Feature& feature : dataset.schema.features) {
    if (!feature.is_camera()) continue;
    Camera& camera = cameras.emplace_back();
    camera.name = feature.name;
    const auto key = std::ranges::find(dataset.video_keys, feature.name, &VideoKey::name);
    if (key == dataset.video_keys.end() || key->files.empty()) {
      camera.format = feature.is_video() ? "video" : "pictures in the rows";
      const std::vector<int64_t> shape = feature.shape();
      if (shape.size() == 3)
        camera.format += StrCat(", shape ", shape[0], " x ", shape[1], " x ", shape[2]);
      continue;
    }
    const auto sound = std::ranges::find(key->files, false, &VideoFile::is_broken);
    camera.format = "video";
    if (sound != key->files.end()) {
      const mp4::StreamSummary& stream = sound->stream;
      camera.format = StrCat(stream.codec, ", ", stream.width, " x ", stream.height);
      if (!stream.pixel_format.empty()) camera.format += ", " + stream.pixel_format;
    }
    camera.num_files = key->files.size();
    for (const VideoFile& file : key->files) {
      camera.size_bytes += file.stream.file_size_bytes;
      camera.num_broken_files += file.is_broken ? 1 : 0;
    }
  }
  if (cameras.size() > kMostCameras) cameras.resize(kMostCameras);
  return cameras;
}

class Gathering {
 public:
  Gathering(io::FileSystem& file_system, const std::string& root, schedule::Executor& executor,
            const GatherOptions& options, const ProgressCallback& progress,
            const std::atomic<bool>* stop)
      : file_system_(file_system),
        root_(root),
        executor_(executor),
        options_(options),
        progress_(progress),
        stop_(stop) {}

  Result<PageFacts> Gather() {
    ROBOMERGE_ASSIGN_OR_RETURN(facts_.title, TitleOf(file_system_, root_));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> dataset, Read());
    if (dataset != nullptr) ROBOMERGE_RETURN_NOT_OK(AddDataset(dataset));
    ROBOMERGE_RETURN_NOT_OK(AddSources());
    MakeRelative(root_, facts_.inspected.problems);
    MakeRelative(root_, facts_.inspected.warnings);
    MakeRelative(root_, facts_.inspected.notes);
    MakeRelative(root_, facts_.not_measured);
    MakeRelative(root_, facts_.stats.notes);
    MakeRelative(root_, facts_.stats.findings);
    if (stop_ != nullptr && stop_->load())
      return Problem(Code::kCancelled, "stopped before the page was made").Kind("E-stopped");
    return std::move(facts_);
  }

 private:
  // Nothing if too little of it can be read. What is wrong with it is noted.
  Result<std::shared_ptr<const Dataset>> Read() {
    ReadOptions reading;
    reading.for_each = schedule::SharedLoop(executor_);
    Result<Dataset> read = ReadDataset(file_system_, root_, reading);
    if (!read.ok()) {
      const std::vector<Problem>& problems = read.status().problems();
      if (read.status().code() == Code::kNotFound && problems.size() == 1) return read.status();
      facts_.inspected.problems = problems;
      facts_.is_partial = true;
      reading.keeps_broken_videos = true;
      read = ReadDataset(file_system_, root_, reading);
      // Where the table does not tell which videos there are, the rows can be shown.
      reading.dropped_cameras = {"*"};
      if (!read.ok()) read = ReadDataset(file_system_, root_, reading);
    }
    if (read.ok()) return std::make_shared<const Dataset>(std::move(read).value());
    const Result<Outline> outline = ReadOutline(file_system_, root_);
    if (!outline.ok()) return std::shared_ptr<const Dataset>();
    Dataset rest;
    rest.version = outline->version;
    rest.schema = outline->schema;
    rest.tasks = outline->tasks;
    facts_.inspected = InspectedOf(std::make_shared<const Dataset>(std::move(rest)));
    return std::shared_ptr<const Dataset>();
  }

  // With the problems that are noted already.
  InspectReport InspectedOf(const std::shared_ptr<const Dataset>& dataset) const {
    InspectReport inspected = InspectDataset(root_, dataset);
    if (facts_.is_partial) inspected.problems = facts_.inspected.problems;
    if (facts_.is_partial) inspected.warnings.clear();  // may be of what is missing
    return inspected;
  }

  Status AddDataset(const std::shared_ptr<const Dataset>& dataset) {
    facts_.inspected = InspectedOf(dataset);
    const FrameRate rate = dataset->schema.frame_rate();
    facts_.frames_per_second =
        static_cast<double>(rate.numerator) / static_cast<double>(rate.denominator);
    facts_.payload_bytes = dataset->payload_bytes();
    for (size_t episode = 0; episode < dataset->episodes.size(); ++episode)
      facts_.lengths.push_back({episode, dataset->episodes[episode].length_frames});
    facts_.tasks = TasksOf(*dataset);
    facts_.cameras = CamerasOf(*dataset);
    if (options_.thumbnails)
      AddThumbnails(file_system_, *dataset, schedule::SharedLoop(executor_), stop_, facts_.cameras);
    StatsOptions measuring;
    measuring.tmp_root =
        options_.tmp_root.empty() ? file_system_.TemporaryFolder() : options_.tmp_root;
    Result<MeasuredStats> stats = MeasureStatsOf(file_system_, root_, *dataset, kNumBins, executor_,
                                                 measuring, progress_, stop_);
    const bool is_broken = !stats.ok() && stats.status().code() == Code::kCorrupt;
    if (!stats.ok() && !is_broken) return stats.status();
    if (is_broken) facts_.not_measured = stats.status().OfKind("E-data-file").problems();
    if (stats.ok()) facts_.stats = std::move(stats->report);
    return Status();
  }

  // A record of other episodes than there are is not of this dataset any more.
  Status AddSources() {
    const Result<std::vector<RecordedSource>> recorded = RecordedSourcesOf(file_system_, root_);
    ROBOMERGE_RETURN_NOT_OK(recorded.status());
    uint64_t num_episodes = 0;
    for (const RecordedSource& one : *recorded) num_episodes += one.num_episodes;
    if (!facts_.lengths.empty() && num_episodes != facts_.lengths.size()) return Status();
    for (const RecordedSource& one : *recorded)
      facts_.sources.push_back({one.name, "", one.num_episodes, one.num_frames});
    ROBOMERGE_ASSIGN_OR_RETURN(facts_.num_left_out, NumRecordedAsLeftOut(file_system_, root_));
    return Status();
  }

  io::FileSystem& file_system_;
  const std::string& root_;
  schedule::Executor& executor_;
  const GatherOptions& options_;
  const ProgressCallback& progress_;
  const std::atomic<bool>* stop_;
  PageFacts facts_;
};

}  // namespace

Result<PageFacts> GatherFacts(io::FileSystem& file_system, const std::string& root,
                              schedule::Executor& executor, const GatherOptions& options,
                              const ProgressCallback& progress, const std::atomic<bool>* stop) {
  return Gathering(file_system, root, executor, options, progress, stop).Gather();
}

}  // namespace robomerge::page
