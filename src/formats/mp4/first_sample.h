// Reads the NAL unit headers and parameter sets of the first sample of an H.264 or HEVC stream: may
// decoding begin here after another stream?
#pragma once

#include <span>
#include <string>

#include "formats/mp4/sample_entry.h"
#include "formats/mp4/sample_table.h"
#include "io/file_system.h"

namespace robomerge::mp4 {

struct FirstSample {
  /// Parameter sets that the sample itself carries, as hexadecimal digits: they configure the
  /// decoder as those of the sample entry do.
  std::string parameter_sets;
  /// Empty if the sample starts a stream; otherwise the clause that says why not.
  std::string problem;
};

/// REQUIRES: samples.num_samples > 0. Fails only if the file cannot be read.
Result<FirstSample> InspectFirstSample(const io::RandomAccessFile& file, const SampleEntry& entry,
                                       const SampleTable& samples);

/// Returns the bytes as hexadecimal digits.
std::string Hexadecimal(std::span<const std::byte> bytes);

}  // namespace robomerge::mp4
