#include "formats/mp4/picture_format.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "formats/mp4/bit_reader.h"

namespace robomerge::mp4 {
namespace {

// The first fields of vui_parameters() are the same in H.264 (E.1.1) and HEVC (E.2.1).
void ReadVui(BitReader* bits, PictureFormat* format) {
  if (bits->Flag() && bits->Bits(8) == 255)
    bits->Skip(32);                 // aspect_ratio_idc 255: sar_width, sar_height
  if (bits->Flag()) bits->Skip(1);  // overscan_appropriate_flag
  if (!bits->Flag()) return;        // video_signal_type_present_flag
  bits->Skip(3);                    // video_format
  format->is_full_range = bits->Flag();
  if (bits->Flag()) {
    bits->Skip(16);  // colour_primaries, transfer_characteristics
    format->matrix_coefficients = bits->Bits(8);
  }
}

void ReadChroma(BitReader* bits, PictureFormat* format) {
  format->chroma_format = bits->Count(3);
  if (format->chroma_format == 3) bits->Skip(1);  // separate_colour_plane_flag
}

// H.264, 7.3.2.1.1.1
void SkipAvcScalingList(BitReader* bits, int num_coefficients) {
  int last = 8;
  int next = 8;
  for (int i = 0; i < num_coefficients && bits->ok(); ++i) {
    if (next != 0) next = static_cast<int>(((int64_t{last} + bits->Signed()) % 256 + 256) % 256);
    if (next != 0) last = next;
  }
}

// H.265, 7.3.3
void SkipProfileTierLevel(BitReader* bits, uint32_t num_extra_layers) {
  bits->Skip(96);
  std::array<bool, 8> has_profile{};
  std::array<bool, 8> has_level{};
  for (uint32_t i = 0; i < num_extra_layers; ++i) {
    has_profile[i] = bits->Flag();
    has_level[i] = bits->Flag();
  }
  if (num_extra_layers > 0) bits->Skip(2 * (8 - num_extra_layers));
  for (uint32_t i = 0; i < num_extra_layers; ++i)
    bits->Skip((has_profile[i] ? 88 : 0) + (has_level[i] ? 8 : 0));
}

// H.265, 7.3.4
void SkipHevcScalingLists(BitReader* bits) {
  for (uint32_t size = 0; size < 4; ++size) {
    for (uint32_t matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      if (!bits->Flag()) {
        bits->Unsigned();
        continue;
      }
      if (size > 1) bits->Signed();
      const uint32_t num_coefficients = std::min<uint32_t>(64, 1u << (4 + 2 * size));
      for (uint32_t i = 0; i < num_coefficients && bits->ok(); ++i) bits->Signed();
    }
  }
}

// H.265, 7.3.7. Returns NumDeltaPocs, on which the next set's syntax depends.
uint32_t SkipShortTermSet(BitReader* bits, bool is_first, uint32_t num_before) {
  if (!is_first && bits->Flag()) {  // predicted from the set before
    bits->Skip(1);
    bits->Unsigned();
    uint32_t num_pictures = 0;
    for (uint32_t i = 0; i <= num_before && bits->ok(); ++i) {
      const bool is_used = bits->Flag();
      if (is_used || bits->Flag()) ++num_pictures;
    }
    return num_pictures;
  }
  const uint32_t num_negative = bits->Count(16);
  const uint32_t num_positive = bits->Count(16);
  for (uint32_t i = 0; i < num_negative + num_positive && bits->ok(); ++i) {
    bits->Unsigned();
    bits->Skip(1);
  }
  return num_negative + num_positive;
}

}  // namespace

std::optional<PictureFormat> ReadAvcParameterSet(std::span<const std::byte> nal_unit) {
  BitReader bits(nal_unit);
  PictureFormat format;
  bits.Skip(8);  // NAL unit header
  const uint32_t profile = bits.Bits(8);
  bits.Skip(16);    // constraint flags, level
  bits.Unsigned();  // seq_parameter_set_id
  constexpr std::array<uint32_t, 13> kProfilesWithChroma{100, 110, 122, 244, 44,  83, 86,
                                                         118, 128, 138, 139, 134, 135};
  if (std::find(kProfilesWithChroma.begin(), kProfilesWithChroma.end(), profile) !=
      kProfilesWithChroma.end()) {
    ReadChroma(&bits, &format);
    format.luma_bits = 8 + bits.Count(6);
    format.chroma_bits = 8 + bits.Count(6);
    bits.Skip(1);  // qpprime_y_zero_transform_bypass_flag
    if (bits.Flag()) {
      const int num_lists = format.chroma_format == 3 ? 12 : 8;
      for (int i = 0; i < num_lists; ++i) {
        if (bits.Flag()) SkipAvcScalingList(&bits, i < 6 ? 16 : 64);
      }
    }
  }
  bits.Unsigned();  // log2_max_frame_num_minus4
  const uint32_t order_type = bits.Unsigned();
  if (order_type == 0) {
    bits.Unsigned();
  } else if (order_type == 1) {
    bits.Skip(1);
    bits.Signed();
    bits.Signed();
    for (uint32_t left = bits.Count(255); left > 0; --left) bits.Signed();
  }
  bits.Unsigned();  // max_num_ref_frames
  bits.Skip(1);
  bits.Unsigned();  // pic_width_in_mbs_minus1
  bits.Unsigned();  // pic_height_in_map_units_minus1
  if (!bits.Flag()) bits.Skip(1);
  bits.Skip(1);  // direct_8x8_inference_flag
  if (bits.Flag()) {
    for (int i = 0; i < 4; ++i) bits.Unsigned();  // frame cropping
  }
  if (bits.Flag()) ReadVui(&bits, &format);
  return bits.ok() ? std::optional(format) : std::nullopt;
}

std::optional<PictureFormat> ReadHevcParameterSet(std::span<const std::byte> nal_unit) {
  BitReader bits(nal_unit);
  PictureFormat format;
  bits.Skip(16 + 4);  // NAL unit header, sps_video_parameter_set_id
  const uint32_t num_extra_layers = bits.Bits(3);
  bits.Skip(1);
  SkipProfileTierLevel(&bits, num_extra_layers);
  bits.Unsigned();  // sps_seq_parameter_set_id
  ReadChroma(&bits, &format);
  bits.Unsigned();  // pic_width_in_luma_samples
  bits.Unsigned();  // pic_height_in_luma_samples
  if (bits.Flag()) {
    for (int i = 0; i < 4; ++i) bits.Unsigned();  // conformance window
  }
  format.luma_bits = 8 + bits.Count(8);
  format.chroma_bits = 8 + bits.Count(8);
  const uint32_t order_bits = 4 + bits.Count(12);  // log2_max_pic_order_cnt_lsb
  for (uint32_t i = bits.Flag() ? 0 : num_extra_layers; i <= num_extra_layers; ++i) {
    for (int j = 0; j < 3; ++j) bits.Unsigned();
  }
  for (int i = 0; i < 6; ++i) bits.Unsigned();  // block sizes and transform depths
  if (bits.Flag() && bits.Flag()) SkipHevcScalingLists(&bits);
  bits.Skip(2);  // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (bits.Flag()) {
    bits.Skip(8);
    bits.Unsigned();
    bits.Unsigned();
    bits.Skip(1);
  }
  const uint32_t num_sets = bits.Count(64);
  uint32_t num_pictures = 0;
  for (uint32_t i = 0; i < num_sets && bits.ok(); ++i)
    num_pictures = SkipShortTermSet(&bits, i == 0, num_pictures);
  if (bits.Flag()) {
    for (uint32_t left = bits.Count(32); left > 0; --left) bits.Skip(order_bits + 1);
  }
  bits.Skip(2);  // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  if (bits.Flag()) ReadVui(&bits, &format);
  return bits.ok() ? std::optional(format) : std::nullopt;
}

std::string PixelFormatName(const PictureFormat& format, bool has_range_formats) {
  const uint32_t bits = format.luma_bits;
  if (bits != 8 && bits != 10 && bits != 12) return {};
  const std::string depth = bits == 8 ? "" : StrCat(bits, "le");
  if (format.chroma_format == 0) return "gray" + depth;
  if (format.chroma_bits != bits || format.chroma_format > 3) return {};
  if (format.chroma_format == 3 && format.matrix_coefficients == 0) return "gbrp" + depth;
  const bool has_own_name = has_range_formats && format.is_full_range && bits == 8;
  constexpr std::array<const char*, 4> kSubsamplings{"", "420p", "422p", "444p"};
  return StrCat(has_own_name ? "yuvj" : "yuv", kSubsamplings[format.chroma_format], depth);
}

}  // namespace robomerge::mp4
