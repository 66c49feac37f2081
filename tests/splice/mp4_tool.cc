// mp4_tool summary FILE                       prints what ReadStreamSummary says, as JSON
// mp4_tool splice OUT [--align N] [--fps N] IN...   writes OUT and prints the layout, as JSON
//
// Errors go to stderr as the library formats them; exit code 1.
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats/mp4/movie_splice.h"
#include "formats/mp4/stream.h"
#include "io/file_system.h"

namespace robomerge {
namespace {

using nlohmann::ordered_json;

Status PrintSummary(const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const auto file, io::Posix().OpenForReading(path));
  ROBOMERGE_ASSIGN_OR_RETURN(const mp4::StreamSummary summary, mp4::ReadStreamSummary(*file));
  const ordered_json json = {{"file_size_bytes", summary.file_size_bytes},
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
  std::cout << json.dump(2) << "\n";
  return Status();
}

Status Splice(const std::string& out_path, const mp4::SpliceOptions& options,
              const std::vector<std::string>& paths) {
  std::vector<std::unique_ptr<io::RandomAccessFile>> files;
  std::vector<const io::RandomAccessFile*> sources;
  for (const std::string& path : paths) {
    ROBOMERGE_ASSIGN_OR_RETURN(auto file, io::Posix().OpenForReading(path));
    sources.push_back(file.get());
    files.push_back(std::move(file));
  }
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
  const ordered_json json = {
      {"file_size_bytes", layout.file_size_bytes}, {"head_bytes", layout.head.size()},
      {"num_ranges", layout.ranges.size()},        {"timescale", layout.timescale},
      {"start_ticks", layout.start_ticks},         {"end_ticks", layout.end_ticks},
      {"copied_bytes", moved.copied_bytes},        {"shared_bytes", moved.shared_bytes}};
  std::cout << json.dump(2) << "\n";
  return Status();
}

Status Run(std::vector<std::string> arguments) {
  if (arguments.size() == 2 && arguments[0] == "summary") return PrintSummary(arguments[1]);
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
                 "usage: mp4_tool summary FILE | mp4_tool splice OUT [--align N] [--fps N] IN...");
}

}  // namespace
}  // namespace robomerge

int main(int argc, char** argv) {
  const robomerge::Status status = robomerge::Run(std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::fputs(robomerge::FormatProblems(status.problems(), "error").c_str(), stderr);
  return 1;
}
