#include "read/v21/episode_files.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/path.h"
#include "base/text.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

constexpr int64_t kUsualEpisodesPerChunk = 1000;

}  // namespace

std::string Plural(size_t number, const char* one, const char* many) {
  return StrCat(number, " ", number == 1 ? one : many);
}

Result<std::unique_ptr<io::RandomAccessFile>> OpenEpisodeFile(
    const io::FileSystem& file_system, const Dataset& dataset, const SourceInfo& info,
    const std::string& path_template, const std::string& video_key, uint64_t episode, FileId& id,
    bool& is_elsewhere) {
  const auto number = static_cast<int64_t>(episode);
  const int64_t usual = number / info.episodes_per_chunk;
  std::optional<Result<std::unique_ptr<io::RandomAccessFile>>> first;
  for (const int64_t chunk : {usual, number / kUsualEpisodesPerChunk, int64_t{0}}) {
    if (first && chunk == usual) continue;
    id = {chunk, number};
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string relative,
                               ExpandEpisodeTemplate(path_template, id, video_key));
    Result<std::unique_ptr<io::RandomAccessFile>> file =
        file_system.OpenForReading(io::JoinPath(dataset.root, relative));
    is_elsewhere = chunk != usual;
    if (file.ok() || file.status().code() != Code::kNotFound) return file;
    if (!first) first = std::move(file);
  }
  return *std::move(first);
}

void WarnOfChunks(const SourceInfo& info, size_t num_elsewhere, const std::string& first,
                  Dataset& dataset) {
  if (num_elsewhere == 0) return;
  dataset.warnings.push_back(
      Problem(Code::kCorrupt, StrCat(Plural(num_elsewhere, "file is", "files are"),
                                     " not in the chunk folder that chunks_size tells; they are "
                                     "taken from where they are"))
          .Kind("W-chunks-size")
          .At(io::JoinPath(dataset.root, "meta/info.json") + ": chunks_size")
          .Expected("the number of episodes of a chunk folder, usually 1000")
          .Found(
              StrCat(info.episodes_per_chunk, ", but there is ", RelativeTo(dataset.root, first))));
}

Problem MissingFiles(const char* what, const std::vector<uint64_t>& episodes,
                     const std::string& first_path, size_t num_episodes) {
  std::vector<std::string> numbers;
  for (size_t at = 0; at < std::min<size_t>(episodes.size(), 5); ++at)
    numbers.push_back(std::to_string(episodes[at]));
  return Problem(Code::kCorrupt,
                 StrCat(what, episodes.size() == 1 ? " file of an episode is missing"
                                                   : " files of episodes are missing"))
      .Kind("E-missing-file")
      .At(first_path)
      .Expected(StrCat("a file for each of the ", num_episodes, " episodes of episodes.jsonl"))
      .Found(StrCat("none for ", Plural(episodes.size(), "episode: ", "episodes: "),
                    Join(numbers, ", "), episodes.size() > numbers.size() ? ", ..." : ""))
      .Hint(std::string(v30::kCopyTheRest) +
            ". If the episodes never had them, remove their lines from episodes.jsonl, and count "
            "the others in info.json")
      .OfEpisodes(episodes);
}

Status WarnOfStrays(const io::FileSystem& file_system, const std::vector<std::string>& paths,
                    const char* extension, Dataset& dataset) {
  const std::unordered_set<std::string> known(paths.begin(), paths.end());
  std::set<std::string> folders;
  for (const std::string& path : paths) folders.insert(ParentOf(path));
  size_t num_strays = 0;
  std::string first;
  for (const std::string& folder : folders) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(folder));
    for (const std::string& name : names) {
      if (name.starts_with('.') || !name.ends_with(extension)) continue;
      const std::string path = io::JoinPath(folder, name);
      if (!known.contains(path) && num_strays++ == 0) first = path;
    }
  }
  if (num_strays == 0) return Status();
  dataset.warnings.push_back(
      Problem(Code::kCorrupt,
              StrCat(Plural(num_strays, "file", "files"), " of no episode of episodes.jsonl ",
                     num_strays == 1 ? "is" : "are", " passed over"))
          .Kind("W-stray-file")
          .At(first)
          .Hint("LeRobot reads the rows of such data files too, so that others have wrong numbers. "
                "If they are left over, remove them; if they are episodes, add their lines"));
  return Status();
}

}  // namespace robomerge::v21
