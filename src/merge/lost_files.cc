#include "merge/lost_files.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "plan/plan.h"

namespace robomerge {
namespace {

// Of every version: a conversion in place makes the other version's of them.
constexpr auto kMetadata = std::to_array<std::string_view>(
    {"meta/info.json", "meta/stats.json", "meta/tasks.parquet", "meta/tasks.jsonl",
     "meta/subtasks.parquet", "meta/episodes.jsonl", "meta/episodes_stats.jsonl",
     "meta/modality.json", "meta/robomerge.json"});

// "file-000.parquet", "episode_000012.mp4". Selections leave out files that the dataset has.
bool IsOfFormat(const std::string& path, std::string_view extension) {
  std::string name = NameOf(path);
  if (!name.ends_with(extension)) return false;
  name.resize(name.size() - extension.size());
  for (const std::string_view begin : {"file-", "episode_"}) {
    if (name.size() > begin.size() && name.starts_with(begin))
      return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(begin.size()), name.end(),
                         [](char letter) { return letter >= '0' && letter <= '9'; });
  }
  return false;
}

}  // namespace

Status CheckNothingIsLost(const std::vector<SourceFile>& tree, const DescribedSource& source,
                          const std::string& destination) {
  const Dataset& dataset = *source.dataset;
  std::set<std::string, std::less<>> kept(kMetadata.begin(), kMetadata.end());
  const Origin origin = OriginOf(source);
  for (const SourceFile& file : origin.files) kept.insert(file.path);
  for (const SourceFile& file : origin.metadata_files) kept.insert(file.path);
  for (const OtherFile& file : dataset.other_files) {
    if (file.left_out.empty()) kept.insert(file.path);
  }
  std::set<std::string, std::less<>> strays;
  for (const Problem& warning : dataset.warnings) {
    if (warning.kind == "W-stray-file") strays.insert(warning.where);
  }
  const bool has_picture_files =
      std::any_of(dataset.data_files.begin(), dataset.data_files.end(),
                  [](const DataFile& file) { return file.has_picture_files; });
  std::vector<std::string> lost;
  for (const SourceFile& file : tree) {
    const std::string& path = file.path;
    const bool is_payload = ((path.starts_with("data/") || path.starts_with("meta/episodes/")) &&
                             IsOfFormat(path, ".parquet")) ||
                            (path.starts_with("videos/") && IsOfFormat(path, ".mp4")) ||
                            (path.starts_with("images/") && has_picture_files) ||
                            path.starts_with(".cache/");
    const bool is_stray = std::any_of(strays.begin(), strays.end(), [&](const std::string& stray) {
      return stray == path || stray.ends_with("/" + path);
    });
    if (is_stray || !(is_payload || kept.contains(path))) lost.push_back(path);
  }
  if (lost.empty()) return Status();
  constexpr size_t kMostLost = 5;
  const size_t num_lost = lost.size();
  lost.resize(std::min(num_lost, kMostLost));
  std::string found = Join(lost, ", ");
  if (num_lost > kMostLost) found += StrCat(" and ", num_lost - kMostLost, " more");
  return Problem(Code::kInvalidArgument,
                 "files that are no part of the dataset would be lost with the old one")
      .Kind("E-destination")
      .At(destination)
      .Expected("files of a LeRobot dataset, and small ones that go along with it")
      .Found(std::move(found))
      .Hint("move these away, or keep the old dataset: leave out `--no-backup`");
}

Status CheckHoldsItsPictures(const Dataset& dataset) {
  for (const DataFile& file : dataset.data_files) {
    if (!file.has_picture_files) continue;
    return Problem(Code::kInvalidArgument,
                   "pictures of the dataset lie in files beside its tables, and its tables stay as "
                   "they are")
        .Kind("E-destination")
        .At(file.path)
        .Expected("bytes in every cell of a picture")
        .Found("cells with a path alone")
        .Hint(StrCat("merge it alone first, which takes the pictures in: robomerge merge ",
                     dataset.root, " -o NEW"));
  }
  return Status();
}

}  // namespace robomerge
