// Video files. Their sample tables are read, but no payload (format spec 1.9).
#include <algorithm>

#include "base/text.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

Status ReadVideoFile(const io::FileSystem& file_system, const std::string& root,
                     const std::string& video_path, const std::string& key, FileId id,
                     VideoFile& video) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string relative, ExpandTemplate(video_path, id, key));
  video.id = id;
  video.path = io::JoinPath(root, relative);
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(video.path);
  if (!file.ok() && file.status().code() == Code::kNotFound) {
    return Problem(Code::kCorrupt, "video file is missing")
        .Kind("E-missing-file")
        .At(video.path)
        .Expected(StrCat("a file, because episodes of the episodes table lie in it (chunk ",
                         id.chunk_index, ", file ", id.file_index, ")"))
        .Hint("copy or download the dataset again");
  }
  ROBOMERGE_RETURN_NOT_OK(file.status());
  const io::FileStat stat = (*file)->stat();
  video.modified_ns = stat.modified_ns;
  video.changed_ns = stat.changed_ns;
  video.size_bytes = stat.size_bytes;
  ROBOMERGE_ASSIGN_OR_RETURN(video.stream, mp4::ReadStreamSummary(**file));
  return Status();
}

bool IsMissingFile(const Status& status) {
  return !status.ok() && status.problems().front().kind == "E-missing-file";
}

}  // namespace

Status ReadVideoFiles(const io::FileSystem& file_system, const SourceInfo& info,
                      const EpisodeClaims& claims, const ReadOptions& options, Dataset& dataset) {
  std::vector<Problem> problems;
  for (size_t key = 0; key < dataset.video_keys.size(); ++key) {
    VideoKey& video_key = dataset.video_keys[key];
    const std::vector<FileId>& claimed = claims.video_files[key];
    const std::vector<FileId> ids = FilesOf(claimed, options);
    for (const FileId& id : ids) {
      VideoFile file;
      const Status read =
          ReadVideoFile(file_system, dataset.root, info.video_path, video_key.name, id, file);
      if (options.missing_files != nullptr && IsMissingFile(read)) {
        options.missing_files->push_back(read.problems().front().where);
        continue;
      }
      if (!read.ok() && options.KeepsBroken(read)) {
        MarkBroken(file);
      } else if (!read.ok()) {
        const Status status = read.OfEpisodes(EpisodesIn(claimed, id, options));
        problems.insert(problems.end(), status.problems().begin(), status.problems().end());
      }
      video_key.files.push_back(std::move(file));
    }
    for (size_t episode = 0; episode < video_key.segments.size(); ++episode) {
      const auto found = std::lower_bound(ids.begin(), ids.end(), claimed[episode]);
      video_key.segments[episode].video_file = static_cast<uint32_t>(found - ids.begin());
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge::v30
