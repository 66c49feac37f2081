#include <algorithm>
#include <set>

#include "base/text.h"
#include "verify/checks.h"

namespace robomerge::verify_internal {
namespace {

// What may be in a dataset's folder, images left by the recorder included (format spec 1.1).
constexpr std::string_view kKnownNames[] = {"README.md", "LICENSE", "images",
                                            "meta",      "data",    "videos"};
constexpr std::string_view kKnownMetadata[] = {"info.json", "stats.json",     "tasks.parquet",
                                               "episodes",  "robomerge.json", "subtasks.parquet"};
// Of versions up to v2.1.
constexpr std::string_view kOldMetadata[] = {
    "info.json",      "stats.json",      "tasks.jsonl", "episodes.jsonl", "episodes_stats.jsonl",
    "robomerge.json", "subtasks.parquet"};
constexpr int kMostDepth = 16;

class Walk {
 public:
  Walk(const io::FileSystem& file_system, const Dataset& dataset, FindingList& findings)
      : file_system_(file_system),
        root_(dataset.root),
        is_old_(!dataset.episodes_files.empty() && !dataset.episodes_files[0].is_table()),
        findings_(findings) {
    for (const EpisodesFile& file : dataset.episodes_files) named_.insert(file.path);
    for (const DataFile& file : dataset.data_files) named_.insert(file.path);
    for (const VideoKey& key : dataset.video_keys) {
      for (const VideoFile& file : key.files) named_.insert(file.path);
    }
    if (dataset.modality) carried_.insert(io::JoinPath(root_, "meta/modality.json"));
    for (const OtherFile& file : dataset.other_files) {
      if (file.left_out.empty()) carried_.insert(io::JoinPath(root_, file.path));
    }
  }

  Status Run() {
    ROBOMERGE_RETURN_NOT_OK(Names(root_, kKnownNames));
    const std::string meta = io::JoinPath(root_, "meta");
    ROBOMERGE_RETURN_NOT_OK(is_old_ ? Names(meta, kOldMetadata) : Names(meta, kKnownMetadata));
    for (const char* folder : {"meta/episodes", "data", "videos"})
      ROBOMERGE_RETURN_NOT_OK(Files(io::JoinPath(root_, folder), 0));
    return Status();
  }

 private:
  template <size_t size>
  Status Names(const std::string& folder, const std::string_view (&known)[size]) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_.List(folder));
    for (const std::string& name : names) {
      if (name.starts_with('.') ||
          std::find(std::begin(known), std::end(known), name) != std::end(known))
        continue;
      const std::string path = io::JoinPath(folder, name);
      if (IsAbove(path) || carried_.contains(path)) continue;
      findings_.Add(
          Say("V-stray-file", "dataset holds something that the format does not know", path));
    }
    return Status();
  }

  // Whether a file of the dataset lies below `path`. Path templates may name unusual folders.
  bool IsAbove(const std::string& path) const {
    const auto next = named_.lower_bound(path + "/");
    return next != named_.end() && next->starts_with(path + "/");
  }

  Status Files(const std::string& folder, int depth) {
    const Result<std::vector<std::string>> names = file_system_.List(folder);
    if (!names.ok()) return names.status().code() == Code::kNotFound ? Status() : names.status();
    for (const std::string& name : *names) {
      if (name.starts_with('.')) continue;
      const std::string path = io::JoinPath(folder, name);
      ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system_.Stat(path));
      if (stat.is_directory()) {
        if (depth < kMostDepth) ROBOMERGE_RETURN_NOT_OK(Files(path, depth + 1));
      } else if (!named_.contains(path)) {
        findings_.Add(Say("V-stray-file", "no episode lies in this file", path));
      }
    }
    return Status();
  }

  const io::FileSystem& file_system_;
  const std::string& root_;
  const bool is_old_;
  FindingList& findings_;
  std::set<std::string> named_;
  std::set<std::string> carried_;  // small files that may go along with a dataset
};

}  // namespace

Status CheckStrayFiles(const io::FileSystem& file_system, const Dataset& dataset,
                       FindingList& findings) {
  return Walk(file_system, dataset, findings).Run();
}

}  // namespace robomerge::verify_internal
