#include "formats/mp4/sample_start.h"

#include <algorithm>
#include <array>

namespace robomerge::mp4 {
namespace {

constexpr int kMaxUnits = 64;  // before the first slice; real streams have up to ten
constexpr uint64_t kMaxParameterSetBytes = 4096;
constexpr char kNotInstant[] =
    "its first frame is no instant refresh (IDR): it may lean on frames before it";
constexpr char kTooLarge[] = "its first frame carries unusually large parameter sets";

SampleStart NoStart(std::string problem) { return {StartKind::kNone, {}, std::move(problem)}; }

enum class NalKind { kOther, kParameterSet, kInstantRefresh, kRandomAccess, kOtherSlice };

// ITU-T H.264, table 7-1, and H.265, table 7-1. A recovery point of H.264 is no start: FFmpeg 5.1
// loses the last frame of some files that begin with one.
NalKind KindOf(NalFormat format, uint8_t header) {
  if (format == NalFormat::kAvc) {
    const int type = header & 31;
    if (type == 5) return NalKind::kInstantRefresh;
    if (type >= 1 && type <= 4) return NalKind::kOtherSlice;
    return type == 7 || type == 8 ? NalKind::kParameterSet : NalKind::kOther;
  }
  const int type = header >> 1 & 63;
  if (type == 19 || type == 20) return NalKind::kInstantRefresh;  // IDR_W_RADL, IDR_N_LP
  if (type >= 16 && type <= 21) return NalKind::kRandomAccess;    // BLA, CRA
  if (type < 32) return NalKind::kOtherSlice;
  return type <= 34 ? NalKind::kParameterSet : NalKind::kOther;  // VPS, SPS, PPS
}

Status AppendBytes(const io::RandomAccessFile& file, const FileRange& range,
                   std::vector<std::byte>* bytes) {
  const size_t start = bytes->size();
  bytes->resize(start + static_cast<size_t>(range.length_bytes));
  return file.ReadAt(range.offset, std::span(*bytes).subspan(start));
}

Result<SampleStart> InspectNalUnits(const io::RandomAccessFile& file, const SampleEntry& entry,
                                    const FileRange& sample) {
  uint64_t offset = sample.offset;
  std::vector<std::byte> parameter_sets;
  for (int i = 0; i < kMaxUnits; ++i) {
    std::array<std::byte, 5> header{};  // length, then the first byte of the NAL unit
    const uint64_t header_bytes = entry.nal_length_bytes + uint64_t{1};
    if (sample.end() - offset < header_bytes) break;
    ROBOMERGE_RETURN_NOT_OK(
        file.ReadAt(offset, std::span(header).first(static_cast<size_t>(header_bytes))));
    uint64_t length_bytes = 0;
    for (size_t j = 0; j < entry.nal_length_bytes; ++j)
      length_bytes = length_bytes << 8 | static_cast<uint64_t>(header[j]);
    offset += entry.nal_length_bytes;
    if (length_bytes == 0 || length_bytes > sample.end() - offset) break;
    const FileRange nal_unit{offset, length_bytes};
    switch (KindOf(entry.nal_format, static_cast<uint8_t>(header[entry.nal_length_bytes]))) {
      case NalKind::kInstantRefresh:
        return SampleStart{StartKind::kInstant, Hexadecimal(parameter_sets), {}};
      case NalKind::kRandomAccess:
        return SampleStart{StartKind::kOpen, Hexadecimal(parameter_sets), {}};
      case NalKind::kOtherSlice:
        return NoStart(kNotInstant);
      case NalKind::kParameterSet:
        if (length_bytes > kMaxParameterSetBytes || parameter_sets.size() > kMaxParameterSetBytes)
          return NoStart(kTooLarge);
        ROBOMERGE_RETURN_NOT_OK(AppendBytes(file, nal_unit, &parameter_sets));
        break;
      case NalKind::kOther:
        break;
    }
    offset += length_bytes;
  }
  return NoStart("its first frame is not made of whole NAL units");
}

// AV1 Bitstream & Decoding Process Specification, 5.3 to 5.9. A shown key frame drops all that was
// decoded before (7.20). One that is stored now and shown later lies in a sample before its own.
Result<SampleStart> InspectAv1Units(const io::RandomAccessFile& file, const FileRange& sample) {
  constexpr int kSequenceHeader = 1, kFrameHeader = 3, kFrame = 6;
  uint64_t offset = sample.offset;
  std::vector<std::byte> sequence_header;
  for (int i = 0; i < kMaxUnits && offset < sample.end(); ++i) {
    // obu_header, obu_extension_header, obu_size (up to 8 bytes), the first byte of the payload
    std::array<uint8_t, 11> bytes{};
    const uint64_t num_bytes = std::min<uint64_t>(bytes.size(), sample.end() - offset);
    ROBOMERGE_RETURN_NOT_OK(file.ReadAt(
        offset, std::as_writable_bytes(std::span(bytes)).first(static_cast<size_t>(num_bytes))));
    const int type = bytes[0] >> 3 & 15;
    const bool has_size = (bytes[0] & 2) != 0;
    size_t header_bytes = (bytes[0] & 4) != 0 ? 2 : 1;
    uint64_t length_bytes = 0;
    for (uint32_t shift = 0; has_size && shift < 56; shift += 7) {
      length_bytes |= uint64_t{bytes[header_bytes] & 127u} << shift;
      if ((bytes[header_bytes++] & 128) == 0) break;
    }
    if (header_bytes > num_bytes) break;
    offset += header_bytes;
    if (!has_size) length_bytes = sample.end() - offset;
    if (length_bytes > sample.end() - offset) break;
    if (type == kSequenceHeader) {
      if (length_bytes > kMaxParameterSetBytes) return NoStart(kTooLarge);
      sequence_header.clear();
      ROBOMERGE_RETURN_NOT_OK(AppendBytes(file, {offset, length_bytes}, &sequence_header));
    } else if ((type == kFrame || type == kFrameHeader) && length_bytes > 0) {
      const bool is_still =  // reduced_still_picture_header
          !sequence_header.empty() && (static_cast<uint8_t>(sequence_header[0]) & 8) != 0;
      // show_existing_frame 0, frame_type KEY_FRAME 0, show_frame 1
      if (!is_still && bytes[header_bytes] >> 4 != 1) return NoStart(kNotInstant);
      return SampleStart{StartKind::kInstant, Hexadecimal(sequence_header), {}};
    }
    offset += length_bytes;
  }
  return NoStart("its first frame is not made of whole open bitstream units");
}

}  // namespace

std::string Hexadecimal(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

Result<SampleStart> InspectSyncSample(const io::RandomAccessFile& file, const SampleEntry& entry,
                                      const FileRange& sample) {
  if (sample.length_bytes == 0) return NoStart("its first frame is empty");
  if (entry.nal_format != NalFormat::kNone) return InspectNalUnits(file, entry, sample);
  if (entry.codec == "av1") return InspectAv1Units(file, sample);
  return SampleStart{StartKind::kInstant, {}, {}};
}

Result<SampleStart> InspectFirstSample(const io::RandomAccessFile& file, const SampleEntry& entry,
                                       const SampleTable& samples) {
  if (!samples.StartsWithSyncSample()) return NoStart("its first frame is not a sync sample");
  const uint64_t length_bytes = samples.SampleSize(0);
  if (length_bytes > 0 && entry.nal_format == NalFormat::kNone)
    return SampleStart{StartKind::kInstant, {}, {}};
  ROBOMERGE_ASSIGN_OR_RETURN(
      SampleStart start,
      InspectSyncSample(file, entry, {samples.chunks.front().range.offset, length_bytes}));
  if (start.kind == StartKind::kOpen) return NoStart(kNotInstant);
  return start;
}

}  // namespace robomerge::mp4
