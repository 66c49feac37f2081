// A stream whose index is read once, to be cut as often as needed: each cut costs no more than what
// it keeps. Its pieces are streams of their own, which the splice joins as it joins files.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "formats/mp4/frame_cut.h"
#include "formats/mp4/sample_start.h"

namespace robomerge::mp4 {

struct PlannedCut {
  FrameCut cut;
  std::string decoder_key;  ///< of the first piece
};

class StreamCutter {
 public:
  /// `stream` is ParseStream(file). `file` must outlive this.
  StreamCutter(const io::RandomAccessFile& file, ParsedStream stream);

  const StreamSummary& summary() const { return stream_.summary; }

  /// As PlanCut.
  Result<PlannedCut> Plan(std::span<const FrameRange> wanted);

  /// Returns one stream per piece. Only their frames' order of decoding and showing is the
  /// source's: the times are even, and begin at 0. Fails if the cut is not one that Plan gives.
  Result<std::vector<ParsedStream>> Cut(const FrameCut& cut);

  /// Bytes of the frames of a piece, which lies within the stream.
  uint64_t FrameBytes(const FrameCut::Piece& piece) const;

 private:
  Result<PlannedCut> PlanSorted(const std::vector<FrameRange>& wanted);
  Result<const SampleStart*> Inspect(uint32_t sample);
  bool MayStart(uint32_t sample, const SampleStart& start) const;
  Status FindStart(uint64_t frame);
  void CutTimes(const FrameCut::Piece& piece, SampleTable* samples) const;
  void CutFacts(const FrameCut::Piece& piece, SampleTable* samples) const;
  void CutChunks(const FrameCut::Piece& piece, SampleTable* samples) const;

  const io::RandomAccessFile& file_;
  ParsedStream stream_;  // without its samples
  SampleTable samples_;
  std::vector<uint32_t> numbers_;  // order of presentation, per sample
  // Positions in decode order where all samples before are shown before all samples after,
  // ascending. Only there can a piece begin or end without a hole in what it shows.
  std::vector<uint32_t> borders_;
  std::vector<uint32_t> candidates_;           // borders at sync samples
  std::vector<uint64_t> offsets_;              // per sample
  std::vector<uint64_t> first_samples_;        // per chunk
  std::map<uint32_t, SampleStart> inspected_;  // by sample: each is looked into once
  uint32_t start_sample_ = 0;                  // what FindStart found
  const SampleStart* start_ = nullptr;
};

}  // namespace robomerge::mp4
