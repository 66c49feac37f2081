#include "formats/mp4/fragments.h"

#include <optional>

#include "base/text.h"

namespace robomerge::mp4 {
namespace {

constexpr uint64_t kMaxFragmentBytes = uint64_t{16} << 20;

// 8.8.7: optional fields before default_sample_duration.
constexpr uint32_t kHasBaseDataOffset = 0x1;
constexpr uint32_t kHasDescriptionIndex = 0x2;
constexpr uint32_t kHasDefaultDuration = 0x8;
// 8.8.8
constexpr uint32_t kHasDataOffset = 0x1;
constexpr uint32_t kHasFirstSampleFlags = 0x4;
constexpr uint32_t kHasSampleDuration = 0x100;
constexpr uint32_t kPerSampleFields[] = {kHasSampleDuration, 0x200, 0x400, 0x800};

void AddRun(BoxCursor trun, uint32_t default_ticks, FragmentTotals* totals) {
  uint32_t flags = 0;
  trun.FullBoxVersion(1, &flags);
  const uint32_t num_samples = trun.U32("sample_count");
  if ((flags & kHasDataOffset) != 0) trun.Skip(4, "data_offset");
  if ((flags & kHasFirstSampleFlags) != 0) trun.Skip(4, "first_sample_flags");
  uint64_t entry_bytes = 0;
  for (const uint32_t field : kPerSampleFields) entry_bytes += (flags & field) != 0 ? 4 : 0;
  uint64_t length_ticks = uint64_t{num_samples} * default_ticks;
  if (entry_bytes > 0) {
    const auto samples = trun.Table(num_samples, entry_bytes, "samples of the run");
    if ((flags & kHasSampleDuration) != 0) {
      length_ticks = 0;
      for (size_t i = 0; i < samples.size(); i += entry_bytes) length_ticks += LoadU32(&samples[i]);
    }
  }
  totals->num_frames += num_samples;
  totals->length_ticks += length_ticks;
  if (trun.ok() && (totals->num_frames > kMaxSamples || totals->length_ticks >> 60 != 0)) {
    trun.Fail(Problem(Code::kUnsupported, "track has too many samples")
                  .Expected(StrCat(WithSeparators(kMaxSamples), " or fewer"))
                  .Found(StrCat(WithSeparators(totals->num_frames), " or more")));
  }
}

void AddTrackFragment(const BoxCursor& traf, const Movie& movie, FragmentTotals* totals) {
  const BoxList boxes(traf);
  auto tfhd = boxes.Require(Tag("tfhd"));
  if (!tfhd) return;
  uint32_t flags = 0;
  tfhd->FullBoxVersion(0, &flags);
  if (tfhd->U32("track_ID") != movie.video.id) return;
  if ((flags & kHasBaseDataOffset) != 0) tfhd->Skip(8, "base_data_offset");
  if ((flags & kHasDescriptionIndex) != 0) tfhd->Skip(4, "sample_description_index");
  const uint32_t default_ticks = (flags & kHasDefaultDuration) != 0
                                     ? tfhd->U32("default_sample_duration")
                                     : movie.default_sample_ticks;
  for (const Box& box : boxes.boxes()) {
    if (box.type == Tag("trun")) AddRun(box.body, default_ticks, totals);
  }
}

}  // namespace

Result<FragmentTotals> CountFragments(const io::RandomAccessFile& file, const Container& container,
                                      const Movie& movie, Diagnosis* diagnosis) {
  FragmentTotals totals;
  std::vector<std::byte> bytes;
  for (const FileRange& fragment : container.fragments) {
    if (fragment.length_bytes > kMaxFragmentBytes) {
      return Problem(Code::kUnsupported, "moof box is too large")
          .At(diagnosis->Place("moof", fragment.offset))
          .Expected(StrCat(FormatBytes(kMaxFragmentBytes), " or less"))
          .Found(FormatBytes(fragment.length_bytes));
    }
    bytes.resize(static_cast<size_t>(fragment.length_bytes));
    ROBOMERGE_RETURN_NOT_OK(file.ReadAt(fragment.offset, bytes));
    BoxCursor moof(bytes, fragment.offset, "moof", diagnosis);
    while (std::optional<Box> box = moof.NextBox()) {
      if (box->type == Tag("traf")) AddTrackFragment(box->body, movie, &totals);
    }
    if (!diagnosis->ok()) return diagnosis->status();
  }
  return totals;
}

}  // namespace robomerge::mp4
