// meta/info.json of v2.0 and v2.1 (format spec 6.1).
#include "base/text.h"
#include "read/v21/json_lines.h"
#include "read/v21/read_v21.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

using json::Json;

Result<std::string> Template(const Json& info, const std::string& path, const char* key,
                             const char* otherwise) {
  const Json value = info.value(key, Json());
  if (value.is_null()) return std::string(otherwise);
  Problem problem = Problem(Code::kCorrupt, StrCat("`", key, "` of info.json is not usable"))
                        .Kind("E-info")
                        .At(StrCat(path, ": ", key))
                        .Expected("a path template")
                        .Found(json::DumpLine(value).substr(0, 100));
  if (!value.is_string()) return problem;
  std::string path_template = value.get<std::string>();
  // Some writers take this placeholder from v3.0.
  constexpr std::string_view kOther = "{chunk_index", kOwn = "{episode_chunk";
  for (size_t at = path_template.find(kOther); at != std::string::npos;
       at = path_template.find(kOther, at))
    path_template.replace(at, kOther.size(), kOwn);
  const Result<std::string> expanded = ExpandEpisodeTemplate(path_template, {0, 0}, "camera");
  if (expanded.ok()) return path_template;
  problem = expanded.status().problems().front();
  problem.where = StrCat(path, ": ", key);
  return problem;
}

void WarnOfMissingKeys(const Json& info, const std::string& path, Dataset& dataset) {
  std::vector<std::string> missing;
  for (const char* key :
       {"robot_type", "total_episodes", "total_frames", "total_tasks", "total_videos",
        "total_chunks", "chunks_size", "splits", "data_path", "video_path"}) {
    if (!info.contains(key)) missing.emplace_back(key);
  }
  if (missing.empty()) return;
  dataset.warnings.push_back(
      Problem(Code::kCorrupt, "info.json lacks keys, in whose places the usual values are taken")
          .Kind("W-info-missing-key")
          .At(path)
          .Expected(Join(missing, ", "))
          .Found("none of them"));
}

// The result has one split, of all its episodes. What else is said is lost.
void WarnOfSplits(const Json& info, const std::string& path, uint64_t total_episodes,
                  Dataset& dataset) {
  const Json splits = info.value("splits", Json());
  if (splits.is_null() || (splits.is_object() && splits.empty())) return;
  const std::string all = StrCat("0:", total_episodes);
  if (splits.is_object() && splits.size() == 1 && splits.contains("train") &&
      splits.at("train") == all)
    return;
  dataset.warnings.push_back(
      Problem(Code::kCorrupt,
              "splits are not one of all episodes, and are left out: the result has one of all")
          .Kind("W-splits")
          .At(path + ": splits")
          .Expected(StrCat("{\"train\": \"", all, "\"}"))
          .Found(json::DumpLine(splits).substr(0, 100)));
}

std::optional<uint64_t> Total(const Json& info, const char* key) {
  const std::optional<int64_t> number = WholeNumber(info, key);
  return number && *number >= 0 ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
}

}  // namespace

Result<SourceInfo> ReadInfo(const VersionedInfo& read, Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/info.json");
  const Json& info = read.info;
  SourceInfo source;
  std::vector<Problem> problems;
  const auto gather = [&problems](const Status& status) {
    problems.insert(problems.end(), status.problems().begin(), status.problems().end());
  };
  const auto path_template = [&](const char* key, const char* otherwise, std::string& out) {
    const Result<std::string> value = Template(info, path, key, otherwise);
    if (value.ok()) out = *value;
    gather(value.status());
  };
  path_template("data_path", kEpisodeDataPath, source.data_path);
  path_template("video_path", kEpisodeVideoPath, source.video_path);
  const std::optional<int64_t> size = WholeNumber(info, "chunks_size");
  if (size && *size > 0) source.episodes_per_chunk = *size;
  source.total_episodes = Total(info, "total_episodes");
  source.total_frames = Total(info, "total_frames");
  source.total_tasks = Total(info, "total_tasks");

  // The rest is as in v3.0.
  Json same = info;
  for (const char* key : {"data_path", "video_path"}) same.erase(key);
  for (const char* key : {"total_episodes", "total_frames", "total_tasks"}) {
    if (const std::optional<uint64_t> total = Total(info, key)) same[key] = *total;
  }
  if (same.contains("features") && same["features"].is_object()) {
    // Every dataset has these five, whether it declares them or not.
    for (const std::string_view name : kDefaultFeatures) {
      if (!same["features"].contains(name))
        same["features"][std::string(name)] = DefaultFeatureEntry(name);
    }
  }
  gather(v30::ReadInfo(dataset.root, same, dataset).status());
  if (!problems.empty()) return Status::Many(std::move(problems));
  WarnOfMissingKeys(info, path, dataset);
  if (source.total_episodes) WarnOfSplits(info, path, *source.total_episodes, dataset);
  return source;
}

Result<bool> HasFirstEpisode(const io::FileSystem& file_system, const std::string& root,
                             const Json& info) {
  const Result<std::string> data_path = Template(info, "", "data_path", kEpisodeDataPath);
  const Result<std::string> path =
      ExpandEpisodeTemplate(data_path.ok() ? *data_path : std::string(kEpisodeDataPath), {0, 0});
  return io::Exists(file_system, io::JoinPath(root, path.value()));
}

}  // namespace robomerge::v21
