// v3.0: which source files go into which destination files. A left fold over the sources, by
// LeRobot's rules (format spec 3.3, 3.8).
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/checked.h"
#include "base/text.h"
#include "plan/gathered_warnings.h"
#include "plan/kept_files.h"
#include "plan/layout.h"

namespace robomerge::plan_internal {
namespace {

constexpr double kMegabyte = 1024.0 * 1024.0;
// LeRobot's limits for episodes files, which no option changes (format spec 1.2).
constexpr double kEpisodesFileBytes = 100 * kMegabyte;
constexpr int64_t kEpisodesFilesPerChunk = 1000;
// From 1024 s on, LeRobot's float32 comparison of timestamps fails even for exact times
// (docs/formats/mp4-splice.md).
constexpr double kMostVideoSeconds = 1024;

// The file of one kind that is being filled. As in LeRobot, the next one begins where a source
// would make this one reach the limit.
class Cursor {
 public:
  Cursor(double limit_bytes, int64_t files_per_chunk)
      : limit_bytes_(limit_bytes), files_per_chunk_(files_per_chunk) {}

  bool is_open() const { return is_open_; }
  bool Fits(uint64_t bytes) const { return static_cast<double>(bytes_ + bytes) < limit_bytes_; }

  /// The first file is the one behind `last`.
  void BeginBehind(FileId last) {
    id_ = last;
    num_opened_ = 1;
  }
  FileId Open() {
    if (num_opened_++ > 0) id_ = id_.Next(files_per_chunk_);
    is_open_ = true;
    bytes_ = 0;
    return id_;
  }
  void Add(uint64_t bytes) { bytes_ += bytes; }
  void Close() { is_open_ = false; }

 private:
  double limit_bytes_;
  int64_t files_per_chunk_;
  FileId id_;
  uint64_t num_opened_ = 0;
  uint64_t bytes_ = 0;
  bool is_open_ = false;
};

// Packs the files of one video key.
class VideoPacker {
 public:
  VideoPacker(uint32_t key, const MergeOptions& options, MergePlan& plan)
      : key_(key),
        options_(options),
        plan_(plan),
        cursor_(options.video_files_size_in_mb * kMegabyte, options.chunk_size) {
    plan_.frames.emplace_back(plan_.episodes.size());
  }

  void Run() {
    uint64_t first_episode = 0;
    for (uint32_t source = 0; source < plan_.sources.size(); ++source) {
      const Dataset& dataset = *plan_.sources[source]->dataset;
      const std::string& name = plan_.video_keys[key_];
      const auto of_source = std::find_if(dataset.video_keys.begin(), dataset.video_keys.end(),
                                          [&](const VideoKey& one) { return one.name == name; });
      AddSource(source, static_cast<uint32_t>(of_source - dataset.video_keys.begin()),
                first_episode);
      first_episode += dataset.episodes.size();
      if (!IsKept(plan_, source)) continue;
      FinishStep();
      const std::vector<VideoFile>& files = of_source->files;
      if (keeps_numbers_ && !files.empty()) cursor_.BeginBehind(files.back().id);
    }
    FinishStep();
    warnings_.MoveTo(plan_.warnings);
  }

 private:
  // Where a source file was put.
  struct Landing {
    uint32_t step = 0;
    uint64_t first_frame = 0;
    bool is_own = false;
  };

  void AddSource(uint32_t source, uint32_t source_key, uint64_t first_episode) {
    const DescribedSource& described = *plan_.sources[source];
    const std::vector<VideoPlace>& places = described.video_places[source_key];
    // In the order in which episodes name them, so that file numbers never decrease (I-9), even
    // where a source's files are swapped.
    std::vector<uint32_t> order;
    std::vector<bool> is_seen(described.dataset->video_keys[source_key].files.size());
    for (const VideoPlace& place : places) {
      if (!is_seen[place.video_file]) order.push_back(place.video_file);
      is_seen[place.video_file] = true;
    }
    std::vector<Landing> landings(is_seen.size());
    keeps_numbers_ = IsKept(plan_, source) && HaveOwnNumbers(source, source_key, order);
    for (const uint32_t file : order) landings[file] = AddFile({source, source_key, file});
    for (size_t episode = 0; episode < places.size(); ++episode) {
      const Landing& landing = landings[places[episode].video_file];
      const uint64_t length = described.dataset->episodes[episode].length_frames;
      PlannedFrames& frames = plan_.frames[key_][first_episode + episode];
      frames.video_step = landing.step;
      ++std::get<VideoStep>(plan_.steps[landing.step]).num_episodes;
      if (landing.is_own) {
        frames.from_timestamp = places[episode].from_timestamp;
        frames.to_timestamp = places[episode].from_timestamp + plan_.rate.Seconds(length);
      } else {
        const uint64_t first_frame = landing.first_frame + places[episode].first_frame;
        frames.from_timestamp = plan_.rate.Seconds(first_frame);
        frames.to_timestamp = plan_.rate.Seconds(first_frame + length);
      }
    }
  }

  // A file that is cut may become several.
  bool HaveOwnNumbers(uint32_t source, uint32_t source_key, const std::vector<uint32_t>& order) {
    std::set<FileId> ids;
    for (const uint32_t file : order) {
      const VideoFile& one = VideoFileOf(plan_, {source, source_key, file});
      if (ids.insert(one.id).second) continue;
      warnings_.Add("W-files-renumbered",
                    StrCat("files of `", plan_.video_keys[key_], "` are numbered anew"), one.path,
                    "it becomes several");
      return false;
    }
    return true;
  }

  Landing AddFile(const VideoStep::Input& input) {
    const VideoFile& file = VideoFileOf(plan_, input);
    const mp4::StreamSummary& stream = file.stream;
    const std::string own_reason = OwnFileReason(stream);
    const bool is_own = !own_reason.empty();
    const std::string& name = plan_.video_keys[key_];
    const bool is_kept = IsKept(plan_, input.source);
    if (is_own && !is_kept) {
      warnings_.Add("W-video-own-file",
                    StrCat("video of `", name, "` is copied as it is, into a file of its own"),
                    file.path, own_reason);
    }
    const bool is_alike = cursor_.is_open() && stream.decoder_key == decoder_key_;
    if (cursor_.is_open() && !is_own && !is_alike && !is_kept) {
      warnings_.Add(
          "W-video-split",
          StrCat("videos of `", name,
                 "` differ in codec, size or decoder configuration and go to separate files"),
          file.path, StrCat(stream.codec, ", ", stream.width, " x ", stream.height));
    }
    const std::optional<uint64_t> clock = CommonClock(timescale_, stream.timescale);
    const bool fits = is_alike && !is_own && !is_kept && !file.must_begin_file &&
                      options_.concatenate_videos && cursor_.Fits(stream.file_size_bytes) &&
                      clock &&
                      plan_.rate.Seconds(num_frames_ + stream.num_frames) <= kMostVideoSeconds;
    if (!fits) OpenStep(stream, is_kept && keeps_numbers_ ? std::optional(file.id) : std::nullopt);
    VideoStep& step = LastStep();
    step.inputs.push_back(input);
    step.payload_bytes += stream.file_size_bytes;
    cursor_.Add(stream.file_size_bytes);
    const Landing landing{static_cast<uint32_t>(plan_.steps.size() - 1), num_frames_, is_own};
    num_frames_ += stream.num_frames;
    if (const std::optional<uint64_t> joined = CommonClock(timescale_, stream.timescale))
      timescale_ = *joined;
    if (is_own) FinishStep();
    return landing;
  }

  // The least common multiple of two timescales, if the splice can have such a timescale.
  static std::optional<uint64_t> CommonClock(uint64_t left, uint64_t right) {
    const std::optional<uint64_t> clock = CheckedLcm(left, right);
    return clock && *clock <= mp4::kMaxTimescale ? clock : std::nullopt;
  }

  // Why a stream cannot share a file with any other; empty if it can.
  std::string OwnFileReason(const mp4::StreamSummary& stream) const {
    if (!stream.own_file_reason.empty()) return stream.own_file_reason;
    if (!stream.OnFrameGrid(plan_.rate.numerator, plan_.rate.denominator))
      return "frames do not lie on k / fps exactly";
    if (!CommonClock(plan_.rate.numerator, stream.timescale))
      return StrCat("no clock counts both its timescale ", stream.timescale, " and the frame rate");
    return "";
  }

  // `id`: the number that the file keeps, if it does.
  void OpenStep(const mp4::StreamSummary& stream, std::optional<FileId> id) {
    FinishStep();
    VideoStep step;
    step.key = key_;
    step.id = id ? *id : cursor_.Open();
    plan_.steps.emplace_back(std::move(step));
    has_step_ = true;
    decoder_key_ = stream.decoder_key;
    num_frames_ = 0;
    // So that each frame of the destination lies at a whole tick.
    timescale_ = plan_.rate.numerator;
  }

  void FinishStep() {
    if (!has_step_) return;
    has_step_ = false;
    cursor_.Close();
    VideoStep& step = LastStep();
    const VideoStep::Input& first = step.inputs.front();
    const mp4::StreamSummary& stream = VideoFileOf(plan_, first).stream;
    // A single source file is moved as it is, unless it starts late: a new index corrects that.
    step.is_copy = step.inputs.size() == 1 && !VideoFileOf(plan_, first).is_cut &&
                   (!OwnFileReason(stream).empty() || stream.starts_at_zero);
    if (step.is_copy) return;
    if (IsKept(plan_, first.source) && !plan_.sources[first.source]->adaptation.selects()) {
      warnings_.Add("W-file-rewritten", "a video is written anew", VideoFileOf(plan_, first).path,
                    "its first frame is not at time 0");
    }
    for (const VideoStep::Input& input : step.inputs) {
      if (!VideoFileOf(plan_, input).stream.has_audio) continue;
      warnings_.Add(
          "W-video-audio",
          StrCat("audio of `", plan_.video_keys[key_], "` is left out: LeRobot does not index it"),
          VideoFileOf(plan_, input).path, "");
    }
  }

  VideoStep& LastStep() { return std::get<VideoStep>(plan_.steps.back()); }

  const uint32_t key_;
  const MergeOptions& options_;
  MergePlan& plan_;
  Cursor cursor_;
  GatheredWarnings warnings_;
  bool has_step_ = false;
  bool keeps_numbers_ = false;  // those of the source's files stay
  std::string decoder_key_;
  uint64_t num_frames_ = 0;
  uint64_t timescale_ = 0;
};

void JoinDataFiles(const MergeOptions& options, MergePlan& plan) {
  Cursor cursor(options.data_files_size_in_mb * kMegabyte, options.chunk_size);
  const bool keeps_files = plan.keeps_first && FollowsDataFiles(*plan.sources.front());
  if (keeps_files && !plan.sources.front()->dataset->data_files.empty())
    cursor.BeginBehind(plan.sources.front()->dataset->data_files.back().id);
  for (size_t begin = 0; begin < plan.episodes.size();) {
    // A range of consecutive episodes that lie in one source file: usually the whole file.
    const uint32_t source = plan.episodes[begin].source;
    const DescribedSource& described = *plan.sources[source];
    const uint32_t file = described.data_places[plan.episodes[begin].source_episode].data_file;
    uint64_t bytes = 0;
    size_t end = begin;
    for (; end < plan.episodes.size() && plan.episodes[end].source == source; ++end) {
      const DataPlace& place = described.data_places[plan.episodes[end].source_episode];
      if (place.data_file != file) break;
      bytes += place.rows->uncompressed_bytes;
    }
    const DataFile& data_file = described.dataset->data_files[file];
    const size_t num_episodes = end - begin;
    if (num_episodes == data_file.episodes.size()) bytes = data_file.uncompressed_bytes;
    const bool is_kept = keeps_files && source == 0;
    if (is_kept || !cursor.is_open() || !options.concatenate_data || !cursor.Fits(bytes)) {
      DataStep step;
      step.id = is_kept ? data_file.id : cursor.Open();
      step.first_episode = begin;
      plan.steps.emplace_back(step);
    }
    cursor.Add(bytes);
    DataStep& step = std::get<DataStep>(plan.steps.back());
    step.num_episodes += num_episodes;
    step.payload_bytes += data_file.size_bytes * num_episodes / data_file.episodes.size();
    for (size_t episode = begin; episode < end; ++episode) {
      plan.episodes[episode].data_step = static_cast<uint32_t>(plan.steps.size() - 1);
    }
    begin = end;
  }
}

void PackEpisodes(MergePlan& plan) {
  Cursor cursor(kEpisodesFileBytes, kEpisodesFilesPerChunk);
  for (size_t begin = 0; begin < plan.episodes.size();) {
    const uint32_t source = plan.episodes[begin].source;
    const Dataset& dataset = *plan.sources[source]->dataset;
    const uint32_t file = dataset.episodes[plan.episodes[begin].source_episode].episodes_file;
    size_t end = begin;
    while (end < plan.episodes.size() && plan.episodes[end].source == source &&
           dataset.episodes[plan.episodes[end].source_episode].episodes_file == file) {
      ++end;
    }
    const uint64_t bytes = dataset.episodes_files[file].uncompressed_bytes;
    if (!cursor.is_open() || !cursor.Fits(bytes)) {
      EpisodesStep step;
      step.id = cursor.Open();
      step.first_episode = begin;
      plan.steps.emplace_back(step);
    }
    cursor.Add(bytes);
    std::get<EpisodesStep>(plan.steps.back()).num_episodes += end - begin;
    for (size_t episode = begin; episode < end; ++episode) {
      plan.episodes[episode].episodes_step = static_cast<uint32_t>(plan.steps.size() - 1);
    }
    begin = end;
  }
}

// Files of many episodes, which begin where a source would make the last one reach its limit.
class LayoutV30 final : public Layout {
 public:
  Status CheckSchema(const Schema&, const std::string&, std::vector<Problem>&) const override {
    return Status();
  }

  void Pack(const MergeOptions& options, MergePlan& plan) const override {
    JoinDataFiles(options, plan);
    for (uint32_t key = 0; key < plan.video_keys.size(); ++key)
      VideoPacker(key, options, plan).Run();
    PackEpisodes(plan);
  }

  Step Tasks() const override { return TasksStep(); }

  Json Info(const InfoParts& parts, const MergeOptions& options,
            const MergePlan& plan) const override {
    Json info = Json::object();
    info["codebase_version"] = "v3.0";
    info["fps"] = parts.first->fps;
    info["features"] = parts.features;
    info["total_episodes"] = plan.episodes.size();
    info["total_frames"] = plan.num_frames;
    info["total_tasks"] = plan.tasks.size();
    info["chunks_size"] = options.chunk_size;
    info["data_files_size_in_mb"] = Number(options.data_files_size_in_mb);
    info["video_files_size_in_mb"] = Number(options.video_files_size_in_mb);
    info["data_path"] = kDefaultDataPath;
    info["video_path"] = plan.video_keys.empty() ? Json() : Json(kDefaultVideoPath);
    info["robot_type"] = parts.first->robot_type;
    info["splits"]["train"] = StrCat("0:", plan.episodes.size());
    return info;
  }

 private:
  // Writes 100.0 as 100, and 0.5 as 0.5.
  static Json Number(double number) {
    if (number == std::floor(number) && std::fabs(number) < 9e15)
      return Json(static_cast<int64_t>(number));
    return Json(number);
  }
};

}  // namespace

const Layout& LayoutOfV30() {
  static const LayoutV30 layout;
  return layout;
}

}  // namespace robomerge::plan_internal
