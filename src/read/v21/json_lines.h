// Files of JSON objects, one a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/for_each.h"
#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge::v21 {

/// What lines about episodes are sorted by.
inline constexpr const char* kEpisodeIndex = "episode_index";

/// The lines of a file, without those that are blank. Line ends of Windows, a byte order mark
/// (W-byte-order-mark) and a last line without an end are passed over.
class JsonLines {
 public:
  /// kNotFound if there is no such file. E-lfs-pointer and E-foreign-file for another kind of file.
  static Result<JsonLines> Read(const io::FileSystem& file_system, const std::string& path,
                                std::vector<Problem>& warnings);

  const MetadataFile& file() const { return file_; }
  size_t size() const { return lines_.size(); }
  /// "meta/tasks.jsonl: line 3"
  std::string Where(size_t at) const;
  /// The object of a line, and its integer `key`, which LeRobot sorts the lines by. kCorrupt
  /// (E-jsonl) for anything else.
  Result<std::pair<json::Json, int64_t>> Parse(size_t at, const char* key) const;
  /// Parses all lines, and hands each to `take` with its number among size(), several at once and
  /// in any order. All problems at once.
  Status ParseAll(const ForEach& for_each, const char* key,
                  const std::function<Status(size_t, json::Json&&, int64_t)>& take) const;

 private:
  struct Line {
    size_t begin, length;
    uint64_t number;
  };
  MetadataFile file_;
  std::string text_;
  std::vector<Line> lines_;
};

/// The count or number that `key` says; nothing if it says none. 3.0, as pandas writes it, is 3.
std::optional<int64_t> WholeNumber(const json::Json& object, const char* key);

/// Keeps of lines with one number the last, as LeRobot does. `lines`: (number, line), sorted by
/// both. Warns if there were several (W-jsonl-twice).
void KeepLast(const JsonLines& file, const char* key,
              std::vector<std::pair<int64_t, size_t>>& lines, std::vector<Problem>& warnings);

}  // namespace robomerge::v21
