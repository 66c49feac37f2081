#include "merge/edit_settings.h"

#include <optional>

#include "base/text.h"
#include "formats/json/json.h"
#include "model/adaptation.h"
#include "plan/plan.h"
#include "read/version.h"

namespace robomerge {

MergeOptions WithLimits(const io::FileSystem& file_system, const std::string& root,
                        MergeOptions options) {
  options.concatenate_data = options.concatenate_videos = false;
  const Result<VersionedInfo> versioned = ReadVersionedInfo(file_system, root);
  if (versioned.ok() && versioned->version != FormatVersion::kV30)
    options.codebase_version = CodebaseVersion::kV21;
  const std::string path = io::JoinPath(root, std::string(InfoStep::kPath));
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok()) return options;
  const Result<json::Json> info = json::Parse(*text, path);
  if (!info.ok() || !info->is_object()) return options;
  const auto limit = [&](const char* key, double most) -> std::optional<double> {
    if (!info->contains(key) || !info->at(key).is_number()) return std::nullopt;
    const double value = info->at(key).get<double>();
    return value > 0 && value <= most ? std::optional(value) : std::nullopt;
  };
  constexpr double kMostMegabytes = 1e9;
  if (const auto size = limit("chunks_size", 1000); size && *size >= 1)
    options.chunk_size = static_cast<int64_t>(*size);
  options.data_files_size_in_mb =
      limit("data_files_size_in_mb", kMostMegabytes).value_or(options.data_files_size_in_mb);
  options.video_files_size_in_mb =
      limit("video_files_size_in_mb", kMostMegabytes).value_or(options.video_files_size_in_mb);
  return options;
}

bool IsOfVersion(const io::FileSystem& file_system, const std::string& root,
                 CodebaseVersion version) {
  const Result<VersionedInfo> versioned = ReadVersionedInfo(file_system, root);
  if (!versioned.ok()) return false;
  return versioned->version ==
         (version == CodebaseVersion::kV30 ? FormatVersion::kV30 : FormatVersion::kV21);
}

InPlace InPlaceOf(const SourceSpec& source, const EditOptions& edit, const MergeOptions& options) {
  InPlace in_place;
  in_place.backup = edit.backup;
  in_place.may_rename = edit.converts;
  in_place.request = StrCat(source.location, "\n", AdaptationText(source.adaptation));
  if (edit.converts) in_place.request += StrCat("\n", NameOf(options.codebase_version));
  if (options.record_hashes) in_place.request += "\nrecord hashes";
  return in_place;
}

StaleHashes StaleHashesOf(const SourceSpec& source, const EditOptions& edit,
                          const MergeOptions& options) {
  const bool changes_nothing = source.adaptation.empty() && edit.add.empty() && !edit.converts;
  return edit.in_place && options.record_hashes && changes_nothing ? StaleHashes::kRenewed
                                                                   : StaleHashes::kRefused;
}

}  // namespace robomerge
