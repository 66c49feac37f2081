// meta/info.json (format spec 1.3, 1.4).
#include <algorithm>

#include "base/text.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

constexpr std::string_view kKnownKeys[] = {
    "codebase_version", "fps", "features", "total_episodes", "total_frames", "total_tasks",
    "chunks_size", "data_files_size_in_mb", "video_files_size_in_mb", "data_path", "video_path",
    "robot_type", "splits", "tools",
    // Counts of v2.1 that some converters leave behind. They are ignored.
    "total_chunks", "total_videos"};

Problem Wrong(const std::string& path, const std::string& key, std::string expected,
              const json::Json& found) {
  return Problem(Code::kCorrupt, StrCat("`", key, "` of info.json is not usable"))
      .Kind("E-info")
      .At(StrCat(path, ": ", key))
      .Expected(std::move(expected))
      .Found(json::DumpLine(found));
}

Result<uint64_t> Count(const json::Json& info, const std::string& path, const std::string& key) {
  if (!info.contains(key) || info.at(key).is_null()) return uint64_t{0};
  const json::Json& value = info.at(key);
  if (!value.is_number_integer() || value.get<int64_t>() < 0)
    return Wrong(path, key, "a count", value);
  return value.get<uint64_t>();
}

Result<std::string> Template(const json::Json& info, const std::string& path,
                             const std::string& key, const char* otherwise) {
  if (!info.contains(key) || info.at(key).is_null()) return std::string(otherwise);
  if (!info.at(key).is_string()) return Wrong(path, key, "a path template", info.at(key));
  std::string path_template = info.at(key).get<std::string>();
  // Checked here, so that a bad template is reported once and not for every file.
  const Result<std::string> expanded = ExpandTemplate(path_template, {0, 0}, "camera");
  if (expanded.ok()) return path_template;
  Problem problem = expanded.status().problems().front();
  problem.where = StrCat(path, ": ", key);
  return problem;
}

Status ReadFeatures(const json::Json& info, const std::string& path, Schema& schema) {
  if (!info.contains("features") || !info.at("features").is_object()) {
    return Wrong(path, "features", "an object with one entry per feature",
                 info.contains("features") ? info.at("features") : json::Json());
  }
  std::vector<Problem> problems;
  for (const auto& [name, entry] : info.at("features").items()) {
    const std::string where = StrCat(path, ": features[\"", name, "\"]");
    if (!IsUsableFeatureName(name)) {
      problems.push_back(Problem(Code::kCorrupt, "feature name cannot be part of a path")
                             .Kind("E-features")
                             .At(where)
                             .Expected("a name without `/`, and not `.` or `..`")
                             .Found(StrCat("`", name, "`")));
      continue;
    }
    if (!entry.is_object() || !entry.contains("dtype") || !entry.at("dtype").is_string()) {
      problems.push_back(Problem(Code::kCorrupt, StrCat("feature `", name, "` has no dtype"))
                             .Kind("E-features")
                             .At(where)
                             .Found(json::DumpLine(entry)));
      continue;
    }
    const json::Json shape = entry.value("shape", json::Json::array());
    const auto is_dimension = [](const json::Json& dimension) {
      return dimension.is_null() ||
             (dimension.is_number_integer() && dimension.get<int64_t>() >= 0);
    };
    if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), is_dimension)) {
      problems.push_back(Problem(Code::kCorrupt, StrCat("feature `", name, "` has no usable shape"))
                             .Kind("E-features")
                             .At(StrCat(where, ".shape"))
                             .Expected("a list of sizes")
                             .Found(json::DumpLine(shape)));
      continue;
    }
    if (entry.at("dtype") == "video" && !IsUsableVideoKey(name)) {
      problems.push_back(
          Problem(Code::kCorrupt, "name of a camera is too long for a folder")
              .Kind("E-features")
              .At(StrCat(path, ": features"))
              .Expected("at most 255 bytes")
              .Found(StrCat(WithSeparators(name.size()), " bytes: `", name.substr(0, 60), "...`")));
      continue;
    }
    schema.features.push_back(Feature{name, entry});
  }
  std::vector<std::string> missing, present;
  for (const Feature& feature : schema.features) present.push_back(feature.name);
  for (const std::string_view name : kDefaultFeatures) {
    if (schema.Find(name) == nullptr) missing.emplace_back(name);
  }
  if (!missing.empty() && problems.empty()) {
    problems.push_back(
        Problem(Code::kIncompatible,
                StrCat("dataset lacks default features: ", Join(missing, ", ")))
            .Kind("E-default-features")
            .At(path + ": features")
            .Expected(
                "timestamp, frame_index, episode_index, index and task_index, besides its own")
            .Found(present.empty() ? "no feature" : Join(present, ", "))
            .Hint("record or convert the dataset with LeRobot, which adds them"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace

Result<SourceInfo> ReadInfo(const std::string& root, const json::Json& info, Dataset& dataset) {
  const std::string path = io::JoinPath(root, "meta/info.json");
  std::vector<Problem> problems;
  const auto gather = [&problems](const Status& status) {
    problems.insert(problems.end(), status.problems().begin(), status.problems().end());
  };

  SourceInfo source_info;
  Schema& schema = dataset.schema;
  schema.fps = info.contains("fps") ? info.at("fps") : json::Json();
  if (!schema.fps.is_number() || !FrameRate::From(schema.fps.get<double>())) {
    gather(Wrong(path, "fps", "a positive number", schema.fps));
  }
  schema.robot_type = info.contains("robot_type") ? info.at("robot_type") : json::Json();
  if (!schema.robot_type.is_null() && !schema.robot_type.is_string())
    gather(Wrong(path, "robot_type", "a string or null", schema.robot_type));
  schema.tools = info.contains("tools") ? info.at("tools") : json::Json();
  gather(ReadFeatures(info, path, schema));

  const auto count = [&](const char* key, uint64_t& out) {
    const Result<uint64_t> value = Count(info, path, key);
    if (value.ok()) out = *value;
    gather(value.status());
  };
  count("total_episodes", source_info.total_episodes);
  count("total_frames", source_info.total_frames);
  count("total_tasks", source_info.total_tasks);
  const auto path_template = [&](const char* key, const char* otherwise, std::string& out) {
    const Result<std::string> value = Template(info, path, key, otherwise);
    if (value.ok()) out = *value;
    gather(value.status());
  };
  path_template("data_path", kDefaultDataPath, source_info.data_path);
  path_template("video_path", kDefaultVideoPath, source_info.video_path);

  for (const auto& [key, value] : info.items()) {
    if (std::find(std::begin(kKnownKeys), std::end(kKnownKeys), key) != std::end(kKnownKeys))
      continue;
    dataset.warnings.push_back(
        Problem(Code::kUnsupported, StrCat("info.json has a key that the format does not know: `",
                                           key, "`; it is left out"))
            .Kind("W-info-unknown-key")
            .Source(root)
            .At(StrCat(path, ": ", key)));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return source_info;
}

}  // namespace robomerge::v30
