#include "formats/mp4/first_sample.h"

#include <array>

#include "base/text.h"

namespace robomerge::mp4 {
namespace {

constexpr int kMaxNalUnits = 64;  // before the first slice; real streams have up to ten
constexpr uint64_t kMaxParameterSetBytes = 4096;

enum class NalKind { kOther, kParameterSet, kInstantRefresh, kOtherSlice };

// ITU-T H.264, table 7-1, and H.265, table 7-1.
NalKind KindOf(NalFormat format, uint8_t header) {
  if (format == NalFormat::kAvc) {
    const int type = header & 31;
    if (type == 5) return NalKind::kInstantRefresh;
    if (type >= 1 && type <= 4) return NalKind::kOtherSlice;
    return type == 7 || type == 8 ? NalKind::kParameterSet : NalKind::kOther;
  }
  const int type = header >> 1 & 63;
  if (type == 19 || type == 20) return NalKind::kInstantRefresh;  // IDR_W_RADL, IDR_N_LP
  if (type < 32) return NalKind::kOtherSlice;
  return type <= 34 ? NalKind::kParameterSet : NalKind::kOther;  // VPS, SPS, PPS
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

Result<FirstSample> InspectFirstSample(const io::RandomAccessFile& file, const SampleEntry& entry,
                                       const SampleTable& samples) {
  FirstSample first;
  if (!samples.StartsWithSyncSample()) {
    first.problem = "its first frame is not a sync sample";
    return first;
  }
  if (samples.SampleSize(0) == 0) {
    first.problem = "its first frame is empty";
    return first;
  }
  if (entry.nal_format == NalFormat::kNone) return first;

  uint64_t offset = samples.chunks.front().range.offset;
  const uint64_t end = offset + samples.SampleSize(0);
  std::vector<std::byte> parameter_sets;
  for (int i = 0; i < kMaxNalUnits; ++i) {
    std::array<std::byte, 5> header{};  // length, then the first byte of the NAL unit
    const uint64_t header_bytes = entry.nal_length_bytes + uint64_t{1};
    if (end - offset < header_bytes) break;
    ROBOMERGE_RETURN_NOT_OK(
        file.ReadAt(offset, std::span(header).first(static_cast<size_t>(header_bytes))));
    uint64_t length_bytes = 0;
    for (size_t j = 0; j < entry.nal_length_bytes; ++j)
      length_bytes = length_bytes << 8 | static_cast<uint64_t>(header[j]);
    offset += entry.nal_length_bytes;
    if (length_bytes == 0 || length_bytes > end - offset) break;
    switch (KindOf(entry.nal_format, static_cast<uint8_t>(header[entry.nal_length_bytes]))) {
      case NalKind::kInstantRefresh:
        first.parameter_sets = Hexadecimal(parameter_sets);
        return first;
      case NalKind::kOtherSlice:
        first.problem =
            "its first frame is no instant refresh (IDR): it may lean on frames before it";
        return first;
      case NalKind::kParameterSet: {
        const size_t start = parameter_sets.size();
        if (length_bytes > kMaxParameterSetBytes || start > kMaxParameterSetBytes) {
          first.problem = "its first frame carries unusually large parameter sets";
          return first;
        }
        parameter_sets.resize(start + static_cast<size_t>(length_bytes));
        ROBOMERGE_RETURN_NOT_OK(file.ReadAt(offset, std::span(parameter_sets).subspan(start)));
        break;
      }
      case NalKind::kOther:
        break;
    }
    offset += length_bytes;
  }
  first.problem = "its first frame is not made of whole NAL units";
  return first;
}

}  // namespace robomerge::mp4
