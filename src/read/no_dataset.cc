// What is at a path instead of a dataset.
#include <algorithm>

#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "read/v30/read_v30.h"
#include "read/version.h"

namespace robomerge {
namespace {

constexpr size_t kMostListed = 1000;  // folders that are looked into for datasets
constexpr size_t kMostFolders = 5;

bool HoldsDataset(const io::FileSystem& file_system, const std::string& folder) {
  const Result<io::FileStat> stat =
      file_system.Stat(io::JoinPath(io::JoinPath(folder, "meta"), "info.json"));
  return stat.ok() && !stat->is_directory();
}

// The datasets below a folder, nearest first: up to three levels, as in the cache of the Hub.
std::vector<std::string> DatasetsBelow(const io::FileSystem& file_system, const std::string& root) {
  std::vector<std::string> found, level = {root};
  size_t num_listed = 0;
  for (int depth = 0; depth < 3 && found.empty(); ++depth) {
    std::vector<std::string> next;
    for (const std::string& folder : level) {
      const Result<std::vector<std::string>> names = file_system.List(folder);
      if (!names.ok() || ++num_listed > kMostListed) continue;
      for (const std::string& name : *names) {
        const std::string path = io::JoinPath(folder, name);
        const Result<io::FileStat> stat = file_system.Stat(path);
        if (name.starts_with('.') || !stat.ok() || !stat->is_directory()) continue;
        (HoldsDataset(file_system, path) ? found : next).push_back(path);
      }
    }
    level = std::move(next);
  }
  return found;
}

}  // namespace

Problem NoDataset(const io::FileSystem& file_system, const std::string& root) {
  Problem problem = Problem(Code::kNotFound, "no LeRobot dataset here: it has no meta/info.json")
                        .Kind("E-no-dataset")
                        .Source(root)
                        .At(io::JoinPath(root, "meta/info.json"))
                        .Hint("name the folder that holds meta/, data/ and videos/");
  const Result<io::FileStat> stat = file_system.Stat(root);
  if (!stat.ok()) {
    const Result<io::FileStat> link = file_system.StatLink(root);
    problem.what = link.ok() ? "a link that leads nowhere" : "there is no such folder";
    problem.where = root;
    problem.hint = "check the path";
    // An address as browsers show it.
    constexpr std::string_view kDatasets = "/datasets/";
    const size_t datasets = root.find(kDatasets);
    if ((root.starts_with("https:/") || root.starts_with("http:/")) && datasets != root.npos) {
      std::string name = root.substr(datasets + kDatasets.size());
      const size_t slash = name.find('/');
      if (slash != name.npos)
        name.resize(std::min(name.find_first_of("/?#", slash + 1), name.size()));
      problem.hint = StrCat("write a dataset on the Hub as hf://datasets/", name);
    }
    return problem;
  }
  if (const Result<bool> is_old = io::Exists(file_system, io::JoinPath(root, "meta_data"));
      is_old.ok() && *is_old) {
    return Problem(Code::kUnsupported, "dataset is of version 1, which is not read")
        .Kind("E-version")
        .Source(root)
        .At(io::JoinPath(root, "meta_data"))
        .Expected("version v2.0, v2.1 or v3.0, which have a folder meta/")
        .Hint(
            "convert it with LeRobot 0.1.0's "
            "lerobot/common/datasets/v2/convert_dataset_v1_to_v2.py: "
            "v2.0, which that makes, is read");
  }
  for (std::string above = root; above != "/" && above != ".";) {
    above = ParentOf(above);
    if (!HoldsDataset(file_system, above)) continue;
    problem.found = "a part of the dataset " + above;
    problem.hint = "name the dataset: " + ShellWord(above);
    return problem;
  }
  if (!stat->is_directory()) {
    problem.found = "a file";
    return problem;
  }
  const std::vector<std::string> below = DatasetsBelow(file_system, root);
  if (!below.empty()) {
    std::vector<std::string> words;
    for (size_t at = 0; at < std::min(below.size(), kMostFolders); ++at)
      words.push_back(ShellWord(below[at]));
    const std::string rest =
        below.size() > kMostFolders ? StrCat(" (and ", below.size() - kMostFolders, " more)") : "";
    problem.found = StrCat("a folder with ", below.size(),
                           below.size() == 1 ? " dataset below" : " datasets below");
    problem.hint = StrCat("name the datasets in it: ", Join(words, " "), rest);
    return problem;
  }
  const Result<std::vector<std::string>> names = file_system.List(root);
  if (!names.ok()) return problem;
  if (names->empty()) problem.found = "an empty folder";
  const auto has = [&](const char* name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  if (has("meta") || has("data") || has("videos")) {
    problem.found = StrCat("a part of a dataset: ", Join(*names, ", ").substr(0, 100));
    problem.hint = std::string(v30::kCopyTheRest);
  }
  return problem;
}

}  // namespace robomerge
