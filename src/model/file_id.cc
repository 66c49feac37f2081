#include "model/file_id.h"

#include <cctype>
#include <cstdio>

#include "base/check.h"
#include "base/text.h"

namespace robomerge {
namespace {

// The kernel's limit (PATH_MAX without the final NUL). No file has a longer path, and a template
// that names the camera a thousand times must not cost memory.
constexpr size_t kMostPathBytes = 4095;

std::string Padded(int64_t number, size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

// Splits "name:03d" into the name and the width; false for any other format.
bool ParsePlaceholder(const std::string& text, std::string* name, size_t* width) {
  const size_t colon = text.find(':');
  *name = text.substr(0, colon);
  *width = 0;
  if (colon == std::string::npos) return true;
  std::string format = text.substr(colon + 1);
  if (format.empty() || format.back() != 'd') return false;
  format.pop_back();
  if (format.empty()) return true;
  if (format.size() > 3 || format.front() != '0') return false;
  for (const char digit : format) {
    if (!std::isdigit(static_cast<unsigned char>(digit))) return false;
  }
  *width = static_cast<size_t>(std::stoul(format));
  return true;
}

bool LeavesFolder(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string::npos) return true;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

// The placeholders `chunk` and `file` are those of the numbers.
Result<std::string> Expand(const std::string& path_template, FileId id,
                           const std::string& video_key, const char* chunk, const char* file) {
  std::string path;
  for (size_t at = 0; at < path_template.size(); ++at) {
    if (path_template[at] != '{') {
      path += path_template[at];
      continue;
    }
    const size_t close = path_template.find('}', at);
    std::string name;
    size_t width = 0;
    const bool closed = close != std::string::npos;
    if (!closed || !ParsePlaceholder(path_template.substr(at + 1, close - at - 1), &name, &width) ||
        (name != chunk && name != file && name != "video_key")) {
      return Problem(Code::kCorrupt, "path template has a placeholder that is not understood")
          .Kind("E-template")
          .Expected(StrCat("{", chunk, ":03d}, {", file, ":03d} or {video_key}"))
          .Found(StrCat("`", path_template, "`"));
    }
    if (name == "video_key") path += video_key;
    if (name == chunk) path += Padded(id.chunk_index, width);
    if (name == file) path += Padded(id.file_index, width);
    at = close;
    if (path.size() > kMostPathBytes) break;
  }
  if (path.size() > kMostPathBytes) {
    return Problem(Code::kCorrupt, "path template makes a path that is too long")
        .Kind("E-template")
        .Expected(StrCat("at most ", WithSeparators(kMostPathBytes), " bytes"))
        .Found(StrCat("more, from `", path_template.substr(0, 100),
                      path_template.size() > 100 ? "..." : "", "`"));
  }
  if (LeavesFolder(path)) {
    return Problem(Code::kCorrupt, "path template leads out of the dataset's folder")
        .Kind("E-template")
        .Found(StrCat("`", path, "` from `", path_template, "`"));
  }
  return path;
}

std::string Known(const char* path_template, FileId id, const std::string& video_key = "") {
  Result<std::string> path = ExpandTemplate(path_template, id, video_key);
  ROBOMERGE_CHECK(path.ok());
  return std::move(path).value();
}

}  // namespace

FileId FileId::Next(int64_t files_per_chunk) const {
  if (file_index >= files_per_chunk - 1) return {chunk_index + 1, 0};
  return {chunk_index, file_index + 1};
}

Result<std::string> ExpandTemplate(const std::string& path_template, FileId id,
                                   const std::string& video_key) {
  return Expand(path_template, id, video_key, "chunk_index", "file_index");
}
Result<std::string> ExpandEpisodeTemplate(const std::string& path_template, FileId id,
                                          const std::string& video_key) {
  return Expand(path_template, id, video_key, "episode_chunk", "episode_index");
}

std::string DestinationDataPath(FileId id) { return Known(kDefaultDataPath, id); }
std::string DestinationVideoPath(const std::string& video_key, FileId id) {
  return Known(kDefaultVideoPath, id, video_key);
}
std::string DestinationEpisodesPath(FileId id) { return Known(kDefaultEpisodesPath, id); }

std::string EpisodeDataPath(int64_t chunk, uint64_t episode) {
  return StrCat("data/chunk-", Padded(chunk, 3), "/episode_",
                Padded(static_cast<int64_t>(episode), 6), ".parquet");
}
std::string EpisodeVideoPath(const std::string& video_key, int64_t chunk, uint64_t episode) {
  return StrCat("videos/chunk-", Padded(chunk, 3), "/", video_key, "/episode_",
                Padded(static_cast<int64_t>(episode), 6), ".mp4");
}

}  // namespace robomerge
