#include "formats/mp4/joined_tables.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/check.h"
#include "base/checked.h"
#include "base/text.h"
#include "formats/mp4/movie_splice.h"

namespace robomerge::mp4 {
namespace {

constexpr int64_t kMaxOffsetTicks = std::numeric_limits<int32_t>::max();

Problem DoesNotFit(const char* what, uint64_t timescale) {
  return Problem(Code::kIncompatible, StrCat(what, " does not fit the destination's time tables"))
      .Expected("a number of ticks below 2^31")
      .Found(StrCat("more, at ", WithSeparators(timescale), " ticks per second"))
      .Hint("give these streams files of their own");
}

int64_t SmallestOffset(const SampleTable& samples) {
  int64_t smallest = samples.composition_offsets.empty() ? 0 : std::numeric_limits<int64_t>::max();
  for (const CompositionRun& run : samples.composition_offsets)
    smallest = std::min(smallest, run.offset_ticks);
  return smallest;
}

// The last sample's delta is set so that the decode clock reaches the next source's start.
Status AppendDeltas(const ParsedStream& source, const SourceClock& clock, uint32_t timescale,
                    std::vector<TimeRun>* runs) {
  const auto& deltas = source.video().samples.decode_deltas;
  uint64_t decoded_ticks = 0;
  for (size_t i = 0; i < deltas.size(); ++i) {
    const bool is_last = i + 1 == deltas.size();
    const uint32_t num_samples = deltas[i].num_samples - (is_last ? 1 : 0);
    const auto delta_ticks = CheckedMultiply<uint64_t>(deltas[i].delta_ticks, clock.factor);
    if (!delta_ticks || *delta_ticks > static_cast<uint64_t>(kMaxOffsetTicks)) {
      return DoesNotFit("the time between two frames", timescale);
    }
    AppendRun(TimeRun{num_samples, static_cast<uint32_t>(*delta_ticks)}, runs);
    decoded_ticks += num_samples * *delta_ticks;  // at most 2^24 * 2^31
  }
  // A stream whose last frame is decoded at or after its length has a file of its own
  // (SpacingProblem in stream.cc).
  ROBOMERGE_CHECK(clock.length_ticks > decoded_ticks);
  const uint64_t last_delta_ticks = clock.length_ticks - decoded_ticks;
  if (last_delta_ticks > static_cast<uint64_t>(kMaxOffsetTicks))
    return DoesNotFit("the last frame's duration", timescale);
  AppendRun(TimeRun{1, static_cast<uint32_t>(last_delta_ticks)}, runs);
  return Status();
}

Status AppendOffsets(const ParsedStream& source, const SourceClock& clock, uint32_t timescale,
                     std::vector<CompositionRun>* runs) {
  const SampleTable& samples = source.video().samples;
  const std::vector<CompositionRun> none{{samples.num_samples, 0}};
  for (const CompositionRun& run :
       samples.composition_offsets.empty() ? none : samples.composition_offsets) {
    const auto scaled =
        CheckedMultiply<int64_t>(run.offset_ticks, static_cast<int64_t>(clock.factor));
    const auto offset_ticks =
        scaled ? CheckedAdd<int64_t>(*scaled, clock.shift_ticks) : std::nullopt;
    if (!offset_ticks || *offset_ticks > kMaxOffsetTicks)
      return DoesNotFit("the delay of reordered frames", timescale);
    ROBOMERGE_CHECK(*offset_ticks >= 0);  // the smallest of all was subtracted
    AppendRun(CompositionRun{run.num_samples, *offset_ticks}, runs);
  }
  return Status();
}

void AppendSizes(const SampleTable& samples, std::vector<uint32_t>* sizes_bytes) {
  if (samples.sizes_bytes.empty()) {
    sizes_bytes->insert(sizes_bytes->end(), samples.num_samples, samples.constant_size_bytes);
  } else {
    sizes_bytes->insert(sizes_bytes->end(), samples.sizes_bytes.begin(), samples.sizes_bytes.end());
  }
}

void AppendSyncSamples(const SampleTable& samples, uint32_t num_before,
                       std::vector<uint32_t>* numbers) {
  if (samples.sync_samples) {
    for (const uint32_t number : *samples.sync_samples) numbers->push_back(num_before + number);
  } else {
    for (uint32_t number = 0; number < samples.num_samples; ++number)
      numbers->push_back(num_before + number);
  }
}

}  // namespace

Result<SpliceClock> PlanClock(const std::vector<ParsedStream>& sources, uint64_t fps_numerator) {
  std::optional<uint64_t> timescale = std::max<uint64_t>(fps_numerator, 1);
  for (const ParsedStream& source : sources) {
    if (timescale) timescale = CheckedLcm(*timescale, source.video().timescale);
  }
  if (!timescale || *timescale > kMaxTimescale) {
    return Problem(Code::kIncompatible,
                   "the streams' timescales have no common multiple that fits 31 bits")
        .Found(StrCat(sources.front().video().timescale, " and ", sources.size() - 1, " more, and ",
                      fps_numerator, " frames"))
        .Hint("give these streams files of their own");
  }
  SpliceClock clock;
  clock.timescale = static_cast<uint32_t>(*timescale);

  // Every source's first frame is shown the same delay after its decoding begins: the longest delay
  // of all sources.
  std::vector<int64_t> delays;
  std::vector<int64_t> smallest_offsets;
  for (const ParsedStream& source : sources) {
    SourceClock own;
    own.factor = *timescale / source.video().timescale;
    own.start_ticks = clock.end_ticks;
    const auto factor = static_cast<int64_t>(own.factor);
    const auto length_ticks = CheckedMultiply<uint64_t>(source.summary.length_ticks, own.factor);
    const auto end_ticks =
        length_ticks ? CheckedAdd<uint64_t>(clock.end_ticks, *length_ticks) : std::nullopt;
    const auto delay = CheckedMultiply<int64_t>(source.presentation.first_ticks, factor);
    const auto smallest = CheckedMultiply<int64_t>(SmallestOffset(source.video().samples), factor);
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 4;  // sums of these cannot wrap
    if (!end_ticks || *end_ticks > static_cast<uint64_t>(kMost) || !delay || *delay > kMost ||
        *delay < -kMost || !smallest || *smallest > kMost || *smallest < -kMost) {
      return DoesNotFit("the length of all streams", *timescale);
    }
    own.length_ticks = *length_ticks;
    clock.end_ticks = *end_ticks;
    delays.push_back(*delay);
    smallest_offsets.push_back(*smallest);
    clock.sources.push_back(own);
  }
  const int64_t longest_delay = *std::max_element(delays.begin(), delays.end());
  int64_t smallest_offset = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < sources.size(); ++i) {
    clock.sources[i].shift_ticks = longest_delay - delays[i];
    smallest_offset = std::min(smallest_offset, smallest_offsets[i] + clock.sources[i].shift_ticks);
  }
  for (SourceClock& own : clock.sources) own.shift_ticks -= smallest_offset;
  // The first frame's own offset is one of those the smallest was taken from, and decode time is
  // never below zero.
  ROBOMERGE_CHECK(longest_delay >= smallest_offset);
  clock.media_time_ticks = static_cast<uint64_t>(longest_delay - smallest_offset);
  return clock;
}

Result<SampleTable> JoinTables(const std::vector<ParsedStream>& sources, const SpliceClock& clock) {
  uint64_t num_samples = 0;
  bool lists_sync_samples = false;
  bool has_dependencies = true;
  bool has_one_size = true;
  const SampleTable& first = sources.front().video().samples;
  for (const ParsedStream& source : sources) {
    const SampleTable& samples = source.video().samples;
    num_samples += samples.num_samples;
    lists_sync_samples = lists_sync_samples || samples.sync_samples.has_value();
    has_dependencies = has_dependencies && samples.dependencies.has_value();
    has_one_size = has_one_size && samples.sizes_bytes.empty() &&
                   samples.constant_size_bytes == first.constant_size_bytes;
  }
  if (num_samples > kMaxSplicedSamples) {
    return Problem(Code::kUnsupported, "too many frames for one file")
        .Expected(StrCat(WithSeparators(kMaxSplicedSamples), " or fewer"))
        .Found(WithSeparators(num_samples));
  }
  SampleTable joined;
  if (lists_sync_samples) joined.sync_samples.emplace();
  if (has_dependencies) joined.dependencies.emplace();
  if (has_one_size) joined.constant_size_bytes = first.constant_size_bytes;
  for (size_t i = 0; i < sources.size(); ++i) {
    const SampleTable& samples = sources[i].video().samples;
    const SourceClock& own = clock.sources[i];
    ROBOMERGE_RETURN_NOT_OK(AppendDeltas(sources[i], own, clock.timescale, &joined.decode_deltas));
    ROBOMERGE_RETURN_NOT_OK(
        AppendOffsets(sources[i], own, clock.timescale, &joined.composition_offsets));
    if (lists_sync_samples) AppendSyncSamples(samples, joined.num_samples, &*joined.sync_samples);
    if (has_dependencies) {
      joined.dependencies->insert(joined.dependencies->end(), samples.dependencies->begin(),
                                  samples.dependencies->end());
    }
    if (!has_one_size) AppendSizes(samples, &joined.sizes_bytes);
    joined.num_samples += samples.num_samples;
  }
  const bool has_no_offsets = joined.composition_offsets.size() == 1 &&
                              joined.composition_offsets.front().offset_ticks == 0;
  if (has_no_offsets) joined.composition_offsets.clear();
  return joined;
}

}  // namespace robomerge::mp4
