// Checks that each frame of each episode is in the video at its time (I-7), with the coded bytes
// that it has in the source.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "base/text.h"
#include "formats/mp4/frame_cut.h"
#include "formats/mp4/frame_list.h"
#include "model/video_start.h"
#include "verify/checks.h"

namespace robomerge::verify_internal {
namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 20;
// From here on LeRobot's comparison of times in float32 fails even for exact times (format spec
// 2.2).
constexpr double kMostSeconds = 1024;
// Tolerance between two exact times that are computed in different ways.
constexpr double kRoundingSeconds = 1e-6;

size_t Nearest(const mp4::FrameList& list, double seconds) {
  const double ticks = seconds * static_cast<double>(list.summary.timescale);
  const auto after = std::lower_bound(list.frames.begin(), list.frames.end(), ticks,
                                      [](const mp4::ShownFrame& frame, double time) {
                                        return static_cast<double>(frame.shown_ticks) < time;
                                      });
  if (after == list.frames.begin()) return 0;
  const auto at = static_cast<size_t>(after - list.frames.begin());
  if (after == list.frames.end()) return at - 1;
  const bool is_before_nearer = ticks - static_cast<double>(list.frames[at - 1].shown_ticks) <=
                                static_cast<double>(after->shown_ticks) - ticks;
  return is_before_nearer ? at - 1 : at;
}

Result<bool> SameRange(const io::RandomAccessFile& left, uint64_t left_offset,
                       const io::RandomAccessFile& right, uint64_t right_offset, uint64_t length) {
  std::vector<std::byte> a(std::min(length, kBlockBytes)), b(a.size());
  for (uint64_t done = 0; done < length;) {
    const auto count = static_cast<size_t>(std::min(length - done, kBlockBytes));
    ROBOMERGE_RETURN_NOT_OK(left.ReadAt(left_offset + done, std::span(a).first(count)));
    ROBOMERGE_RETURN_NOT_OK(right.ReadAt(right_offset + done, std::span(b).first(count)));
    if (std::memcmp(a.data(), b.data(), count) != 0) return false;
    done += count;
  }
  return true;
}

// A coded frame of the destination, and the one of the source that it must be equal to.
struct FramePair {
  uint64_t episode = 0;
  uint64_t frame = 0;
  mp4::ShownFrame found, expected;
};

class FramesCheck {
 public:
  FramesCheck(const io::FileSystem& file_system, const Case& all, size_t key, uint32_t video_file,
              FramesResult& result)
      : file_system_(file_system),
        all_(all),
        dataset_(all.destination.dataset),
        key_(dataset_.video_keys[key]),
        number_(video_file),
        video_(key_.files[video_file]),
        rate_(dataset_.schema.frame_rate()),
        result_(result) {
    for (uint64_t episode = 0; episode < key_.segments.size(); ++episode) {
      if (key_.segments[episode].video_file == number_) episodes_.push_back(episode);
    }
  }

  Status Run() {
    ROBOMERGE_ASSIGN_OR_RETURN(file_, file_system_.OpenForReading(video_.path));
    ROBOMERGE_ASSIGN_OR_RETURN(list_, mp4::ReadFrameList(*file_));
    CheckCount();
    if (all_.has_sources()) {
      ROBOMERGE_ASSIGN_OR_RETURN(const bool is_copy, IsCopy());
      // Of a selection, a copy may hold frames that were to be left out.
      if (is_copy && (list_.is_fragmented || !list_.summary.own_file_reason.empty() ||
                      !all_.SourceOf(episodes_.front()).is_selected)) {
        result_.num_frames += NumNeeded();
        return Status();
      }
    }
    if (list_.is_fragmented) {
      result_.num_frames += NumNeeded();
      // A merge can only copy such a file, and this is no copy.
      if (all_.has_sources()) {
        result_.findings.Add(
            Say("V-frame-bytes",
                "fragmented video is no copy of its source, and its frames cannot be told apart",
                Where()));
      }
      return Status();
    }
    Length();
    for (const uint64_t episode : episodes_) Times(episode);
    if (!all_.has_sources()) return Status();
    std::map<std::pair<uint32_t, uint32_t>, std::vector<uint64_t>> by_source;
    for (const uint64_t episode : episodes_) {
      if (episode >= all_.origins.size()) continue;
      if (const VideoSegment* segment = SourceSegment(episode))
        by_source[{all_.origins[episode].source, segment->video_file}].push_back(episode);
    }
    for (const uint64_t episode : episodes_) Claim(episode);
    for (const auto& [place, episodes] : by_source)
      ROBOMERGE_RETURN_NOT_OK(Against(place.first, place.second, episodes));
    CheckOthers();
    return Status();
  }

 private:
  std::string Where() const { return StrCat(video_.path, " (", key_.name, ")"); }

  const VideoKey* SourceKey(uint32_t source) const {
    for (const VideoKey& key : all_.sources[source].dataset.video_keys) {
      if (key.name == key_.name) return &key;
    }
    return nullptr;
  }
  const VideoSegment* SourceSegment(uint64_t episode) const {
    const EpisodeOfSource& origin = all_.origins[episode];
    const VideoKey* key = SourceKey(origin.source);
    return key == nullptr ? nullptr : &key->segments[origin.episode];
  }

  // Whether the file is byte for byte one file of a source, with its episodes at the same times, or
  // at times that are corrected for its late start.
  Result<bool> IsCopy() const {
    if (episodes_.empty() || episodes_.back() >= all_.origins.size()) return false;
    const VideoSegment* first = SourceSegment(episodes_.front());
    if (first == nullptr) return false;
    const uint32_t source = all_.origins[episodes_.front()].source;
    const double correction =
        StartCorrection(all_.sources[source].dataset, *SourceKey(source), first->video_file);
    for (const uint64_t episode : episodes_) {
      const VideoSegment* segment = SourceSegment(episode);
      const bool is_same = segment != nullptr && all_.origins[episode].source == source &&
                           segment->video_file == first->video_file &&
                           std::fabs(segment->from_timestamp + correction -
                                     key_.segments[episode].from_timestamp) <= kRoundingSeconds;
      if (!is_same) return false;
    }
    const VideoFile& original = SourceKey(source)->files[first->video_file];
    if (original.stream.file_size_bytes != file_->size_bytes()) return false;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> opened,
                               file_system_.OpenForReading(original.path));
    return SameRange(*file_, 0, *opened, 0, file_->size_bytes());
  }

  uint64_t NumNeeded() const {
    uint64_t num_needed = 0;
    for (const uint64_t episode : episodes_) num_needed += dataset_.episodes[episode].length_frames;
    return num_needed;
  }

  // Checks only the number of all frames. That is all where fragments are not parsed, and tells
  // what an edit list hides.
  void CheckCount() {
    const mp4::StreamSummary& stream = list_.summary;
    const bool is_checked_one_by_one =
        !list_.is_fragmented && stream.num_shown_frames == stream.num_frames;
    if (is_checked_one_by_one || NumNeeded() <= stream.num_shown_frames) return;
    result_.findings.Add(Say("V-video-frames", "video has fewer frames than its episodes need",
                             Where(), StrCat("at least ", WithSeparators(NumNeeded()), " frames"),
                             StrCat(WithSeparators(stream.num_shown_frames), " frames")));
  }

  void Length() {
    if (list_.frames.empty() || episodes_.size() < 2) return;
    const double end = list_.Seconds(list_.frames.size() - 1) + rate_.Seconds(1);
    if (end <= kMostSeconds || !IsJoined()) return;
    result_.findings.Add(Say("V-video-length", "video is longer than LeRobot can seek in exactly",
                             Where(), StrCat("at most ", FormatDouble(kMostSeconds), " s"),
                             StrCat(FormatDouble(end), " s")));
  }

  // Whether the file was joined from several, so that a merge could have made it shorter.
  bool IsJoined() const {
    if (!all_.has_sources()) return true;
    std::set<std::pair<uint32_t, uint32_t>> files;
    for (const uint64_t episode : episodes_) {
      if (episode >= all_.origins.size()) continue;
      if (const VideoSegment* segment = SourceSegment(episode))
        files.emplace(all_.origins[episode].source, segment->video_file);
    }
    return files.size() > 1;
  }

  // Reports the first frame of an episode that is not where it must be.
  void Times(uint64_t episode) {
    const double begin = key_.segments[episode].from_timestamp;
    const uint64_t length = dataset_.episodes[episode].length_frames;
    const double tolerance = all_.has_sources() ? kRoundingSeconds : kToleranceSeconds;
    size_t before = list_.frames.size();
    result_.num_frames += length;
    for (uint64_t frame = 0; frame < length; ++frame) {
      const double seconds = begin + rate_.Seconds(frame);
      if (list_.frames.empty() || !std::isfinite(seconds)) {
        Missing(episode, frame, seconds, "no frame");
        return;
      }
      const size_t place = Nearest(list_, seconds);
      if (std::fabs(list_.Seconds(place) - seconds) > tolerance || place == before) {
        const double end = list_.Seconds(list_.frames.size() - 1);
        Missing(episode, frame, seconds,
                seconds > end
                    ? StrCat("none: the last frame is at ", FormatDouble(end), " s")
                    : StrCat("the nearest one at ", FormatDouble(list_.Seconds(place)), " s"));
        return;
      }
      before = place;
    }
  }

  void Missing(uint64_t episode, uint64_t frame, double seconds, std::string found) {
    result_.findings.Add(Say("V-frame-time", "video has no frame at the time of an episode's frame",
                             Where(), StrCat("a frame at ", FormatDouble(seconds), " s"),
                             std::move(found), {episode, key_.name, frame}));
  }

  // The frames that the episode shows need no other proof than that of its own frames.
  void Claim(uint64_t episode) {
    is_proven_.resize(list_.frames.size());
    const uint64_t first = FirstFrame(episode);
    for (uint64_t frame = 0; frame < dataset_.episodes[episode].length_frames; ++frame) {
      if (first + frame < is_proven_.size()) is_proven_[first + frame] = true;
    }
  }

  uint64_t FirstFrame(uint64_t episode) const {
    return list_.frames.empty() ? 0 : Nearest(list_, key_.segments[episode].from_timestamp);
  }

  // Frames that no episode shows are decoded before others, and nothing else may be there: they are
  // those beside the episode's in its source.
  Status ProveBeside(uint64_t episode, uint64_t first, const mp4::FrameList& expected,
                     const io::RandomAccessFile& original) {
    const uint64_t begin = FirstFrame(episode), length = dataset_.episodes[episode].length_frames;
    for (const bool is_behind : {false, true}) {
      auto at = static_cast<int64_t>(is_behind ? begin + length : begin) - (is_behind ? 0 : 1);
      auto from = static_cast<int64_t>(is_behind ? first + length : first) - (is_behind ? 0 : 1);
      const int64_t step = is_behind ? 1 : -1;
      for (; at >= 0 && at < static_cast<int64_t>(is_proven_.size()) && from >= 0 &&
             from < static_cast<int64_t>(expected.frames.size()) &&
             !is_proven_[static_cast<size_t>(at)];
           at += step, from += step) {
        const mp4::ShownFrame& found = list_.frames[static_cast<size_t>(at)];
        const mp4::ShownFrame& wanted = expected.frames[static_cast<size_t>(from)];
        if (found.size_bytes != wanted.size_bytes) break;
        ROBOMERGE_ASSIGN_OR_RETURN(const bool same, SameRange(*file_, found.offset, original,
                                                              wanted.offset, found.size_bytes));
        if (!same) break;
        is_proven_[static_cast<size_t>(at)] = true;
      }
    }
    return Status();
  }

  // How many frames of the source's file a merge must keep for the episodes of this file.
  Result<uint64_t> NumKept(uint32_t source, uint32_t source_file,
                           const std::vector<uint64_t>& episodes, const mp4::FrameList& expected,
                           const io::RandomAccessFile& original, double correction) const {
    const uint64_t all = expected.frames.size();
    const Subject& subject = all_.sources[source];
    if (!subject.is_selected || !expected.summary.own_file_reason.empty() ||
        !expected.summary.OnFrameGrid(rate_.numerator, rate_.denominator))
      return all;
    const VideoKey& key = *SourceKey(source);
    const auto first_of = [&](size_t episode) {
      const double begin = key.segments[episode].from_timestamp + correction;
      return static_cast<uint64_t>(std::max(0.0, FrameAt(expected.summary, begin, rate_)));
    };
    std::vector<mp4::FrameRange> wanted;
    for (size_t episode = 0; episode < key.segments.size(); ++episode) {
      if (key.segments[episode].video_file != source_file) continue;
      const EpisodeRows* rows = subject.rows[episode];
      const int64_t first_picture = rows != nullptr && rows->odd ? rows->odd->first_picture() : 0;
      wanted.push_back(
          {first_of(episode), static_cast<uint64_t>(std::max<int64_t>(first_picture, 0)) +
                                  subject.dataset.episodes[episode].length_frames});
    }
    const Result<mp4::FrameCut> cut = mp4::PlanCut(original, wanted);
    if (!cut.ok()) return cut.status().code() == Code::kIo ? Result<uint64_t>(cut.status()) : all;
    uint64_t num_kept = 0;
    for (const mp4::FrameCut& part : cut->SplitAtFileStarts()) {
      const bool is_here = std::any_of(episodes.begin(), episodes.end(), [&](uint64_t episode) {
        return part.PlaceOf(first_of(all_.origins[episode].episode)).has_value();
      });
      if (is_here) num_kept += part.num_frames();
    }
    return num_kept;
  }

  void CheckOthers() {
    if (!all_.is_paired || !are_counted_) return;
    if (list_.frames.size() > num_kept_) {
      result_.findings.Add(Say("V-video-frames",
                               "video has frames that are not of the sources, or were left out",
                               Where(), StrCat(WithSeparators(num_kept_), " frames"),
                               StrCat(WithSeparators(list_.frames.size()), " frames")));
    }
    const auto other = std::find(is_proven_.begin(), is_proven_.end(), false);
    if (other == is_proven_.end()) return;
    const auto frame = static_cast<size_t>(other - is_proven_.begin());
    result_.findings.Add(Say("V-frame-bytes",
                             "frame that no episode shows is not the one beside them in the source",
                             StrCat(Where(), ": frame ", frame, " of the file")));
  }

  static std::string DecoderText(const mp4::FrameList& list) {
    return StrCat(list.summary.codec, " ", list.summary.width, " x ", list.summary.height);
  }

  Status Against(uint32_t source, uint32_t source_file, const std::vector<uint64_t>& episodes) {
    const VideoKey& source_key = *SourceKey(source);
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> original,
                               file_system_.OpenForReading(source_key.files[source_file].path));
    ROBOMERGE_ASSIGN_OR_RETURN(const mp4::FrameList expected, mp4::ReadFrameList(*original));
    if (expected.summary.decoder_key != list_.summary.decoder_key) {
      const std::string wanted = DecoderText(expected), is = DecoderText(list_);
      result_.findings.Add(Say("V-decoder",
                               "video has another decoder configuration than its source", Where(),
                               StrCat(wanted, "   from ", original->path()),
                               StrCat(is, is == wanted ? ", with other parameter sets" : ""),
                               {episodes.front(), key_.name}));
    }
    if (expected.frames.empty() || list_.frames.empty()) {
      result_.findings.Add(Say("V-frame-bytes",
                               "coded frames cannot be compared: a file is fragmented or empty",
                               Where(), original->path(), "", {episodes.front(), key_.name}));
      are_counted_ = false;
      return Status();
    }
    const Dataset& dataset = all_.sources[source].dataset;
    const double correction = StartCorrection(dataset, source_key, source_file);
    const bool is_even = expected.summary.OnFrameGrid(rate_.numerator, rate_.denominator);
    std::vector<FramePair> pairs;
    for (const uint64_t episode : episodes) {
      const VideoSegment& from = source_key.segments[all_.origins[episode].episode];
      const double begin = from.from_timestamp + correction;
      const double first = std::max(0.0, FrameAt(expected.summary, begin, rate_));
      for (uint64_t frame = 0; frame < dataset_.episodes[episode].length_frames; ++frame) {
        const double seconds = rate_.Seconds(frame);
        pairs.push_back(
            {episode, frame,
             list_.frames[Nearest(list_, key_.segments[episode].from_timestamp + seconds)],
             expected.frames[is_even ? std::min(static_cast<size_t>(first) + frame,
                                                expected.frames.size() - 1)
                                     : Nearest(expected, begin + seconds)]});
      }
    }
    ROBOMERGE_RETURN_NOT_OK(Compare(pairs, *original));
    // Frames that are not evenly spaced lie beside others in time, not by number.
    are_counted_ = are_counted_ && is_even;
    if (!is_even || !all_.is_paired) return Status();
    ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t num_kept, NumKept(source, source_file, episodes,
                                                                expected, *original, correction));
    num_kept_ += num_kept;
    for (const uint64_t episode : episodes) {
      const VideoSegment& from = source_key.segments[all_.origins[episode].episode];
      const double first =
          std::max(0.0, FrameAt(expected.summary, from.from_timestamp + correction, rate_));
      ROBOMERGE_RETURN_NOT_OK(
          ProveBeside(episode, static_cast<uint64_t>(first), expected, *original));
    }
    return Status();
  }

  // Compares in the order of the bytes, so that neighbouring frames are read together. Adds at most
  // one finding per episode.
  Status Compare(std::vector<FramePair>& pairs, const io::RandomAccessFile& original) {
    std::stable_sort(pairs.begin(), pairs.end(), [](const FramePair& a, const FramePair& b) {
      return a.found.offset < b.found.offset;
    });
    std::map<uint64_t, uint64_t> first_different;  // episode -> its first frame that differs
    const auto differs = [&](const FramePair& pair) {
      const auto [entry, is_new] = first_different.emplace(pair.episode, pair.frame);
      if (!is_new) entry->second = std::min(entry->second, pair.frame);
    };
    for (size_t begin = 0; begin < pairs.size();) {
      if (pairs[begin].found.size_bytes != pairs[begin].expected.size_bytes) {
        differs(pairs[begin++]);
        continue;
      }
      uint64_t length = pairs[begin].found.size_bytes;
      size_t end = begin + 1;
      while (end < pairs.size() && length < kBlockBytes &&
             pairs[end].found.size_bytes == pairs[end].expected.size_bytes &&
             pairs[end].found.offset == pairs[begin].found.offset + length &&
             pairs[end].expected.offset == pairs[begin].expected.offset + length) {
        length += pairs[end++].found.size_bytes;
      }
      ROBOMERGE_ASSIGN_OR_RETURN(const bool same,
                                 SameRange(*file_, pairs[begin].found.offset, original,
                                           pairs[begin].expected.offset, length));
      for (size_t at = begin; !same && at < end; ++at) {
        ROBOMERGE_ASSIGN_OR_RETURN(
            const bool one, SameRange(*file_, pairs[at].found.offset, original,
                                      pairs[at].expected.offset, pairs[at].found.size_bytes));
        if (!one) differs(pairs[at]);
      }
      begin = end;
    }
    for (const auto& [episode, frame] : first_different) {
      result_.findings.Add(Say("V-frame-bytes", "frame has other coded bytes than in its source",
                               Where(), StrCat("those of ", original.path()), "",
                               {episode, key_.name, frame}));
    }
    return Status();
  }

  const io::FileSystem& file_system_;
  const Case& all_;
  const Dataset& dataset_;
  const VideoKey& key_;
  const uint32_t number_;
  const VideoFile& video_;
  const FrameRate rate_;
  FramesResult& result_;
  std::vector<uint64_t> episodes_;
  std::unique_ptr<io::RandomAccessFile> file_;
  mp4::FrameList list_;
  std::vector<bool> is_proven_;  // per frame of the file: shown by an episode, or as in its source
  uint64_t num_kept_ = 0;        // frames that the sources give to the file
  bool are_counted_ = true;
};

}  // namespace

Status CheckFrames(const io::FileSystem& file_system, const Case& all, size_t key,
                   uint32_t video_file, FramesResult& result) {
  return FramesCheck(file_system, all, key, video_file, result).Run();
}

}  // namespace robomerge::verify_internal
