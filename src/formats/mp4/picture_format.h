// How decoded pictures are laid out, as far as parameter sets say it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace robomerge::mp4 {

/// chroma_format_idc, bit depth and the two facts of the VUI on which FFmpeg's format names depend.
struct PictureFormat {
  uint32_t chroma_format = 1;  ///< 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
  uint32_t luma_bits = 8;
  uint32_t chroma_bits = 8;
  bool is_full_range = false;
  uint32_t matrix_coefficients = 2;  ///< 0: the planes are G, B, R; 2: unspecified
};

/// Reads a sequence parameter set NAL unit of H.264 (ITU-T H.264, 7.3.2.1.1). Nothing if it does
/// not parse.
std::optional<PictureFormat> ReadAvcParameterSet(std::span<const std::byte> nal_unit);
/// Reads a sequence parameter set NAL unit of HEVC (ITU-T H.265, 7.3.2.2). Nothing if it does not
/// parse.
std::optional<PictureFormat> ReadHevcParameterSet(std::span<const std::byte> nal_unit);

/// Returns FFmpeg's name of a YUV or gray format, or "" where it is not certain.
/// `has_range_formats`: the decoder (H.264, HEVC) gives full range a name of its own (yuvj420p).
std::string PixelFormatName(const PictureFormat& format, bool has_range_formats);

}  // namespace robomerge::mp4
