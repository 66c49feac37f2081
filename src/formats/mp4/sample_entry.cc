#include "formats/mp4/sample_entry.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "formats/mp4/bit_reader.h"
#include "formats/mp4/box_scope.h"
#include "formats/mp4/picture_format.h"

namespace robomerge::mp4 {
namespace {

// ITU-T H.265, table 7-1.
constexpr uint8_t kHevcSequenceParameterSet = 33;
constexpr uint8_t kHevcPrefixMessage = 39;

uint8_t Byte(std::byte byte) { return static_cast<uint8_t>(byte); }

// Whether leaving the box out changes nothing for a decoder or player.
bool IsWithoutMeaning(const Box& box) {
  BoxCursor body = box.body;
  switch (box.type) {
    case Tag("btrt"):  // measured bit rates
    case Tag("free"):
    case Tag("skip"):
      return true;
    case Tag("pasp"):  // square pixels are the default
      return body.U32("hSpacing") == body.U32("vSpacing");
    case Tag("fiel"):  // one field per frame is the default
      return body.U8("fields") == 1;
    default:
      return false;
  }
}

// The parts of an ES descriptor (ISO/IEC 14496-1, 7.2.6) that matter here, as positions in the body
// of esds.
struct ElementaryStream {
  uint8_t object_type = 0;
  size_t id_offset = 0;     // ES_ID, 2 bytes
  size_t rates_offset = 0;  // bufferSizeDB 3, maxBitrate 4, avgBitrate 4 bytes
  std::vector<std::byte> decoder_specific;
};

class DescriptorReader {
 public:
  explicit DescriptorReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // Real files hold odd descriptors: one that does not parse is kept byte by byte.
  std::optional<ElementaryStream> Read() {
    ElementaryStream stream;
    if (!Skip(4) || !Tag(3)) return std::nullopt;  // version and flags, ES_DescrTag
    stream.id_offset = offset_;
    if (!Skip(3)) return std::nullopt;
    const uint8_t flags = Byte(bytes_[offset_ - 1]);
    if ((flags & 0x80) != 0 && !Skip(2)) return std::nullopt;  // dependsOn_ES_ID
    if ((flags & 0x40) != 0) {                                 // URL
      if (!Skip(1) || !Skip(Byte(bytes_[offset_ - 1]))) return std::nullopt;
    }
    if ((flags & 0x20) != 0 && !Skip(2)) return std::nullopt;  // OCR_ES_Id
    if (!Tag(4) || !Skip(2)) return std::nullopt;              // DecoderConfigDescrTag
    stream.object_type = Byte(bytes_[offset_ - 2]);
    stream.rates_offset = offset_;
    if (!Skip(11)) return std::nullopt;
    if (Tag(5)) {  // DecSpecificInfoTag
      const size_t start = offset_;
      if (!Skip(length_)) return std::nullopt;
      stream.decoder_specific.assign(bytes_.begin() + static_cast<std::ptrdiff_t>(start),
                                     bytes_.begin() + static_cast<std::ptrdiff_t>(offset_));
    }
    return stream;
  }

 private:
  bool Skip(size_t count) {
    if (count > bytes_.size() - offset_) return false;
    offset_ += count;
    return true;
  }

  // Skips a tag and its length of one to four bytes of seven bits (14496-1, 8.3.3), or stays where
  // it is.
  bool Tag(uint8_t tag) {
    const size_t start = offset_;
    if (Skip(1) && Byte(bytes_[start]) == tag) {
      length_ = 0;
      for (int i = 0; i < 4 && Skip(1); ++i) {
        const uint8_t byte = Byte(bytes_[offset_ - 1]);
        length_ = length_ << 7 | (byte & 0x7f);
        if (byte < 0x80) return true;
      }
    }
    offset_ = start;
    return false;
  }

  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
  size_t length_ = 0;
};

// ISO/IEC 14496-15, 5.3.3.1
void ReadAvcConfiguration(BoxCursor avcc, SampleEntry* entry) {
  entry->nal_format = NalFormat::kAvc;
  avcc.Skip(4, "version, profile, compatibility, level");
  entry->nal_length_bytes = static_cast<uint8_t>((avcc.U8("lengthSizeMinusOne") & 3) + 1);
  const uint32_t num_sets = avcc.U8("numOfSequenceParameterSets") & 31;
  entry->has_parameter_sets = num_sets > 0;
  for (uint32_t i = 0; i < num_sets; ++i) {
    const auto set = avcc.Bytes(avcc.U16("sequenceParameterSetLength"), "sequence parameter set");
    const auto format = i == 0 ? ReadAvcParameterSet(set) : std::nullopt;
    // FFmpeg's name for monochrome H.264 depends on how its decoder was built.
    if (format && format->chroma_format != 0) entry->pixel_format = PixelFormatName(*format, true);
  }
}

// ISO/IEC 14496-15, 8.3.3.1
void ReadHevcConfiguration(BoxCursor hvcc, SampleEntry* entry) {
  entry->nal_format = NalFormat::kHevc;
  hvcc.Skip(21, "profile, level, chroma format and bit depths");
  entry->nal_length_bytes = static_cast<uint8_t>((hvcc.U8("lengthSizeMinusOne") & 3) + 1);
  const uint32_t num_arrays = hvcc.U8("numOfArrays");
  entry->has_parameter_sets = false;
  for (uint32_t i = 0; i < num_arrays && hvcc.ok(); ++i) {
    const uint8_t nal_type = hvcc.U8("NAL_unit_type") & 63;
    const uint32_t num_nal_units = hvcc.U16("numNalus");
    for (uint32_t j = 0; j < num_nal_units && hvcc.ok(); ++j) {
      const auto nal_unit = hvcc.Bytes(hvcc.U16("nalUnitLength"), "NAL unit");
      if (nal_type != kHevcSequenceParameterSet || entry->has_parameter_sets) continue;
      entry->has_parameter_sets = true;
      if (const auto format = ReadHevcParameterSet(nal_unit))
        entry->pixel_format = PixelFormatName(*format, true);
    }
  }
}

// Whether a NAL unit is one user_data_unregistered message (H.265, 7.3.5 and D.2.7) and nothing
// else.
bool IsUserData(uint8_t nal_type, std::span<const std::byte> nal_unit) {
  if (nal_type != kHevcPrefixMessage) return false;
  BitReader bits(nal_unit);
  bits.Skip(16);
  if (bits.Bits(8) != 5) return false;
  uint32_t payload_bytes = 0;
  uint32_t byte = 255;
  while (byte == 255 && bits.ok()) payload_bytes += byte = bits.Bits(8);
  for (uint32_t i = 0; i < payload_bytes && bits.ok(); ++i) bits.Skip(8);
  const bool is_closed = bits.Bits(8) == 0x80 && bits.ok();
  bits.Skip(1);
  return is_closed && !bits.ok();
}

// x265 writes its options into hvcC as user data: the number of threads among them, which differs
// from machine to machine, and some 2,400 bytes in all. No decoder reads it. Without it, streams
// recorded with one setup have one configuration.
void WriteHevcConfiguration(BoxCursor hvcc, BoxWriter* out) {
  out->Bytes(hvcc.Bytes(22, "profile, level, chroma format and bit depths"));
  const uint32_t num_arrays = hvcc.U8("numOfArrays");
  BoxWriter arrays;
  uint8_t num_arrays_kept = 0;
  for (uint32_t i = 0; i < num_arrays && hvcc.ok(); ++i) {
    const uint8_t header = hvcc.U8("NAL_unit_type");
    const uint32_t num_nal_units = hvcc.U16("numNalus");
    BoxWriter nal_units;
    uint16_t num_kept = 0;
    for (uint32_t j = 0; j < num_nal_units && hvcc.ok(); ++j) {
      const auto nal_unit = hvcc.Bytes(hvcc.U16("nalUnitLength"), "NAL unit");
      if (IsUserData(header & 63, nal_unit)) continue;
      nal_units.U16(static_cast<uint16_t>(nal_unit.size()));
      nal_units.Bytes(nal_unit);
      ++num_kept;
    }
    if (num_kept == 0) continue;
    arrays.U8(header);
    arrays.U16(num_kept);
    arrays.Bytes(nal_units.bytes());
    ++num_arrays_kept;
  }
  out->U8(num_arrays_kept);
  out->Bytes(arrays.bytes());
  out->Bytes(hvcc.Rest());
}

// AV1 Codec ISO Media File Format Binding, 2.3.3
void ReadAv1Configuration(BoxCursor av1c, SampleEntry* entry) {
  av1c.Skip(2, "marker, profile, level");
  const uint8_t flags = av1c.U8("bit depth and subsampling");
  const bool is_high_depth = (flags & 0x40) != 0;
  const bool is_twelve_bit = (flags & 0x20) != 0;
  const bool is_monochrome = (flags & 0x10) != 0;
  const bool is_subsampled_x = (flags & 0x08) != 0;
  const bool is_subsampled_y = (flags & 0x04) != 0;
  PictureFormat format;
  format.luma_bits = format.chroma_bits = is_high_depth ? (is_twelve_bit ? 12 : 10) : 8;
  format.chroma_format = is_monochrome ? 0 : is_subsampled_y ? 1 : 2;
  // Without subsampling it may be RGB; only the sequence header says which.
  const bool is_certain = is_monochrome || is_subsampled_x;
  if (is_certain) entry->pixel_format = PixelFormatName(format, false);
}

// VP Codec ISO Media File Format Binding, 2.2
void ReadVpConfiguration(BoxCursor vpcc, SampleEntry* entry) {
  vpcc.FullBoxVersion(1);
  vpcc.Skip(2, "profile, level");
  const uint8_t depth_and_chroma = vpcc.U8("bitDepth, chromaSubsampling");
  vpcc.Skip(2, "colourPrimaries, transferCharacteristics");
  PictureFormat format;
  format.matrix_coefficients = vpcc.U8("matrixCoefficients");
  format.luma_bits = format.chroma_bits = depth_and_chroma >> 4;
  const uint8_t subsampling = depth_and_chroma >> 1 & 7;
  format.chroma_format =
      std::max<uint32_t>(subsampling, 1);  // 0 and 1 differ only in where chroma is sited
  entry->pixel_format = PixelFormatName(format, false);
}

// FFmpeg decodes MPEG-4 Part 2 to yuv420p, except for studio profiles (profile_and_level_indication
// 0xe1 to 0xe8 after the start code 1b0).
std::string Mpeg4PixelFormat(const std::vector<std::byte>& decoder_specific) {
  for (size_t i = 0; i + 4 < decoder_specific.size(); ++i) {
    if (LoadU32(&decoder_specific[i]) != 0x1b0) continue;
    const uint8_t profile = Byte(decoder_specific[i + 4]);
    return profile >= 0xe1 && profile <= 0xe8 ? "" : "yuv420p";
  }
  return {};
}

std::string CodecName(FourCc type) {
  switch (type) {
    case Tag("avc1"):
    case Tag("avc3"):
      return "h264";
    case Tag("hvc1"):
    case Tag("hev1"):
      return "hevc";
    case Tag("av01"):
      return "av1";
    case Tag("vp09"):
      return "vp9";
    default:
      return TagText(type);
  }
}

// Appends the normalised child, and reads from it what it says about the decoder.
void TakeChild(const Box& child, BoxWriter* out, SampleEntry* entry) {
  if (IsWithoutMeaning(child)) return;
  BoxCursor rest = child.body;
  const auto bytes = rest.Rest();
  BoxScope box(*out, child.type);
  switch (child.type) {
    case Tag("avcC"):
      ReadAvcConfiguration(child.body, entry);
      break;
    case Tag("hvcC"):
      ReadHevcConfiguration(child.body, entry);
      WriteHevcConfiguration(child.body, out);
      return;
    case Tag("av1C"):
      ReadAv1Configuration(child.body, entry);
      break;
    case Tag("vpcC"):
      ReadVpConfiguration(child.body, entry);
      break;
    case Tag("sinf"):
      child.body.Fail(Problem(Code::kUnsupported, "video is encrypted"));
      break;
    case Tag("esds"): {
      std::vector<std::byte> copy(bytes.begin(), bytes.end());
      if (const auto stream = DescriptorReader(bytes).Read()) {
        // Measured per recording; a decoder needs none of them.
        std::fill_n(copy.begin() + static_cast<std::ptrdiff_t>(stream->id_offset), 2, std::byte{0});
        std::fill_n(copy.begin() + static_cast<std::ptrdiff_t>(stream->rates_offset), 11,
                    std::byte{0});
        if (entry->type == Tag("mp4v") && stream->object_type == 0x20) {  // Visual ISO/IEC 14496-2
          entry->codec = "mpeg4";
          entry->pixel_format = Mpeg4PixelFormat(stream->decoder_specific);
        }
      }
      out->Bytes(copy);
      return;
    }
    default:
      break;
  }
  out->Bytes(bytes);
}

}  // namespace

SampleEntry ParseSampleEntry(const Box& box) {
  SampleEntry entry;
  entry.type = box.type;
  entry.codec = CodecName(box.type);
  BoxCursor body = box.body;
  if (box.type == Tag("encv")) body.Fail(Problem(Code::kUnsupported, "video is encrypted"));
  body.Skip(8, "reserved, data_reference_index");
  body.Skip(16, "pre_defined");
  entry.width = body.U16("width");
  entry.height = body.U16("height");
  body.Skip(14, "resolution, frame_count");
  body.Skip(32, "compressorname");
  entry.depth = body.U16("depth");
  body.Skip(2, "pre_defined");

  BoxWriter out;
  {
    BoxScope scope(out, box.type);
    out.Zeros(6);
    out.U16(1);  // data_reference_index: the destination has one
    out.Zeros(16);
    out.U16(static_cast<uint16_t>(entry.width));
    out.U16(static_cast<uint16_t>(entry.height));
    out.U32(0x00480000);  // 72 dpi, the value the standard prescribes
    out.U32(0x00480000);
    out.Zeros(4);
    out.U16(1);  // frame_count
    out.Zeros(32);
    out.U16(entry.depth);
    out.U16(0xffff);
    while (const std::optional<Box> child = body.NextBox()) TakeChild(*child, &out, &entry);
  }
  entry.normalised = std::move(out).Take();
  // Without a configuration record nothing is known about the NAL units inside.
  if ((entry.codec == "h264" || entry.codec == "hevc") && entry.nal_format == NalFormat::kNone) {
    entry.has_parameter_sets = false;
  }
  return entry;
}

}  // namespace robomerge::mp4
