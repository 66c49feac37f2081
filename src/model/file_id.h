// The number of a payload file: chunk-CCC/file-FFF.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "robomerge/status.h"

namespace robomerge {

/// LeRobot's (chunk_index, file_index); ordered as LeRobot reads: chunk first.
struct FileId {
  int64_t chunk_index = 0;
  int64_t file_index = 0;
  auto operator<=>(const FileId&) const = default;

  /// The id that follows (LeRobot's update_chunk_file_indices): file_index + 1, or the next chunk's
  /// 0 after `files_per_chunk` files.
  FileId Next(int64_t files_per_chunk) const;
};

/// Templates that every destination uses (src/lerobot/datasets/utils.py).
inline constexpr const char* kDefaultDataPath =
    "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
inline constexpr const char* kDefaultVideoPath =
    "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
inline constexpr const char* kDefaultEpisodesPath =
    "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";

/// Fills a LeRobot path template: {chunk_index}, {file_index} with optional :0Nd, and {video_key}.
/// kCorrupt for unknown placeholders, and for a result that is longer than a path can be or would
/// leave the dataset's folder (absolute, or with a ".." component): a template is input like any
/// other.
Result<std::string> ExpandTemplate(const std::string& path_template, FileId id,
                                   const std::string& video_key = "");

/// `relative` path of a destination file; the default templates cannot fail.
std::string DestinationDataPath(FileId id);
std::string DestinationVideoPath(const std::string& video_key, FileId id);
std::string DestinationEpisodesPath(FileId id);

}  // namespace robomerge
