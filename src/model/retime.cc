#include "model/retime.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "base/way_out.h"
#include "model/video_start.h"

namespace robomerge {
namespace {

constexpr const char* kRetimed[] = {"frame_index", "timestamp"};

class Retiming {
 public:
  explicit Retiming(Dataset& dataset) : dataset_(dataset), rate_(dataset.schema.frame_rate()) {}

  Status Run() {
    FindOdd();
    if (odd_.empty()) return Status();
    ROBOMERGE_RETURN_NOT_OK(CheckOrder());
    MoveSegments();
    uint64_t num_rows = 0;
    for (const auto& [episode, rows] : odd_) {
      num_rows += rows->odd->num_rows;
      rows->odd.reset();
      rows->is_retimed = true;
    }
    CorrectStatistics();
    dataset_.warnings.push_back(
        Problem(Code::kCorrupt, StrCat("frame_index and timestamp of ", WithSeparators(num_rows),
                                       num_rows == 1 ? " row in " : " rows in ", odd_.size(),
                                       odd_.size() == 1 ? " episode" : " episodes",
                                       " are set to 0, 1, 2, ... and frame_index / fps"))
            .Kind("W-retimed")
            .At(dataset_.root));
    return Status();
  }

 private:
  void FindOdd() {
    for (size_t file = 0; file < dataset_.data_files.size(); ++file) {
      for (EpisodeRows& rows : dataset_.data_files[file].episodes) {
        const auto episode = static_cast<size_t>(rows.episode_index);
        if (!rows.odd || rows.episode_index < 0 || episode >= dataset_.episodes.size() ||
            dataset_.episodes[episode].data_file != file)
          continue;
        odd_.emplace(episode, &rows);
      }
    }
  }

  Status CheckOrder() const {
    if (dataset_.video_keys.empty()) return Status();
    std::vector<Problem> problems;
    for (const auto& [episode, rows] : odd_) {
      if (!rows->odd->is_timed_by_frame || rows->odd->is_even) continue;
      const DataFile& file = dataset_.data_files[dataset_.episodes[episode].data_file];
      problems.push_back(
          Problem(Code::kCorrupt,
                  StrCat("rows of episode ", dataset_.episodes[episode].number,
                         " do not show its pictures one after another, so that they cannot be "
                         "retimed and keep them"))
              .Kind("E-retime")
              .At(StrCat(file.path, ": frame_index, row ", rows->first_row))
              .Hint(StrCat("sort the rows by frame_index, or ", kLeaveEpisodeOut))
              .OfEpisodes({dataset_.episodes[episode].number}));
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  // The frame of its video that the first row of the episode shows; nothing if there is none.
  std::optional<double> ShownFrame(const VideoKey& key, size_t episode) const {
    const EpisodeRows& rows = *odd_.at(episode);
    const VideoSegment& segment = key.segments[episode];
    const mp4::StreamSummary& stream = key.files[segment.video_file].stream;
    const double frame = FrameAt(stream, segment.from_timestamp + rows.odd->first_seconds, rate_);
    const auto num_frames = static_cast<double>(stream.num_frames);
    if (!rows.odd->is_even || !(frame >= 0) ||
        frame + static_cast<double>(rows.total_rows()) > num_frames)
      return std::nullopt;
    return frame;
  }

  void MoveSegments() {
    for (const VideoKey& key : dataset_.video_keys) {
      for (const auto& [episode, rows] : odd_) {
        if (!ShownFrame(key, episode)) return;
      }
    }
    for (VideoKey& key : dataset_.video_keys) {
      for (const auto& [episode, rows] : odd_) {
        VideoSegment& segment = key.segments[episode];
        const double seconds = rate_.Seconds(static_cast<uint64_t>(
            std::fabs(std::round(rows->odd->first_seconds * static_cast<double>(rate_.numerator) /
                                 static_cast<double>(rate_.denominator)))));
        segment.from_timestamp += std::copysign(seconds, rows->odd->first_seconds);
        segment.to_timestamp = segment.from_timestamp + rate_.Seconds(rows->total_rows());
      }
    }
  }

  void CorrectStatistics() {
    size_t episode = 0;
    for (EpisodeStatisticsBlock& block : dataset_.episode_statistics) {
      for (uint64_t row = 0; row < block.num_rows; ++row, ++episode) {
        if (!odd_.contains(episode)) continue;
        const Distribution frames = Distribution::Range(dataset_.episodes[episode].length_frames);
        auto value = block.values.begin() + static_cast<int64_t>(row * block.stride);
        for (const StatColumn& column : *block.layout) {
          if (IsRetimed(column.feature) && column.stat != "count")
            std::fill_n(value, column.width,
                        StatisticOfFrames(frames, column.stat, column.feature, rate_));
          value += column.width;
        }
      }
    }
    if (!dataset_.statistics) return;
    for (const char* name : kRetimed) {
      std::vector<std::string> quantiles;
      const auto entry =
          std::find_if(dataset_.statistics->begin(), dataset_.statistics->end(),
                       [&](const FeatureStatistics& one) { return one.feature == name; });
      if (entry == dataset_.statistics->end()) {
        dataset_.statistics->push_back(StatisticsOfFrames(dataset_, name, quantiles));
        continue;
      }
      for (const Statistic& statistic : entry->statistics) {
        if (IsQuantile(statistic.name)) quantiles.push_back(statistic.name);
      }
      *entry = StatisticsOfFrames(dataset_, name, quantiles);
    }
  }

  static bool IsRetimed(const std::string& feature) {
    return feature == kRetimed[0] || feature == kRetimed[1];
  }

  Dataset& dataset_;
  const FrameRate rate_;
  std::map<size_t, EpisodeRows*> odd_;  // by episode
};

}  // namespace

Status Retime(Dataset& dataset) { return Retiming(dataset).Run().OfSource(dataset.root); }

double StatisticOfFrames(const Distribution& frames, const std::string& stat,
                         const std::string& feature, const FrameRate& rate) {
  double value = 0;
  if (stat == "min") value = frames.min();
  if (stat == "max") value = frames.max();
  if (stat == "mean") value = frames.mean();
  if (stat == "std") value = frames.deviation();
  if (const std::optional<double> percent = QuantilePercent(stat))
    value = frames.Quantile(*percent / 100);
  return feature == "timestamp"
             ? value * static_cast<double>(rate.denominator) / static_cast<double>(rate.numerator)
             : value;
}

FeatureStatistics StatisticsOfFrames(const Dataset& dataset, const std::string& feature,
                                     const std::vector<std::string>& quantiles) {
  std::vector<uint64_t> lengths;
  for (const Episode& episode : dataset.episodes) lengths.push_back(episode.length_frames);
  std::sort(lengths.begin(), lengths.end());
  std::vector<std::pair<int64_t, uint64_t>> values;
  size_t ended = 0;  // episodes without this frame
  for (uint64_t frame = 0; !lengths.empty() && frame < lengths.back(); ++frame) {
    while (lengths[ended] <= frame) ++ended;
    values.emplace_back(frame, lengths.size() - ended);
  }
  const Distribution frames(std::move(values));
  const FrameRate rate = dataset.schema.frame_rate();
  FeatureStatistics whole;
  whole.feature = feature;
  const auto add = [&](const std::string& stat) {
    whole.statistics.push_back(
        {stat, NumberKind::kFloat, {1}, {StatisticOfFrames(frames, stat, feature, rate)}});
  };
  for (const char* stat : {"min", "max", "mean", "std"}) add(stat);
  whole.statistics.push_back(
      {"count", NumberKind::kInteger, {1}, {static_cast<double>(frames.count())}});
  for (const std::string& stat : quantiles) add(stat);
  return whole;
}

}  // namespace robomerge
