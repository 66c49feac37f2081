#include "read/version.h"

#include <optional>

#include "base/text.h"
#include "read/v21/read_v21.h"
#include "read/v30/read_v30.h"

namespace robomerge {
namespace {

// One entry per feature: 20 kB for a robot with 200 joints.
constexpr uint64_t kMostInfoBytes = uint64_t{16} << 20;

// "v3.0" -> 3, and "2.3.0", which some tools write, -> 2; nullopt for what is no version.
std::optional<int> MajorVersion(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  int major = 0;
  for (size_t at = 0; at < text.size() && at < 5 && text[at] >= '0' && text[at] <= '9'; ++at)
    major = major * 10 + (text[at] - '0');
  return major;
}

Result<bool> Has(const io::FileSystem& file_system, const std::string& root, const char* path) {
  return io::Exists(file_system, io::JoinPath(root, path));
}

// Of a dataset with the metadata of both: whether its payload is that of v3.0.
Result<bool> HoldsFilesOfV30(const io::FileSystem& file_system, const std::string& root,
                             const json::Json& info, int major) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_new,
                             Has(file_system, root, "data/chunk-000/file-000.parquet"));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_old, v21::HasFirstEpisode(file_system, root, info));
  return has_new == has_old ? major >= 3 : has_new;
}

// What the files say. Nothing: no file that tells.
Result<std::optional<FormatVersion>> VersionOfFiles(const io::FileSystem& file_system,
                                                    const std::string& root, const json::Json& info,
                                                    int major) {
  using Version = std::optional<FormatVersion>;
  ROBOMERGE_ASSIGN_OR_RETURN(bool has_new, Has(file_system, root, "meta/tasks.parquet"));
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_old, Has(file_system, root, "meta/episodes.jsonl"));
  if (!has_new) {
    ROBOMERGE_ASSIGN_OR_RETURN(has_new, Has(file_system, root, "meta/episodes"));
  }
  if (!has_new && !has_old) return Version();
  bool is_new = has_new;
  if (has_new && has_old) {
    ROBOMERGE_ASSIGN_OR_RETURN(is_new, HoldsFilesOfV30(file_system, root, info, major));
  }
  if (is_new) return Version(FormatVersion::kV30);
  ROBOMERGE_ASSIGN_OR_RETURN(const bool has_statistics,
                             Has(file_system, root, "meta/episodes_stats.jsonl"));
  return Version(has_statistics ? FormatVersion::kV21 : FormatVersion::kV20);
}

Problem VersionProblem(Code code, std::string what, const std::string& root,
                       const std::string& path, const json::Json& label) {
  return Problem(code, std::move(what))
      .Kind("E-version")
      .Source(root)
      .At(path + ": codebase_version")
      .Expected("\"v3.0\", \"v2.1\" or \"v2.0\"")
      .Found(json::DumpLine(label).substr(0, 100));
}

}  // namespace

std::string NameOf(FormatVersion version) {
  switch (version) {
    case FormatVersion::kV20:
      return "v2.0";
    case FormatVersion::kV21:
      return "v2.1";
    case FormatVersion::kV30:
      break;
  }
  return "v3.0";
}

Result<VersionedInfo> ReadVersionedInfo(const io::FileSystem& file_system,
                                        const std::string& root) {
  const std::string path = io::JoinPath(root, "meta/info.json");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok() && file.status().code() == Code::kNotFound) return NoDataset(file_system, root);
  ROBOMERGE_RETURN_NOT_OK(file.status().OfSource(root).OfKind("E-info"));
  VersionedInfo read;
  read.file = v30::MetadataFileOf(**file);
  const Result<std::string> text = io::ReadWhole(**file, kMostInfoBytes);
  ROBOMERGE_RETURN_NOT_OK(text.status().OfSource(root).OfKind("E-info"));
  v30::WarnOfByteOrderMark(*text, path, read.warnings);
  Result<json::Json> info = json::Parse(*text, path);
  ROBOMERGE_RETURN_NOT_OK(info.status().OfSource(root).OfKind("E-info"));
  read.info = std::move(info).value();
  if (!read.info.is_object()) {
    return Problem(Code::kCorrupt, "info.json is not an object")
        .Kind("E-info")
        .Source(root)
        .At(path);
  }
  const json::Json label =
      read.info.contains("codebase_version") ? read.info.at("codebase_version") : json::Json();
  const std::optional<int> major =
      label.is_string() ? MajorVersion(label.get<std::string>()) : std::nullopt;
  if (!major) {
    return VersionProblem(Code::kCorrupt,
                          "this is no LeRobot dataset: its info.json names no version", root, path,
                          label)
        .Hint("if LeRobot recorded it, write its version into info.json");
  }
  if (*major > 3) {
    return VersionProblem(
        Code::kUnsupported,
        StrCat("dataset is of version ", label.get<std::string>(), ", which is not read"), root,
        path, label);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::optional<FormatVersion> version,
                             VersionOfFiles(file_system, root, read.info, *major));
  if (!version && *major < 2) {
    return VersionProblem(
               Code::kUnsupported,
               StrCat("dataset is of version ", label.get<std::string>(), ", which is not read"),
               root, path, label)
        .Hint("convert it to v2.0 with LeRobot 0.1.0's convert_dataset_v1_to_v2.py");
  }
  // Without its tables each reader says what is missing.
  read.version = version.value_or(*major >= 3 ? FormatVersion::kV30 : FormatVersion::kV21);
  const bool is_of_its_label = *major == 3 ? read.version == FormatVersion::kV30
                                           : label.get<std::string>() == NameOf(read.version);
  read.label = is_of_its_label ? label.get<std::string>() : NameOf(read.version);
  if (!is_of_its_label && version) {
    read.warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("the files are of another version than info.json names, and are read as ",
                       read.label))
            .Kind("W-version")
            .Source(root)
            .At(path + ": codebase_version")
            .Expected(StrCat("\"", read.label, "\""))
            .Found(json::DumpLine(label).substr(0, 100)));
  }
  return read;
}

}  // namespace robomerge
