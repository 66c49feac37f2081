// One file's video stream with its tables, as the splice needs it; StreamSummary is the part that a
// merge keeps.
#pragma once

#include "formats/mp4/container.h"
#include "formats/mp4/movie.h"
#include "formats/mp4/presentation.h"
#include "formats/mp4/stream.h"

namespace robomerge::mp4 {

struct ParsedStream {
  StreamSummary summary;
  std::vector<std::byte> file_type;  ///< the ftyp box, or empty
  Movie movie;
  Presentation presentation;

  const VideoTrack& video() const { return movie.video; }
};

/// The media time, in ticks, that a player shows at time 0 (ISO/IEC 14496-12, 8.6.6): the edit's
/// start, less the pause before it.
int64_t ZeroTicks(const Movie& movie);

/// StreamSummary::decoder_key of a stream whose first frame carries `parameter_sets` (SampleStart).
std::string DecoderKey(const Movie& movie, const std::string& parameter_sets);

/// Parses all of it. Costs what ReadStreamSummary costs.
Result<ParsedStream> ParseStream(const io::RandomAccessFile& file);

}  // namespace robomerge::mp4
