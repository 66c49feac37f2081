#include "read/carried_files.h"

#include <algorithm>
#include <cstdio>

#include "base/fingerprint.h"
#include "base/path.h"
#include "base/text.h"
#include "model/text_columns.h"
#include "read/needed_files.h"

namespace robomerge {
namespace {

constexpr std::string_view kRootFiles[] = {"README.md", "LICENSE", ".gitattributes"};
constexpr std::string_view kModality = "meta/modality.json";

// Files and folders of meta/ that some version of the format has, or that a merge makes.
constexpr std::string_view kFormatFiles[] = {
    "info.json",      "stats.json",           "tasks.parquet",    "tasks.jsonl",    "episodes",
    "episodes.jsonl", "episodes_stats.jsonl", "subtasks.parquet", "robomerge.json",
};

// Bytes that are no text are shown as \xNN.
std::string Shown(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const size_t length = Utf8Length(name);
    if (length == 0) {
      char bytes[8];
      std::snprintf(bytes, sizeof(bytes), "\\x%02x", static_cast<unsigned char>(name.front()));
      text += bytes;
    } else {
      text += name.substr(0, length);
    }
    name.remove_prefix(std::max<size_t>(length, 1));
  }
  return text;
}

class Reading {
 public:
  Reading(const io::FileSystem& file_system, Dataset& dataset)
      : file_system_(file_system), dataset_(dataset) {}

  Status Run() {
    // What the cache of the Hub holds besides what was asked for must not show. It holds all of
    // meta/.
    if (HubAddressOf(dataset_.root).empty()) {
      for (const std::string_view name : kRootFiles)
        ROBOMERGE_RETURN_NOT_OK(Add(std::string(name)));
    }
    const Result<std::vector<std::string>> names =
        file_system_.List(io::JoinPath(dataset_.root, "meta"));
    ROBOMERGE_RETURN_NOT_OK(names.status());
    for (const std::string& name : *names) {
      const bool is_of_format = std::find(std::begin(kFormatFiles), std::end(kFormatFiles), name) !=
                                std::end(kFormatFiles);
      if (!is_of_format && !name.starts_with('.')) ROBOMERGE_RETURN_NOT_OK(Add("meta/" + name));
    }
    return Status();
  }

 private:
  Status Add(const std::string& path) {
    OtherFile file;
    file.path = path;
    const std::string full_path = io::JoinPath(dataset_.root, path);
    const Result<io::FileStat> link = file_system_.StatLink(full_path);
    if (!link.ok() && link.status().code() == Code::kNotFound) return Status();
    ROBOMERGE_RETURN_NOT_OK(link.status());
    if (!IsUtf8(path)) {
      file.path = Shown(path);
      return LeaveOut(std::move(file), "a name that is not UTF-8");
    }
    if (dataset_.other_files.size() >= kMostCarriedFiles)
      return LeaveOut(std::move(file), StrCat("more than ", kMostCarriedFiles, " files"));
    // modality.json is read like info.json, wherever it lies.
    if (link->kind == io::FileKind::kLink && path != kModality) {
      ROBOMERGE_ASSIGN_OR_RETURN(const std::string root, file_system_.RealPath(dataset_.root));
      const Result<std::string> target = file_system_.RealPath(full_path);
      if (target.ok() && !PathInside(root, *target))
        return LeaveOut(std::move(file), "a link out of the dataset");
    }
    const Result<io::FileStat> stat = file_system_.Stat(full_path);
    // Or in a circle.
    if (!stat.ok() && link->kind == io::FileKind::kLink)
      return LeaveOut(std::move(file), "a link that leads nowhere");
    ROBOMERGE_RETURN_NOT_OK(stat.status());
    if (stat->kind != io::FileKind::kRegular)
      return LeaveOut(std::move(file), stat->is_directory() ? "a folder" : "no file");
    file.size_bytes = stat->size_bytes;
    if (file.size_bytes > kMostCarriedBytes) {
      return LeaveOut(std::move(file), StrCat(FormatBytes(stat->size_bytes), ", more than ",
                                              FormatBytes(kMostCarriedBytes)));
    }
    ROBOMERGE_ASSIGN_OR_RETURN(std::string bytes, io::ReadWholeFile(file_system_, full_path));
    file.size_bytes = bytes.size();
    dataset_.metadata_files.push_back(
        {full_path, stat->size_bytes, stat->modified_ns, stat->changed_ns});
    if (path == kModality) {
      const Result<Json> parsed = json::Parse(bytes, full_path);
      if (parsed.ok() && parsed->is_object()) {
        dataset_.modality = Modality{std::move(bytes)};
        return Status();
      }
    }
    Fingerprint all;
    all.Add(bytes);
    file.fingerprint = all.value();
    dataset_.other_files.push_back(std::move(file));
    return Status();
  }

  Status LeaveOut(OtherFile file, std::string reason) {
    file.left_out = std::move(reason);
    dataset_.other_files.push_back(std::move(file));
    return Status();
  }

  const io::FileSystem& file_system_;
  Dataset& dataset_;
};

}  // namespace

Status ReadCarriedFiles(const io::FileSystem& file_system, Dataset& dataset) {
  return Reading(file_system, dataset).Run();
}

void FindTextColumns(Dataset& dataset) {
  if (dataset.schema.has_subtasks)
    dataset.text_columns.push_back({std::string(kSubtaskIndex), true});
  if (!dataset.modality) return;
  const Result<Json> modality = json::Parse(dataset.modality->text, std::string(kModality));
  if (!modality.ok()) return;
  for (const std::string& column : AnnotationColumns(*modality)) {
    const Feature* feature = dataset.schema.Find(column);
    const bool is_default = std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures),
                                      column) != std::end(kDefaultFeatures);
    if (feature == nullptr || is_default || column == kSubtaskIndex) continue;
    const std::string dtype = feature->dtype();
    if ((dtype.starts_with("int") || dtype.starts_with("uint")) &&
        feature->shape() == std::vector<int64_t>{1})
      dataset.text_columns.push_back({column, false});
  }
}

}  // namespace robomerge
