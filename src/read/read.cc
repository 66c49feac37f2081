#include "read/read.h"

#include <algorithm>

#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "read/v30/read_v30.h"

namespace robomerge {
namespace {

// One entry per feature: 20 kB for a robot with 200 joints.
constexpr uint64_t kMostInfoBytes = uint64_t{16} << 20;

// "v3.0" -> 3; nullopt for what is no version.
std::optional<int> MajorVersion(const json::Json& version) {
  if (!version.is_string()) return std::nullopt;
  const std::string text = version.get<std::string>();
  if (text.size() < 2 || text[0] != 'v' || text[1] < '0' || text[1] > '9') return std::nullopt;
  int major = 0;
  for (size_t at = 1; at < text.size() && at < 6 && text[at] >= '0' && text[at] <= '9'; ++at)
    major = major * 10 + (text[at] - '0');
  return major;
}

constexpr size_t kMostListed = 1000;  // folders that are looked into for datasets
constexpr size_t kMostNamed = 5;

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

// Says what is at `root` instead of a dataset, and what may be meant.
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
    return problem;
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
    for (size_t at = 0; at < std::min(below.size(), kMostNamed); ++at)
      words.push_back(ShellWord(below[at]));
    const std::string rest =
        below.size() > kMostNamed ? StrCat(" (and ", below.size() - kMostNamed, " more)") : "";
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

// One problem for all pointers of a dataset: one command fetches them all.
Status OneForAllPointers(const Status& status, const std::string& root) {
  std::vector<Problem> problems;
  std::vector<std::string> pointers;
  size_t first = 0;
  for (const Problem& problem : status.problems()) {
    if (problem.kind == "E-lfs-pointer") {
      pointers.push_back(RelativeTo(root, problem.where));
      if (pointers.size() > 1) continue;
      first = problems.size();
    }
    problems.push_back(problem);
  }
  if (pointers.empty()) return status;
  Problem& united = problems[first];
  const size_t num_pointers = pointers.size();
  if (num_pointers > 1) {
    united.what = "Git LFS pointers are in the places of files";
    united.where = root;
    pointers.resize(std::min(num_pointers, kMostNamed));
    united.expected = "the files themselves";
    united.found = Join(pointers, ", ");
    if (num_pointers > kMostNamed)
      united.found += StrCat(" and ", num_pointers - kMostNamed, " more");
  }
  united.hint = StrCat("fetch the files of this dataset: git -C ", ShellWord(root), " lfs pull");
  return Status::Many(std::move(problems));
}

// Reads meta/info.json, and refuses versions that are not supported.
Result<json::Json> ReadInfoFile(const io::FileSystem& file_system, const std::string& root,
                                MetadataFile& info_file, std::vector<Problem>& warnings) {
  const std::string path = io::JoinPath(root, "meta/info.json");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok() && file.status().code() == Code::kNotFound) return NoDataset(file_system, root);
  ROBOMERGE_RETURN_NOT_OK(file.status().OfSource(root).OfKind("E-info"));
  info_file = v30::MetadataFileOf(**file);
  const Result<std::string> text = io::ReadWhole(**file, kMostInfoBytes);
  ROBOMERGE_RETURN_NOT_OK(text.status().OfSource(root).OfKind("E-info"));
  v30::WarnOfByteOrderMark(*text, path, warnings);
  Result<json::Json> info = json::Parse(*text, path);
  ROBOMERGE_RETURN_NOT_OK(info.status().OfSource(root).OfKind("E-info"));
  if (!info->is_object()) {
    return Problem(Code::kCorrupt, "info.json is not an object")
        .Kind("E-info")
        .Source(root)
        .At(path);
  }
  const json::Json version =
      info->contains("codebase_version") ? info->at("codebase_version") : json::Json();
  const std::optional<int> major = MajorVersion(version);
  if (!major) {
    return Problem(Code::kCorrupt, "dataset names no version")
        .Kind("E-version")
        .Source(root)
        .At(path + ": codebase_version")
        .Expected("\"v3.0\"")
        .Found(json::DumpLine(version));
  }
  if (*major != 3) {
    Problem problem =
        Problem(Code::kUnsupported,
                StrCat("dataset is of version ", version.get<std::string>(), ", which is not read"))
            .Kind("E-version")
            .Source(root)
            .At(path + ": codebase_version")
            .Expected("v3.0")
            .Found(version.get<std::string>());
    if (*major < 3) problem.hint = "convert it first, with LeRobot's convert_dataset_v21_to_v30";
    return problem;
  }
  return info;
}

}  // namespace

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root,
                            const ReadOptions& options) {
  MetadataFile info_file;
  std::vector<Problem> warnings;
  const Result<json::Json> info = ReadInfoFile(file_system, root, info_file, warnings);
  if (!info.ok()) return OneForAllPointers(info.status(), root);
  Result<Dataset> dataset = v30::ReadDataset(file_system, root, *info, options);
  if (!dataset.ok()) return OneForAllPointers(dataset.status().OfSource(root), root);
  dataset->warnings.insert(dataset->warnings.begin(), warnings.begin(), warnings.end());
  dataset->metadata_files.push_back(std::move(info_file));
  return dataset;
}

Result<RuleFacts> ReadFacts(const io::FileSystem& file_system, const std::string& root,
                            bool wants_tasks) {
  MetadataFile info_file;
  Dataset dataset;
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json info,
                             ReadInfoFile(file_system, root, info_file, dataset.warnings));
  dataset.root = root;
  ROBOMERGE_ASSIGN_OR_RETURN(const v30::SourceInfo read, v30::ReadInfo(root, info, dataset));
  if (wants_tasks) ROBOMERGE_RETURN_NOT_OK(v30::ReadTasks(file_system, read, dataset));
  return RuleFacts{std::move(dataset.schema), std::move(dataset.tasks)};
}

Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root) {
  ROBOMERGE_ASSIGN_OR_RETURN(RuleFacts facts, ReadFacts(file_system, root, /*wants_tasks=*/false));
  return std::move(facts.schema);
}

Result<Outline> ReadOutline(const io::FileSystem& file_system, const std::string& root) {
  MetadataFile info_file;
  Dataset dataset;
  const Result<json::Json> info = ReadInfoFile(file_system, root, info_file, dataset.warnings);
  if (!info.ok()) return OneForAllPointers(info.status(), root);
  dataset.root = root;
  Outline outline;
  outline.version = info->at("codebase_version").get<std::string>();
  if (const Status status = v30::ReadOutline(file_system, *info, dataset, outline.first_videos);
      !status.ok())
    return OneForAllPointers(status.OfSource(root), root);
  outline.schema = std::move(dataset.schema);
  outline.tasks = std::move(dataset.tasks);
  if (dataset.statistics) outline.statistics = std::move(*dataset.statistics);
  return outline;
}

}  // namespace robomerge
