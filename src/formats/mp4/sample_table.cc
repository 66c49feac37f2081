#include "formats/mp4/sample_table.h"

#include <limits>

#include "base/checked.h"
#include "base/text.h"

namespace robomerge::mp4 {
namespace {

// The tables are parsed in this order, because each is checked against the number of samples that
// the first one states.
class SampleTableParser {
 public:
  SampleTableParser(const BoxList& stbl, uint32_t num_descriptions, const Container& container)
      : stbl_(stbl), num_descriptions_(num_descriptions), container_(container) {}

  SampleTable Parse() {
    ParseSizes();
    ParseDecodeDeltas();
    ParseCompositionOffsets();
    ParseSyncSamples();
    ParseDependencies();
    ParseChunks();
    return std::move(table_);
  }

 private:
  // 8.7.3: stsz, or stz2 with sizes of 4, 8 or 16 bits. Exactly one of them.
  void ParseSizes() {
    if (std::optional<BoxCursor> compact = stbl_.Find(Tag("stz2")))
      return ParseCompactSizes(*compact);
    std::optional<BoxCursor> stsz = stbl_.Require(Tag("stsz"));
    if (!stsz) return;
    stsz->FullBoxVersion(0);
    table_.constant_size_bytes = stsz->U32("sample_size");
    if (!TakeSampleCount(&*stsz) || table_.constant_size_bytes != 0) return;
    const auto bytes = stsz->Table(table_.num_samples, 4, "sizes");
    table_.sizes_bytes.reserve(bytes.size() / 4);
    for (size_t i = 0; i < bytes.size(); i += 4) table_.sizes_bytes.push_back(LoadU32(&bytes[i]));
  }

  void ParseCompactSizes(BoxCursor stz2) {
    stz2.FullBoxVersion(0);
    stz2.Skip(3, "reserved");
    const uint8_t field_bits = stz2.U8("field_size");
    if (!TakeSampleCount(&stz2)) return;
    if (field_bits != 4 && field_bits != 8 && field_bits != 16) {
      return stz2.Fail("field_size is not one of the standard", "4, 8 or 16 bits",
                       StrCat(int{field_bits}, " bits"));
    }
    const uint32_t num_samples = table_.num_samples;
    const auto bytes = stz2.Bytes((uint64_t{num_samples} * field_bits + 7) / 8, "sizes");
    if (!stz2.ok()) return;
    table_.sizes_bytes.reserve(num_samples);
    for (uint32_t i = 0; i < num_samples; ++i) {
      if (field_bits == 16) {
        table_.sizes_bytes.push_back(LoadU16(&bytes[2 * size_t{i}]));
      } else if (field_bits == 8) {
        table_.sizes_bytes.push_back(static_cast<uint32_t>(bytes[i]));
      } else {  // two sizes in a byte, the first one in the upper half
        const auto pair = static_cast<uint32_t>(bytes[i / 2]);
        table_.sizes_bytes.push_back(i % 2 == 0 ? pair >> 4 : pair & 15);
      }
    }
  }

  bool TakeSampleCount(BoxCursor* sizes) {
    const uint32_t num_samples = sizes->U32("sample_count");
    if (num_samples > kMaxSamples) {
      sizes->Fail(Problem(Code::kUnsupported, "track has too many samples")
                      .Expected(StrCat(WithSeparators(kMaxSamples), " or fewer"))
                      .Found(WithSeparators(num_samples)));
    }
    if (!sizes->ok()) return false;
    table_.num_samples = num_samples;
    return true;
  }

  // Adds `count` to `covered` and fails if that is more than there are samples. `byte`: where the
  // run is written.
  bool Cover(const BoxCursor& box, uint64_t byte, uint32_t count, const char* runs,
             uint64_t* covered) {
    *covered += count;  // at most kMaxSamples + 2^32
    if (*covered <= table_.num_samples) return true;
    box.FailAt(byte, StrCat("box covers more samples than there are (sum of ", runs, ")"),
               StrCat(WithSeparators(table_.num_samples), " samples (from stsz)"),
               StrCat(WithSeparators(*covered), " or more"));
    return false;
  }

  void CheckCovered(const BoxCursor& box, uint64_t byte, uint64_t covered, const char* runs) {
    if (box.ok() && covered != table_.num_samples) {
      box.FailAt(byte, StrCat("box covers fewer samples than there are (sum of ", runs, ")"),
                 StrCat(WithSeparators(table_.num_samples), " samples (from stsz)"),
                 WithSeparators(covered));
    }
  }

  // 8.6.1.2
  void ParseDecodeDeltas() {
    std::optional<BoxCursor> stts = stbl_.Require(Tag("stts"));
    if (!stts) return;
    stts->FullBoxVersion(0);
    const uint32_t num_runs = stts->U32("entry_count");
    const uint64_t first_byte = stts->byte();
    const auto bytes = stts->Table(num_runs, 8, "time runs");
    uint64_t covered = 0;
    for (size_t i = 0; i < bytes.size(); i += 8) {
      const TimeRun run{LoadU32(&bytes[i]), LoadU32(&bytes[i + 4])};
      if (run.num_samples == 0) continue;
      if (!Cover(*stts, first_byte + i, run.num_samples, "time runs", &covered)) return;
      table_.decode_deltas.push_back(run);
    }
    CheckCovered(*stts, first_byte, covered, "time runs");
  }

  // 8.6.1.3. Version 0 is unsigned in the standard, but QuickTime and others wrote negative offsets
  // into it; no offset of real material needs the upper half, so both versions are read as signed.
  void ParseCompositionOffsets() {
    std::optional<BoxCursor> ctts = stbl_.Find(Tag("ctts"));
    if (!ctts) return;
    ctts->FullBoxVersion(1);
    const uint32_t num_runs = ctts->U32("entry_count");
    const uint64_t first_byte = ctts->byte();
    const auto bytes = ctts->Table(num_runs, 8, "composition runs");
    uint64_t covered = 0;
    bool all_zero = true;
    for (size_t i = 0; i < bytes.size(); i += 8) {
      const CompositionRun run{LoadU32(&bytes[i]), static_cast<int32_t>(LoadU32(&bytes[i + 4]))};
      if (run.num_samples == 0) continue;
      if (!Cover(*ctts, first_byte + i, run.num_samples, "composition runs", &covered)) return;
      all_zero = all_zero && run.offset_ticks == 0;
      table_.composition_offsets.push_back(run);
    }
    CheckCovered(*ctts, first_byte, covered, "composition runs");
    if (all_zero) table_.composition_offsets.clear();
  }

  // 8.6.2: numbers from 1, strictly increasing.
  void ParseSyncSamples() {
    std::optional<BoxCursor> stss = stbl_.Find(Tag("stss"));
    if (!stss) return;
    stss->FullBoxVersion(0);
    const uint32_t num_sync_samples = stss->U32("entry_count");
    const uint64_t first_byte = stss->byte();
    const auto bytes = stss->Table(num_sync_samples, 4, "sync samples");
    table_.sync_samples.emplace();
    table_.sync_samples->reserve(bytes.size() / 4);
    uint32_t previous = 0;
    for (size_t i = 0; i < bytes.size(); i += 4) {
      const uint32_t number = LoadU32(&bytes[i]);
      if (number <= previous || number > table_.num_samples) {
        return stss->FailAt(first_byte + i, "sync samples are out of order or out of range",
                            StrCat("a number from ", WithSeparators(uint64_t{previous} + 1), " to ",
                                   WithSeparators(table_.num_samples)),
                            WithSeparators(number));
      }
      table_.sync_samples->push_back(number - 1);
      previous = number;
    }
  }

  // 8.6.4. The box has no count of its own.
  void ParseDependencies() {
    std::optional<BoxCursor> sdtp = stbl_.Find(Tag("sdtp"));
    if (!sdtp) return;
    sdtp->FullBoxVersion(0);
    const auto bytes = sdtp->Table(table_.num_samples, 1, "sample dependencies");
    table_.dependencies.emplace();
    table_.dependencies->reserve(bytes.size());
    for (const std::byte byte : bytes) table_.dependencies->push_back(static_cast<uint8_t>(byte));
  }

  // 8.7.4 and 8.7.5: stsc says how many samples each chunk holds, stco or co64 where it lies.
  void ParseChunks() {
    std::optional<BoxCursor> wide = stbl_.Find(Tag("co64"));
    std::optional<BoxCursor> offsets = wide ? wide : stbl_.Require(Tag("stco"));
    std::optional<BoxCursor> stsc = stbl_.Require(Tag("stsc"));
    if (!offsets || !stsc) return;
    offsets->FullBoxVersion(0);
    stsc->FullBoxVersion(0);
    const size_t offset_bytes = wide ? 8 : 4;
    const uint32_t num_chunks = offsets->U32("entry_count");
    const uint64_t first_offset_byte = offsets->byte();
    const auto places = offsets->Table(num_chunks, offset_bytes, "chunk offsets");
    const uint32_t num_runs = stsc->U32("entry_count");
    const uint64_t first_run_byte = stsc->byte();
    const auto runs = stsc->Table(num_runs, 12, "sample-to-chunk runs");
    if (!stsc->ok()) return;

    table_.chunks.reserve(num_chunks);
    uint64_t covered = 0;
    for (size_t i = 0; i < runs.size(); i += 12) {
      const uint32_t first = LoadU32(&runs[i]);
      const uint32_t samples_per_chunk = LoadU32(&runs[i + 4]);
      const uint64_t end = i + 12 < runs.size() ? LoadU32(&runs[i + 12]) : uint64_t{num_chunks} + 1;
      if (i == 0 && first != 1) {
        return stsc->FailAt(first_run_byte, "sample-to-chunk runs do not begin with chunk 1", "1",
                            WithSeparators(first));
      }
      if (!CheckRun(*stsc, first_run_byte + i, first, end, num_chunks, samples_per_chunk,
                    LoadU32(&runs[i + 8])))
        return;
      for (uint64_t number = first; number < end; ++number) {
        if (!Cover(*stsc, first_run_byte + i, samples_per_chunk, "chunks", &covered)) return;
        const std::byte* place = &places[(number - 1) * offset_bytes];
        SampleChunk sample_chunk{{wide ? LoadU64(place) : LoadU32(place), 0}, samples_per_chunk};
        sample_chunk.range.length_bytes =
            SizeOf(static_cast<uint32_t>(covered) - samples_per_chunk, samples_per_chunk);
        if (!CheckPlace(*offsets, number, first_offset_byte + (number - 1) * offset_bytes,
                        sample_chunk.range))
          return;
        table_.chunks.push_back(sample_chunk);
      }
    }
    CheckCovered(*stsc, first_run_byte, covered, "chunks");
    CheckPayloadSize(*offsets);
  }

  // `first`: the run's first chunk, counted from 1; `end`: the next run's.
  bool CheckRun(const BoxCursor& stsc, uint64_t byte, uint32_t first, uint64_t end,
                uint32_t num_chunks, uint32_t samples_per_chunk, uint32_t description) {
    if (first == 0 || end <= first || end > uint64_t{num_chunks} + 1) {
      const bool is_next_wrong = first > 0 && first <= num_chunks;
      stsc.FailAt(is_next_wrong ? byte + 12 : byte,
                  "sample-to-chunk runs are out of order or name a chunk that is not there",
                  StrCat("a first_chunk above ", WithSeparators(is_next_wrong ? first : 0),
                         ", at most ", WithSeparators(num_chunks)),
                  WithSeparators(is_next_wrong ? end : first));
    } else if (samples_per_chunk == 0) {
      stsc.FailAt(byte, StrCat("chunk ", WithSeparators(first), " holds no samples"), "1 or more");
    } else if (description == 0 || description > num_descriptions_) {
      stsc.FailAt(byte, "samples refer to a sample description that is not there",
                  StrCat("a number from 1 to ", num_descriptions_), WithSeparators(description));
    }
    return stsc.ok();
  }

  bool CheckPlace(const BoxCursor& offsets, uint64_t number, uint64_t entry_byte,
                  const FileRange& range) {
    if (container_.IsMedia(range)) return true;
    const uint64_t file_size_bytes = container_.file_size_bytes;
    const bool fits = RangeFits(range.offset, range.length_bytes, file_size_bytes);
    Problem problem(Code::kCorrupt, fits ? "sample data lies outside the mdat boxes"
                                         : "sample data past the end of the file");
    problem.where = offsets.diagnosis()->Place(offsets.path(), entry_byte);
    problem.expected =
        fits ? "bytes of an mdat box"
             : StrCat("bytes below ", WithSeparators(file_size_bytes), " (size of the file)");
    problem.found =
        StrCat("chunk ", WithSeparators(number), " of ", WithSeparators(range.length_bytes),
               " B at byte ", WithSeparators(range.offset));
    if (!fits) problem.hint = "the file looks cut off; copy it again";
    offsets.diagnosis()->Fail(std::move(problem));
    return false;
  }

  // Chunks that overlap would let a small file claim any amount of payload.
  void CheckPayloadSize(const BoxCursor& offsets) {
    uint64_t total_bytes = 0;
    for (const SampleChunk& sample_chunk : table_.chunks) {
      total_bytes += sample_chunk.range
                         .length_bytes;  // each within the file, and checked at once: cannot wrap
      if (total_bytes > container_.file_size_bytes) {
        return offsets.Fail("samples overlap: they are larger than the file together",
                            StrCat(WithSeparators(container_.file_size_bytes), " B or less"));
      }
    }
  }

  // Samples are at most 2^24 of at most 2^32 bytes: the sum fits.
  uint64_t SizeOf(uint32_t first, uint32_t count) const {
    if (table_.sizes_bytes.empty()) return uint64_t{table_.constant_size_bytes} * count;
    uint64_t size_bytes = 0;
    for (uint32_t i = first; i < first + count; ++i) size_bytes += table_.sizes_bytes[i];
    return size_bytes;
  }

  const BoxList& stbl_;
  uint32_t num_descriptions_;
  const Container& container_;
  SampleTable table_;
};

}  // namespace

std::vector<uint64_t> SampleOffsets(const SampleTable& samples) {
  std::vector<uint64_t> offsets;
  offsets.reserve(samples.num_samples);
  for (const SampleChunk& side_by_side : samples.chunks) {
    uint64_t offset = side_by_side.range.offset;
    for (uint32_t left = side_by_side.num_samples; left > 0; --left) {
      const auto number = static_cast<uint32_t>(offsets.size());
      offsets.push_back(offset);
      offset += samples.SampleSize(number);
    }
  }
  return offsets;
}

SampleTable ParseSampleTable(const BoxList& stbl, uint32_t num_descriptions,
                             const Container& container) {
  return SampleTableParser(stbl, num_descriptions, container).Parse();
}

}  // namespace robomerge::mp4
