#include "publish/destination.h"

#include <algorithm>
#include <set>

#include "base/foreign_file.h"
#include "base/text.h"
#include "formats/json/json.h"

namespace robomerge {
namespace {

using json::Json;

const std::string kRecordPath(RecordStep::kPath);
const std::string kInfoPath(InfoStep::kPath);
constexpr size_t kMostNamed = 10;

bool WasWrittenAfter(int64_t record_ns, const std::vector<Origin>& origins) {
  return std::any_of(origins.begin(), origins.end(), [record_ns](const Origin& origin) {
    return std::any_of(
        origin.files.begin(), origin.files.end(),
        [record_ns](const SourceFile& file) { return file.modified_ns > record_ns; });
  });
}

bool IsAsRead(const SourceFile& file, const io::FileStat& stat) {
  return stat.size_bytes == file.size_bytes && stat.modified_ns == file.modified_ns &&
         (file.changed_ns == 0 || stat.changed_ns == file.changed_ns);
}

std::string StateText(uint64_t size_bytes, int64_t modified_ns, int64_t changed_ns) {
  std::string text = StrCat(WithSeparators(size_bytes), " bytes, modified at ", modified_ns, " ns");
  return changed_ns == 0 ? text : StrCat(text, ", changed at ", changed_ns, " ns");
}

}  // namespace

Result<std::string> PublishedContentId(const io::FileSystem& file_system,
                                       const std::string& destination) {
  const std::string path = io::JoinPath(destination, kRecordPath);
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok() && text.status().code() == Code::kIo) return text.status();
  if (!text.ok()) return std::string();
  const Result<Json> record = json::Parse(*text, path);
  if (!record.ok() || !record->is_object() || !record->contains("content_id") ||
      !record->at("content_id").is_string()) {
    return std::string();
  }
  return record->at("content_id").get<std::string>();
}

Result<DestinationState> LookAtDestination(const io::FileSystem& file_system,
                                           const std::string& destination,
                                           const std::string& content_id,
                                           const std::vector<std::string>& files,
                                           const std::vector<Origin>& origins) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, destination));
  if (!exists) return DestinationState::kAbsent;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string published,
                             PublishedContentId(file_system, destination));
  if (published != content_id) return DestinationState::kTaken;
  for (const std::string& path : files) {
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_there,
                               io::Exists(file_system, io::JoinPath(destination, path)));
    if (!is_there) return DestinationState::kIncomplete;
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat record,
                             file_system.Stat(io::JoinPath(destination, kRecordPath)));
  return WasWrittenAfter(record.modified_ns, origins) ? DestinationState::kStaleResult
                                                      : DestinationState::kThisResult;
}

bool IsNameInDataset(const std::string& name) {
  static const std::set<std::string> kNames = {
      "meta",    "data",           "videos", "images",       "README.md",
      "LICENSE", ".gitattributes", ".cache", ".huggingface", ".DS_Store"};
  return kNames.contains(name) || name.starts_with("._");
}

namespace {

// What LeRobot, the Hub and file managers put into the folders of a dataset.
bool IsFileNameInDataset(const std::string& name) {
  static constexpr std::string_view kEnds[] = {".parquet", ".mp4", ".json", ".jsonl",
                                               ".png",     ".jpg", ".jpeg", ".md"};
  const auto ends = [&name](std::string_view end) { return name.ends_with(end); };
  return (!name.starts_with('.') && std::any_of(std::begin(kEnds), std::end(kEnds), ends)) ||
         name.starts_with("._") || name == ".DS_Store" || name == ".gitattributes";
}

// Appends what is of no dataset in `folder`: hidden folders, other files, pipes, and the datasets
// of others. `relative`: its path in the dataset, with a slash at its end, or empty.
Status FindForeign(const io::FileSystem& file_system, const std::string& folder,
                   const std::string& relative, ReplacedBy by, std::vector<std::string>& foreign) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(folder));
  for (const std::string& name : names) {
    const bool is_top = relative.empty();
    if (is_top ? !IsNameInDataset(name) : name.starts_with('.') && !IsFileNameInDataset(name)) {
      foreign.push_back(StrCat("`", relative, name, "`"));
      continue;
    }
    // The caches of the Hub hold whatever it puts there.
    if (IsFileNameInDataset(name) || (is_top && (name.starts_with('.') || name == "LICENSE")))
      continue;
    const std::string path = io::JoinPath(folder, name);
    ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system.StatLink(path));
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_dataset,
                               is_top
                                   ? Result<bool>(false)
                                   : io::Exists(file_system, io::JoinPath(path, "meta/info.json")));
    if (stat.is_directory() && !is_dataset)
      ROBOMERGE_RETURN_NOT_OK(FindForeign(file_system, path, relative + name + "/", by, foreign));
    else if (by == ReplacedBy::kOther || relative != "meta/" || stat.kind != io::FileKind::kRegular)
      foreign.push_back(StrCat("`", relative, name, "`",
                               stat.kind == io::FileKind::kLink ? " (a link)"
                               : is_dataset                     ? " (another dataset)"
                                                                : ""));
  }
  return Status();
}

}  // namespace

Status CheckReplaceable(const io::FileSystem& file_system, const std::string& path, ReplacedBy by) {
  const Problem refusal =
      Problem(Code::kInvalidArgument,
              "what is at the destination is no dataset, and is not overwritten")
          .Kind("E-destination")
          .At(path)
          .Expected(
              "a LeRobot dataset (meta/info.json with codebase_version and features), or an "
              "empty folder")
          .Hint("choose another destination, or remove this one yourself");
  ROBOMERGE_ASSIGN_OR_RETURN(const io::FileStat stat, file_system.StatLink(path));
  if (stat.kind == io::FileKind::kLink) return DestinationIsLink(file_system, path);
  if (!stat.is_directory()) return refusal;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.List(path));
  if (names.empty()) return Status();
  const std::string info_path = io::JoinPath(path, kInfoPath);
  const Result<std::string> text = io::ReadWholeFile(file_system, info_path);
  if (!text.ok() && text.status().code() == Code::kIo) return text.status();
  const Result<Json> info = json::Parse(text.ok() ? *text : std::string(), info_path);
  const bool is_dataset = info.ok() && info->is_object() && info->contains("codebase_version") &&
                          info->contains("features") && info->at("features").is_object();
  if (!is_dataset) {
    // The result of a merge whose info.json is damaged still has its record.
    ROBOMERGE_ASSIGN_OR_RETURN(const std::string content_id, PublishedContentId(file_system, path));
    if (content_id.empty()) return refusal;
  }
  std::vector<std::string> foreign;
  ROBOMERGE_RETURN_NOT_OK(FindForeign(file_system, path, "", by, foreign));
  if (foreign.empty()) return Status();
  const size_t num_foreign = foreign.size();
  foreign.resize(std::min(num_foreign, kMostNamed));
  std::string others = Join(foreign, ", ");
  if (num_foreign > kMostNamed) others += StrCat(" and ", num_foreign - kMostNamed, " more");
  return Problem(Code::kInvalidArgument,
                 "dataset at the destination holds what is no part of it, and is not overwritten")
      .Kind("E-destination")
      .At(path)
      .Expected("only meta, data, videos and images with their files, and what the Hub adds")
      .Found(others)
      .Hint("move these away (and back when it is done), or choose another destination");
}

Problem DestinationIsLink(const io::FileSystem& file_system, const std::string& destination) {
  const std::string removal = "remove the link: rm " + ShellWord(destination);
  const Problem problem =
      Problem(Code::kInvalidArgument, "destination is a link, which a merge does not replace")
          .Kind("E-destination")
          .At(destination);
  const bool leads_somewhere = file_system.Stat(destination).ok();
  const Result<std::string> real = file_system.RealPath(destination);
  if (!leads_somewhere || !real.ok())
    return Problem(problem).Found("a link that leads nowhere").Hint(removal);
  return Problem(problem).Found("a link to " + *real).Hint("name what it leads to, or " + removal);
}

Problem DestinationExists(const io::FileSystem& file_system, const std::string& destination) {
  const bool can_be_replaced = CheckReplaceable(file_system, destination, ReplacedBy::kOther).ok();
  return Problem(Code::kAlreadyExists, "destination exists already")
      .Kind("E-destination-exists")
      .At(destination)
      .Hint(can_be_replaced
                ? "let it be overwritten (--overwrite), choose another destination, or remove it"
                : "choose another destination, or remove this one");
}

Problem SourceChanged(const std::string& root, const std::string& path, std::string expected,
                      std::string found) {
  return Problem(Code::kCorrupt, "source has changed since it was read")
      .Kind("E-source-changed")
      .Source(root)
      .At(root + "/" + path)
      .Expected(std::move(expected))
      .Found(std::move(found))
      .Hint("let nothing write to the sources, then merge or plan again, with another plan folder");
}

Status CheckSourceFiles(const io::FileSystem& file_system, const std::vector<Origin>& origins,
                        bool may_be_gone) {
  std::vector<Problem> problems;
  for (const Origin& origin : origins) {
    for (const std::vector<SourceFile>* files : {&origin.files, &origin.metadata_files}) {
      for (const SourceFile& file : *files) {
        const Result<io::FileStat> stat = file_system.Stat(io::JoinPath(origin.root, file.path));
        if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
        if (stat.ok() ? IsAsRead(file, *stat) : may_be_gone) continue;
        problems.push_back(SourceChanged(
            origin.root, file.path, StateText(file.size_bytes, file.modified_ns, file.changed_ns),
            stat.ok() ? StateText(stat->size_bytes, stat->modified_ns,
                                  file.changed_ns == 0 ? 0 : stat->changed_ns)
                      : "no such file"));
        if (problems.size() == kMostNamed) return Status::Many(std::move(problems));
      }
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge
