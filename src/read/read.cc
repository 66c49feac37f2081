#include "read/read.h"

#include "base/text.h"
#include "formats/json/json.h"
#include "read/v30/read_v30.h"

namespace robomerge {
namespace {

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

// Reads meta/info.json, and refuses versions that are not supported.
Result<json::Json> ReadInfoFile(const io::FileSystem& file_system, const std::string& root,
                                MetadataFile& info_file) {
  const std::string path = io::JoinPath(root, "meta/info.json");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok() && file.status().code() == Code::kNotFound) {
    return Problem(Code::kNotFound, "no LeRobot dataset here: it has no meta/info.json")
        .Kind("E-no-dataset")
        .Source(root)
        .At(path)
        .Hint("name the folder that holds meta/, data/ and videos/");
  }
  ROBOMERGE_RETURN_NOT_OK(file.status().OfSource(root).OfKind("E-info"));
  info_file = v30::MetadataFileOf(**file);
  const Result<std::string> text = io::ReadWhole(**file);
  ROBOMERGE_RETURN_NOT_OK(text.status().OfSource(root).OfKind("E-info"));
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

Result<Dataset> ReadDataset(const io::FileSystem& file_system, const std::string& root) {
  MetadataFile info_file;
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json info, ReadInfoFile(file_system, root, info_file));
  Result<Dataset> dataset = v30::ReadDataset(file_system, root, info);
  if (!dataset.ok()) return dataset.status().OfSource(root);
  dataset->metadata_files.push_back(std::move(info_file));
  return dataset;
}

Result<Schema> ReadSchema(const io::FileSystem& file_system, const std::string& root) {
  MetadataFile info_file;
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json info, ReadInfoFile(file_system, root, info_file));
  Dataset dataset;
  dataset.root = root;
  ROBOMERGE_RETURN_NOT_OK(v30::ReadInfo(root, info, dataset).status());
  return std::move(dataset.schema);
}

}  // namespace robomerge
