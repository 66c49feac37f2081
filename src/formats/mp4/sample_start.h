// May decoding begin at a sample? Answered from its headers and parameter sets, without decoding:
// NAL units of H.264 and HEVC, open bitstream units of AV1.
#pragma once

#include <span>
#include <string>

#include "formats/mp4/sample_entry.h"
#include "formats/mp4/sample_table.h"
#include "io/file_system.h"

namespace robomerge::mp4 {

enum class StartKind {
  kNone,  ///< frames from here on lean on frames before
  /// They lean on none before, whatever was decoded: IDR; a shown key frame. Assumed of sync
  /// samples of codecs that are not looked into.
  kInstant,
  /// Those shown after it lean on none before, but the decoder must begin here: HEVC CRA.
  /// Frames shown before it may lean on what came before.
  kOpen,
};

struct SampleStart {
  StartKind kind = StartKind::kNone;
  /// Parameter sets that the sample itself carries, as hexadecimal digits: they configure the
  /// decoder as those of the sample entry do.
  std::string parameter_sets;
  std::string problem;  ///< if kNone: the clause that says why, of "its first frame"
};

/// Looks into a sync sample that lies at `sample`. Fails only if the file cannot be read.
Result<SampleStart> InspectSyncSample(const io::RandomAccessFile& file, const SampleEntry& entry,
                                      const FileRange& sample);

/// May the first sample follow another stream? `problem` is empty if so. Of AV1 nothing is read.
/// REQUIRES: samples.num_samples > 0. Fails only if the file cannot be read.
Result<SampleStart> InspectFirstSample(const io::RandomAccessFile& file, const SampleEntry& entry,
                                       const SampleTable& samples);

/// Returns the bytes as hexadecimal digits.
std::string Hexadecimal(std::span<const std::byte> bytes);

}  // namespace robomerge::mp4
