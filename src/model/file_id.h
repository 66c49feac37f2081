// The number of a payload or episodes file, chunk-CCC/file-FFF, and the path that it makes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "robomerge/status.h"

namespace robomerge {

/// LeRobot's (chunk_index, file_index), in the order in which LeRobot reads: by chunk first.
struct FileId {
  int64_t chunk_index = 0;
  int64_t file_index = 0;
  auto operator<=>(const FileId&) const = default;

  /// The next id (format spec 1.2): file_index + 1, or 0 of the next chunk after `files_per_chunk`
  /// files.
  FileId Next(int64_t files_per_chunk) const;
};

/// The path templates of every destination (format spec 1.2).
inline constexpr const char* kDefaultDataPath =
    "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
inline constexpr const char* kDefaultVideoPath =
    "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
inline constexpr const char* kDefaultEpisodesPath =
    "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";

/// The same of v2.0 and v2.1 (format spec 6.1).
inline constexpr const char* kEpisodeDataPath =
    "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
inline constexpr const char* kEpisodeVideoPath =
    "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";

/// Fills in a path template: {chunk_index} and {file_index}, with an optional :d or :0Nd, and
/// {video_key}. A template is input like any other, so kCorrupt (E-template) for unknown
/// placeholders, and for a path that is too long or leads out of the dataset's folder (absolute, or
/// with a ".." component).
Result<std::string> ExpandTemplate(const std::string& path_template, FileId id,
                                   const std::string& video_key = "");

/// As ExpandTemplate(), of a template of v2.0 or v2.1, whose placeholders for numbers are
/// {episode_chunk} and {episode_index}: of `id` the chunk_index and the file_index.
Result<std::string> ExpandEpisodeTemplate(const std::string& path_template, FileId id,
                                          const std::string& video_key = "");

/// Paths of destination files, relative to the destination. The default templates cannot fail.
std::string DestinationDataPath(FileId id);
std::string DestinationVideoPath(const std::string& video_key, FileId id);
std::string DestinationEpisodesPath(FileId id);

/// The same of v2.1: the files of one episode.
std::string EpisodeDataPath(int64_t chunk, uint64_t episode);
std::string EpisodeVideoPath(const std::string& video_key, int64_t chunk, uint64_t episode);

}  // namespace robomerge
