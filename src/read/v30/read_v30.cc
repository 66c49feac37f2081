#include "read/v30/read_v30.h"

#include <algorithm>
#include <functional>

#include "base/foreign_file.h"
#include "base/text.h"
#include "base/way_out.h"
#include "read/carried_files.h"
#include "read/needed_files.h"
#include "read/v30/data_columns.h"

namespace robomerge::v30 {
namespace {

void Gather(const Status& status, std::vector<Problem>& problems) {
  problems.insert(problems.end(), status.problems().begin(), status.problems().end());
}

}  // namespace

std::vector<FileId> FilesOf(const std::vector<FileId>& claimed, const ReadOptions& options) {
  std::vector<FileId> ids;
  for (size_t episode = 0; episode < claimed.size(); ++episode) {
    if (IsRead(episode, options)) ids.push_back(claimed[episode]);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<uint64_t> EpisodesIn(const std::vector<FileId>& claimed, FileId id,
                                 const ReadOptions& options) {
  std::vector<uint64_t> episodes;
  for (size_t episode = 0; episode < claimed.size(); ++episode) {
    if (claimed[episode] == id && IsRead(episode, options)) episodes.push_back(episode);
  }
  return episodes;
}

bool IsParquetName(const std::string& name) {
  return name.ends_with(".parquet") && !name.starts_with('.');
}

Result<std::vector<std::string>> ListParquetFiles(const io::FileSystem& file_system,
                                                  const std::string& folder) {
  std::vector<std::string> paths;
  const Result<std::vector<std::string>> directories = file_system.List(folder);
  if (!directories.ok()) {
    if (directories.status().code() == Code::kNotFound) return paths;
    return directories.status();
  }
  for (const std::string& directory : *directories) {
    const std::string inner = io::JoinPath(folder, directory);
    const Result<io::FileStat> stat = file_system.Stat(inner);
    if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
    if (!stat.ok() || !stat->is_directory()) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(inner));
    for (const std::string& name : names) {
      if (IsParquetName(name)) paths.push_back(io::JoinPath(inner, name));
    }
  }
  return paths;
}

bool IsUnfinished(const Status& status) {
  return !status.ok() && status.problems().front().kind == "E-unfinished-file";
}

Status WithWayOut(const Status& unfinished) {
  if (!IsUnfinished(unfinished)) return unfinished;
  std::vector<Problem> problems = unfinished.problems();
  problems.front().hint += StrCat(": ", kLeaveEpisodeOut);
  return Status::Many(std::move(problems));
}

void WarnOfByteOrderMark(std::string_view text, const std::string& path,
                         std::vector<Problem>& warnings) {
  if (!text.starts_with(json::kByteOrderMark)) return;
  warnings.push_back(
      Problem(Code::kCorrupt, "a byte order mark is before the text, which LeRobot does not read")
          .Kind("W-byte-order-mark")
          .At(path)
          .Hint(StrCat(
              "the result is without it. To mend the source: sed -i '1s/^\\xEF\\xBB\\xBF//' ",
              ShellWord(path))));
}

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const json::Json& info, const ReadOptions& options) {
  Dataset dataset;
  dataset.root = root;
  // Without info.json nothing can be read, and without the episodes table no payload files. The
  // other parts are read even if one of them fails, so that all problems are reported.
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceInfo source_info, ReadInfo(root, info, dataset));
  std::vector<Problem> problems;
  Gather(ReadSubtasks(file_system, dataset).OfKind("E-subtasks"), problems);
  Gather(ReadCarriedFiles(file_system, dataset), problems);
  FindTextColumns(dataset);
  Gather(CheckDeclarations(dataset.schema, io::JoinPath(root, "meta/info.json")), problems);
  Gather(ReadTasks(file_system, source_info, dataset).OfKind("E-tasks"), problems);
  Gather(ReadStatistics(file_system, dataset).OfKind("E-stats"), problems);
  const Result<EpisodeClaims> claims = ReadEpisodes(file_system, source_info, options, dataset);
  Gather(claims.status().OfKind("E-episodes"), problems);
  if (claims.ok()) {
    const std::vector<bool>& lacks = claims->lacks_tasks;
    const bool is_told = std::ranges::none_of(lacks, std::identity());
    ReadOptions needed = options;
    needed.is_needed = EpisodesForRows(dataset, options, is_told);
    Gather(ReadDataFiles(file_system, source_info, *claims, needed, dataset).OfKind("E-data-file"),
           problems);
    needed.is_needed = EpisodesForVideos(dataset, options);
    if (!VideosWaitForRows(options, is_told))
      Gather(
          ReadVideoFiles(file_system, source_info, *claims, needed, dataset).OfKind("E-video-file"),
          problems);
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return dataset;
}

Status AddFirstVideo(const Result<std::unique_ptr<io::RandomAccessFile>>& file,
                     const std::string& key,
                     std::vector<std::pair<std::string, mp4::StreamSummary>>& first_videos) {
  if (!file.ok() && file.status().code() == Code::kNotFound) return Status();
  ROBOMERGE_RETURN_NOT_OK(file.status().OfKind("E-video-file"));
  Result<mp4::StreamSummary> stream = mp4::ReadStreamSummary(**file);
  ROBOMERGE_RETURN_NOT_OK(stream.status().OfKind("E-video-file"));
  first_videos.emplace_back(key, std::move(stream).value());
  return Status();
}

Status ReadOutline(const io::FileSystem& file_system, const json::Json& info, Dataset& dataset,
                   std::vector<std::pair<std::string, mp4::StreamSummary>>& first_videos) {
  ROBOMERGE_ASSIGN_OR_RETURN(const SourceInfo source_info, ReadInfo(dataset.root, info, dataset));
  std::vector<Problem> problems;
  Gather(ReadSubtasks(file_system, dataset).OfKind("E-subtasks"), problems);
  Gather(ReadTasks(file_system, source_info, dataset).OfKind("E-tasks"), problems);
  Gather(ReadStatistics(file_system, dataset).OfKind("E-stats"), problems);
  for (const std::string& key : dataset.schema.video_keys()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string path,
                               ExpandTemplate(source_info.video_path, {0, 0}, key));
    // Files may be numbered otherwise. Only the episodes table, which is not read, can tell.
    Gather(AddFirstVideo(file_system.OpenForReading(io::JoinPath(dataset.root, path)), key,
                         first_videos),
           problems);
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge::v30
