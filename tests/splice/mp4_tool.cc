// mp4_tool summary FILE                       prints what ReadStreamSummary says, as JSON
// mp4_tool splice OUT [--align N] [--fps N] IN [--keep RANGES]...
//                                             writes OUT and prints the layout, as JSON
// mp4_tool cut PREFIX FILE                    for each line of stdin, which is RANGES: writes the
//                                             files that the cut needs, and prints them as JSON
//
// RANGES are frames to keep, "FIRST+NUM,FIRST+NUM,...". Errors go to stderr as the library formats
// them; exit code 1. Those of a cut go into its JSON.
#include <cstdio>
#include <iostream>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats/mp4/frame_cut.h"
#include "formats/mp4/movie_splice.h"
#include "formats/mp4/stream.h"
#include "io/file_system.h"

namespace robomerge {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const mp4::StreamSummary& summary) {
  return {{"file_size_bytes", summary.file_size_bytes},
          {"codec", summary.codec},
          {"pixel_format", summary.pixel_format},
          {"width", summary.width},
          {"height", summary.height},
          {"timescale", summary.timescale},
          {"num_frames", summary.num_frames},
          {"length_ticks", summary.length_ticks},
          {"frame_ticks", summary.frame_ticks},
          {"starts_at_zero", summary.starts_at_zero},
          {"has_audio", summary.has_audio},
          {"num_other_tracks", summary.num_other_tracks},
          {"has_trailing_bytes", summary.has_trailing_bytes},
          {"decoder_key", summary.decoder_key},
          {"own_file_reason", summary.own_file_reason}};
}

Status PrintSummary(const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const auto file, io::Posix().OpenForReading(path));
  ROBOMERGE_ASSIGN_OR_RETURN(const mp4::StreamSummary summary, mp4::ReadStreamSummary(*file));
  std::cout << ToJson(summary).dump(2) << "\n";
  return Status();
}

std::vector<mp4::FrameRange> ParseRanges(const std::string& text) {
  std::vector<mp4::FrameRange> ranges;
  std::istringstream in(text);
  char separator = 0;
  for (mp4::FrameRange range; in >> range.first >> separator >> range.num; in >> separator)
    ranges.push_back(range);
  return ranges;
}

// Writes the file and returns its layout.
Result<ordered_json> Write(const std::string& out_path,
                           const std::vector<mp4::SpliceSource>& sources,
                           const mp4::SpliceOptions& options) {
  ROBOMERGE_ASSIGN_OR_RETURN(const mp4::SpliceLayout layout, mp4::PlanSplice(sources, options));
  ROBOMERGE_ASSIGN_OR_RETURN(const auto out, io::Posix().Create(out_path, io::Sharing::kAllowed));
  ROBOMERGE_RETURN_NOT_OK(out->WriteAt(0, layout.head));
  io::MovedBytes moved;
  for (const io::PayloadRange& range : layout.ranges) {
    ROBOMERGE_ASSIGN_OR_RETURN(const io::MovedBytes bytes,
                               out->CopyRange(*range.source, range.source_offset,
                                              range.length_bytes, range.destination_offset));
    moved += bytes;
  }
  ROBOMERGE_RETURN_NOT_OK(out->Close(false));
  return ordered_json{
      {"file_size_bytes", layout.file_size_bytes}, {"head_bytes", layout.head.size()},
      {"num_ranges", layout.ranges.size()},        {"timescale", layout.timescale},
      {"start_ticks", layout.start_ticks},         {"end_ticks", layout.end_ticks},
      {"copied_bytes", moved.copied_bytes},        {"shared_bytes", moved.shared_bytes}};
}

Status Splice(const std::string& out_path, const mp4::SpliceOptions& options,
              const std::vector<std::string>& arguments) {
  std::vector<std::unique_ptr<io::RandomAccessFile>> files;
  std::list<mp4::FrameCut> cuts;
  std::vector<mp4::SpliceSource> sources;
  for (size_t i = 0; i < arguments.size(); ++i) {
    ROBOMERGE_ASSIGN_OR_RETURN(auto file, io::Posix().OpenForReading(arguments[i]));
    sources.push_back({file.get()});
    files.push_back(std::move(file));
    if (i + 2 >= arguments.size() || arguments[i + 1] != "--keep") continue;
    ROBOMERGE_ASSIGN_OR_RETURN(mp4::FrameCut cut,
                               mp4::PlanCut(*sources.back().file, ParseRanges(arguments[i + 2])));
    sources.back().cut = &cuts.emplace_back(std::move(cut));
    i += 2;
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const ordered_json json, Write(out_path, sources, options));
  std::cout << json.dump(2) << "\n";
  return Status();
}

Result<ordered_json> Cut(const io::RandomAccessFile& file, const mp4::ParsedStream& stream,
                         const std::string& ranges, const std::string& prefix) {
  ROBOMERGE_ASSIGN_OR_RETURN(const mp4::FrameCut cut,
                             mp4::PlanCut(file, stream, ParseRanges(ranges)));
  ordered_json parts = ordered_json::array();
  for (const mp4::FrameCut& part : cut.SplitAtFileStarts()) {
    const std::string path = StrCat(prefix, "-", parts.size(), ".mp4");
    ordered_json pieces = ordered_json::array();
    for (const mp4::FrameCut::Piece& piece : part.pieces)
      pieces.push_back({piece.first, piece.num, piece.must_begin_file});
    ROBOMERGE_ASSIGN_OR_RETURN(const mp4::StreamSummary summary,
                               mp4::SummarizeCut(file, stream, part));
    ROBOMERGE_ASSIGN_OR_RETURN(const ordered_json layout, Write(path, {{&file, &part}}, {}));
    parts.push_back(
        {{"path", path}, {"pieces", pieces}, {"summary", ToJson(summary)}, {"layout", layout}});
  }
  return ordered_json{{"is_whole", cut.is_whole()}, {"parts", parts}};
}

Status CutByLines(const std::string& prefix, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const auto file, io::Posix().OpenForReading(path));
  ROBOMERGE_ASSIGN_OR_RETURN(const mp4::ParsedStream stream, mp4::ParseStream(*file));
  ordered_json all = ordered_json::array();
  for (std::string line; std::getline(std::cin, line);) {
    Result<ordered_json> cut = Cut(*file, stream, line, StrCat(prefix, all.size()));
    all.push_back(cut.ok() ? *cut : ordered_json{{"error", cut.status().ToString()}});
  }
  std::cout << all.dump(2) << "\n";
  return Status();
}

Status Run(std::vector<std::string> arguments) {
  if (arguments.size() == 2 && arguments[0] == "summary") return PrintSummary(arguments[1]);
  if (arguments.size() == 3 && arguments[0] == "cut") return CutByLines(arguments[1], arguments[2]);
  if (arguments.size() >= 3 && arguments[0] == "splice") {
    const std::string out_path = arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
    mp4::SpliceOptions options;
    while (arguments.size() > 2 && (arguments[0] == "--align" || arguments[0] == "--fps")) {
      (arguments[0] == "--align" ? options.alignment_bytes : options.fps_numerator) =
          std::stoull(arguments[1]);
      arguments.erase(arguments.begin(), arguments.begin() + 2);
    }
    return Splice(out_path, options, arguments);
  }
  return Problem(Code::kInvalidArgument,
                 "usage: mp4_tool summary FILE | mp4_tool cut PREFIX FILE | mp4_tool splice OUT "
                 "[--align N] [--fps N] IN [--keep RANGES]...");
}

}  // namespace
}  // namespace robomerge

int main(int argc, char** argv) {
  const robomerge::Status status = robomerge::Run(std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::fputs(robomerge::FormatProblems(status.problems(), "error").c_str(), stderr);
  return 1;
}
