// The visual sample entry: what a decoder must know before the first frame (ISO/IEC
// 14496-12, 12.1.3, and the codecs' own bindings).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/mp4/box_cursor.h"

namespace robomerge::mp4 {

/// How samples are cut into NAL units, if they are.
enum class NalFormat { kNone, kAvc, kHevc };

struct SampleEntry {
  FourCc type = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  uint16_t depth = 0;  ///< 24, or a code of QuickTime's
  /// The whole entry as a splice writes it: without what differs between recordings of one encoder
  /// (measured bit rates, padding, names) and without what only repeats a default. Two entries that
  /// mean the same have equal bytes here.
  std::vector<std::byte> normalised;

  /// The child boxes within `normalised`.
  std::span<const std::byte> children() const { return std::span(normalised).subspan(kFixedBytes); }
  static constexpr size_t kFixedBytes = 86;

  std::string codec;
  std::string pixel_format;
  NalFormat nal_format = NalFormat::kNone;
  uint8_t nal_length_bytes = 0;    ///< bytes of the length before each NAL unit
  bool has_parameter_sets = true;  ///< false: they lie only inside the samples
};

/// Parses one entry of stsd. kUnsupported if it is encrypted. Problems go to the cursor's
/// diagnosis.
SampleEntry ParseSampleEntry(const Box& entry);

}  // namespace robomerge::mp4
