// Videos of v2.0 and v2.1: one of each camera for every episode (format spec 6.1). Their sample
// tables are read, but no payload.
#include "base/text.h"
#include "read/needed_files.h"
#include "read/v21/episode_files.h"
#include "read/v21/read_v21.h"

namespace robomerge::v21 {

Status ReadVideoFiles(const io::FileSystem& file_system, const SourceInfo& info,
                      const ReadOptions& options, Dataset& dataset) {
  const std::vector<std::string> keys = CamerasToRead(dataset, options);
  if (keys.empty()) return Status();
  if (!dataset.episodes.empty() && info.video_path.find("{episode_index") == std::string::npos) {
    return Problem(Code::kCorrupt, "video_path of info.json does not tell episodes apart")
        .Kind("E-template")
        .At(io::JoinPath(dataset.root, "meta/info.json") + ": video_path")
        .Expected(kEpisodeVideoPath)
        .Found(info.video_path.substr(0, 100));
  }
  struct ReadVideo {
    Status status;
    bool is_elsewhere = false;
  };
  std::vector<size_t> places;  // per file, of its episode
  for (size_t place = 0; place < dataset.episodes.size(); ++place) {
    if (options.Needs(place)) places.push_back(place);
  }
  std::vector<Problem> problems;
  for (const std::string& name : keys) {
    VideoKey& key = dataset.video_keys.emplace_back();
    key.name = name;
    key.files.resize(places.size());
    key.segments.assign(dataset.episodes.size(), {static_cast<uint32_t>(places.size()), 0, 0});
    std::vector<ReadVideo> read(key.files.size());
    options.for_each(read.size(), [&](size_t at) {
      VideoFile& video = key.files[at];
      const auto read_one = [&]() -> Status {
        ROBOMERGE_ASSIGN_OR_RETURN(
            const std::unique_ptr<io::RandomAccessFile> file,
            OpenEpisodeFile(file_system, dataset, info, info.video_path, name,
                            dataset.episodes[places[at]].number, video.id, read[at].is_elsewhere));
        video.path = file->path();
        const io::FileStat stat = file->stat();
        video.modified_ns = stat.modified_ns;
        video.changed_ns = stat.changed_ns;
        video.size_bytes = stat.size_bytes;
        ROBOMERGE_ASSIGN_OR_RETURN(video.stream, mp4::ReadStreamSummary(*file));
        return Status();
      };
      read[at].status = read_one();
    });
    std::vector<uint64_t> missing;
    std::vector<std::string> paths;
    std::string first_missing, first_elsewhere;
    size_t num_elsewhere = 0;
    for (size_t at = 0; at < read.size(); ++at) {
      const Status& status = read[at].status;
      paths.push_back(key.files[at].path);
      key.segments[places[at]].video_file = static_cast<uint32_t>(at);
      if (!status.ok() && options.KeepsBroken(status)) {
        MarkBroken(key.files[at]);
      } else if (status.ok()) {
        if (read[at].is_elsewhere && num_elsewhere++ == 0) first_elsewhere = paths.back();
      } else if (status.code() == Code::kNotFound && options.missing_files != nullptr) {
        options.missing_files->push_back(status.problems().front().where);
      } else if (status.code() == Code::kNotFound) {
        if (missing.empty()) first_missing = status.problems().front().where;
        missing.push_back(dataset.episodes[places[at]].number);
      } else {
        const Status known = status.OfEpisodes({dataset.episodes[places[at]].number});
        problems.insert(problems.end(), known.problems().begin(), known.problems().end());
      }
    }
    if (!missing.empty()) {
      const std::string what = StrCat("video of `", name, "`:");
      problems.push_back(
          MissingFiles(what.c_str(), missing, first_missing, dataset.episodes.size()));
    }
    WarnOfChunks(info, num_elsewhere, first_elsewhere, dataset);
    const bool is_whole = options.left_out.empty() && options.is_needed.empty();
    if (missing.empty() && problems.empty() && is_whole && options.missing_files == nullptr)
      ROBOMERGE_RETURN_NOT_OK(WarnOfStrays(file_system, paths, ".mp4", dataset));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge::v21
