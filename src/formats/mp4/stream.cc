#include "formats/mp4/stream.h"

#include <algorithm>
#include <limits>

#include "base/checked.h"
#include "base/text.h"
#include "formats/mp4/fragments.h"
#include "formats/mp4/parsed_stream.h"
#include "formats/mp4/sample_start.h"

namespace robomerge::mp4 {
namespace {

struct EditOutcome {
  bool starts_at_zero = false;
  std::string
      problem;  // why the edit list cannot be replaced by one that starts at the first frame
};

// The frames in all edits together (8.6.6), as FFmpeg counts them: an edit that lasts no time shows
// none. Durations are rounded to the movie's timescale, often 1/1000 s: one tick more counts as
// shown.
uint64_t CountShownFrames(const Movie& movie) {
  const SampleTable& samples = movie.video.samples;
  uint64_t shown = 0;
  for (const Edit& edit : movie.video.edits) {
    if (edit.media_time_ticks == -1) continue;
    if (edit.media_time_ticks < 0 || edit.rate_16_16 != kNormalRate) return samples.num_samples;
    if (edit.duration_movie_ticks == 0) continue;
    constexpr uint64_t kLastTick = std::numeric_limits<int64_t>::max();
    // Where the movie's ticks are coarser than the track's, the duration was rounded.
    const uint64_t rounding = movie.timescale % movie.video.timescale == 0 ? 0 : 1;
    const auto length = CheckedMultiply<uint64_t>(
        std::min(edit.duration_movie_ticks, kLastTick) + rounding, movie.video.timescale);
    const uint64_t end_ticks = std::min(
        kLastTick, CheckedAdd<uint64_t>(static_cast<uint64_t>(edit.media_time_ticks),
                                        length ? (*length - 1) / movie.timescale + 1 : kLastTick)
                       .value_or(kLastTick));
    shown += CountFrames(samples, edit.media_time_ticks, static_cast<int64_t>(end_ticks));
  }
  return movie.video.edits.empty() ? samples.num_samples : shown;
}

EditOutcome CannotReplace(std::string problem) { return {false, std::move(problem)}; }

// What a player that honours the edit list (8.6.6) shows. One edit, with or without a pause before
// it, is understood; a pause and a first frame later than the edit's start only shift all frames,
// and a splice starts at the first frame anyway.
EditOutcome ReadEdits(const Movie& movie, const Presentation& shown) {
  const std::vector<Edit>& edits = movie.video.edits;
  if (edits.empty()) return {shown.first_ticks == 0, {}};
  const bool has_pause = edits.front().media_time_ticks == -1;
  const size_t num_media_edits = edits.size() - (has_pause ? 1 : 0);
  if (num_media_edits == 0) return CannotReplace("its edit list shows no frame");
  if (num_media_edits > 1)
    return CannotReplace(StrCat("its edit list has ", num_media_edits, " edits"));
  const Edit& edit = edits.back();
  if (edit.rate_16_16 != kNormalRate) return CannotReplace("its edit list changes the speed");
  if (edit.media_time_ticks < 0) return CannotReplace("its edit list is not understood");
  if (edit.media_time_ticks > shown.first_ticks)
    return CannotReplace("its edit list hides frames at the start");
  if (edit.duration_movie_ticks > 0) {  // 0: to the end
    // Durations are rounded to the movie's timescale, often 1/1000 s: one tick more counts as
    // shown.
    const auto last_ticks = static_cast<uint64_t>(shown.last_ticks - edit.media_time_ticks);
    const auto last = CheckedMultiply<uint64_t>(last_ticks, movie.timescale);
    const auto end_movie_ticks = CheckedAdd<uint64_t>(edit.duration_movie_ticks, 1);
    const auto end =
        CheckedMultiply<uint64_t>(end_movie_ticks.value_or(~uint64_t{0}), movie.video.timescale);
    if (!last || (end && *last >= *end))
      return CannotReplace("its edit list hides frames at the end");
  }
  const bool pauses = has_pause && edits.front().duration_movie_ticks > 0;
  return {!pauses && edit.media_time_ticks == shown.first_ticks, {}};
}

std::string SpacingProblem(const SampleTable& samples, const Presentation& shown,
                           uint32_t timescale) {
  if (shown.has_zero_delta) return "some of its frames last no time";
  if (shown.frame_ticks == 0 && samples.composition_offsets.empty()) {
    return StrCat("its frames are spaced unevenly (", shown.shortest_delta_ticks, " to ",
                  shown.longest_delta_ticks, " ticks of 1/", timescale, " s)");
  }
  if (shown.frame_ticks == 0) return "its frames are spaced unevenly";
  // The next stream is decoded after all of these frames, so their decode times must end before the
  // time they fill.
  const uint64_t even_ticks = samples.num_samples * shown.frame_ticks;
  if (shown.decode_length_ticks - samples.decode_deltas.back().delta_ticks >= even_ticks) {
    return StrCat("its decode clock runs past its frames, to ", shown.decode_length_ticks,
                  " ticks of 1/", timescale, " s");
  }
  return {};
}

// Fills in what depends on the frames' times, and why they need a file of their own.
Status Judge(const io::RandomAccessFile& file, ParsedStream* stream) {
  StreamSummary& summary = stream->summary;
  const VideoTrack& video = stream->movie.video;
  const Presentation& shown = stream->presentation;
  const EditOutcome edits = ReadEdits(stream->movie, shown);
  summary.starts_at_zero = edits.starts_at_zero;
  summary.frame_ticks = shown.frame_ticks;
  summary.has_times = edits.problem.empty();
  if (summary.has_times) {
    const int64_t zero_ticks = ZeroTicks(stream->movie);
    summary.start_ticks = shown.first_ticks - zero_ticks;
    if (shown.frame_ticks == 0) {
      summary.uneven_ticks = ShownTicks(video.samples);
      for (int64_t& ticks : summary.uneven_ticks) ticks -= zero_ticks;
    }
  }
  const std::string spacing_problem = SpacingProblem(video.samples, shown, video.timescale);
  // A last frame that is stored shorter or longer than the others (FFmpeg's concatenation of x265
  // does that) gets its proper time, so that the next stream stays on the grid.
  summary.length_ticks =
      spacing_problem.empty() ? summary.num_frames * shown.frame_ticks : shown.shown_length_ticks;

  ROBOMERGE_ASSIGN_OR_RETURN(const SampleStart first,
                             InspectFirstSample(file, video.entry, video.samples));
  summary.decoder_key = DecoderKey(stream->movie, first.parameter_sets);
  if (video.num_sample_entries > 1) {
    summary.own_file_reason = StrCat("it changes its decoder configuration (",
                                     video.num_sample_entries, " sample descriptions)");
  } else if (!video.entry.has_parameter_sets) {
    summary.own_file_reason =
        "its parameter sets lie only inside the frames (" + TagText(video.entry.type) + ")";
  } else if (!spacing_problem.empty()) {
    summary.own_file_reason = spacing_problem;
  } else if (!edits.problem.empty()) {
    summary.own_file_reason = edits.problem;
  } else {
    summary.own_file_reason = first.problem;
  }
  return Status();
}

}  // namespace

bool StreamSummary::OnFrameGrid(uint64_t fps_numerator, uint64_t fps_denominator) const {
  // frame_ticks / timescale == fps_denominator / fps_numerator
  const auto left = CheckedMultiply<uint64_t>(frame_ticks, fps_numerator);
  const auto right = CheckedMultiply<uint64_t>(timescale, fps_denominator);
  return frame_ticks > 0 && left && right && *left == *right;
}

std::string DecoderKey(const Movie& movie, const std::string& parameter_sets) {
  // The fixed fields of the sample entry are written readably, its child boxes in hexadecimal.
  const VideoTrack& video = movie.video;
  std::string key =
      StrCat(TagText(video.entry.type), " ", video.entry.width, "x", video.entry.height, " depth ",
             video.entry.depth, " display ", FormatDouble(video.display_width_16_16 / 65536.0), "x",
             FormatDouble(video.display_height_16_16 / 65536.0), " matrix");
  for (const int32_t number : video.matrix) key += StrCat(" ", number);
  key += " of";
  for (const int32_t number : movie.matrix) key += StrCat(" ", number);
  key += " entry " + Hexadecimal(video.entry.children());
  if (!parameter_sets.empty()) key += " inside " + parameter_sets;
  return key;
}

int64_t ZeroTicks(const Movie& movie) {
  const std::vector<Edit>& edits = movie.video.edits;
  if (edits.empty()) return 0;
  int64_t pause_ticks = 0;
  if (edits.front().media_time_ticks == -1 && movie.timescale > 0) {
    const double seconds =
        static_cast<double>(edits.front().duration_movie_ticks) / movie.timescale;
    pause_ticks = static_cast<int64_t>(seconds * movie.video.timescale + 0.5);
  }
  for (const Edit& edit : edits) {
    if (edit.media_time_ticks >= 0) return edit.media_time_ticks - pause_ticks;
  }
  return -pause_ticks;
}

Result<ParsedStream> ParseStream(const io::RandomAccessFile& file) {
  Diagnosis diagnosis(file.path());
  ROBOMERGE_ASSIGN_OR_RETURN(Container container, ReadContainer(file, &diagnosis));
  ParsedStream stream;
  ROBOMERGE_ASSIGN_OR_RETURN(stream.movie, ParseMovie(container, &diagnosis));
  const VideoTrack& video = stream.movie.video;
  stream.presentation = Present(video.samples);

  StreamSummary& summary = stream.summary;
  summary.file_size_bytes = container.file_size_bytes;
  summary.codec = video.entry.codec;
  summary.pixel_format = video.entry.pixel_format;
  summary.width = video.entry.width;
  summary.height = video.entry.height;
  summary.timescale = video.timescale;
  summary.num_frames = video.samples.num_samples;
  summary.has_audio = stream.movie.has_audio;
  summary.num_other_tracks = stream.movie.num_other_tracks;
  summary.has_trailing_bytes = container.has_trailing_bytes;
  summary.decoder_key = DecoderKey(stream.movie, {});
  if (stream.movie.has_extends || !container.fragments.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const FragmentTotals totals,
                               CountFragments(file, container, stream.movie, &diagnosis));
    summary.num_frames += totals.num_frames;
    summary.num_shown_frames = summary.num_frames;
    summary.length_ticks = stream.presentation.shown_length_ticks + totals.length_ticks;
    summary.own_file_reason = "it is fragmented";
  } else if (summary.num_frames == 0) {
    summary.own_file_reason = "it has no frames";
  } else {
    ROBOMERGE_RETURN_NOT_OK(Judge(file, &stream));
    summary.num_shown_frames = CountShownFrames(stream.movie);
  }
  stream.file_type = std::move(container.file_type);
  return stream;
}

Result<StreamSummary> ReadStreamSummary(const io::RandomAccessFile& file) {
  ROBOMERGE_ASSIGN_OR_RETURN(ParsedStream stream, ParseStream(file));
  return std::move(stream.summary);
}

}  // namespace robomerge::mp4
