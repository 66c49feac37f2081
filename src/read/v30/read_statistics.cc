// meta/stats.json (format spec 1.10).
#include <algorithm>

#include "base/text.h"
#include "read/v30/read_v30.h"

namespace robomerge::v30 {
namespace {

constexpr size_t kMostLists = 8;
// Ten statistics for each element of an image that is stored as an array take 100 MB.
constexpr uint64_t kMostStatisticsBytes = uint64_t{256} << 20;

// Flattens nested lists of numbers. False if they are ragged, too deep, or hold anything but
// numbers and booleans.
bool Flatten(const json::Json& value, size_t depth, Statistic& out, bool& any_integer,
             bool& any_float, bool& any_boolean) {
  if (value.is_array()) {
    if (depth >= kMostLists) return false;
    if (out.shape.size() <= depth) {
      if (!out.values.empty()) return false;
      out.shape.push_back(static_cast<uint32_t>(value.size()));
    }
    if (out.shape[depth] != value.size()) return false;
    for (const json::Json& item : value) {
      if (!Flatten(item, depth + 1, out, any_integer, any_float, any_boolean)) return false;
    }
    return true;
  }
  if (depth != out.shape.size()) return false;
  if (value.is_boolean()) {
    any_boolean = true;
    out.values.push_back(value.get<bool>() ? 1 : 0);
    return true;
  }
  if (!value.is_number()) return false;
  (value.is_number_integer() ? any_integer : any_float) = true;
  out.values.push_back(value.get<double>());
  return true;
}

constexpr const char* kWithoutFile =
    "remove this file: numbers are then measured from the rows, and pictures follow from the "
    "episodes";

}  // namespace

Statistic ParseStatistic(const std::string& name, const json::Json& value) {
  Statistic statistic;
  statistic.name = name;
  bool any_integer = false, any_float = false, any_boolean = false;
  if (!Flatten(value, 0, statistic, any_integer, any_float, any_boolean))
    return {name, {}, {0}, {}};
  // LeRobot reads a bare number as a list of one.
  if (statistic.shape.empty()) statistic.shape = {1};
  // Some writers give a camera's count the shape of its mean: the same number for each channel.
  std::vector<double>& values = statistic.values;
  if (name == "count" && !values.empty() &&
      std::all_of(values.begin(), values.end(), [&](double n) { return n == values.front(); })) {
    statistic.shape = {1};
    values.resize(1);
  }
  if (any_integer && !any_float && !any_boolean) statistic.kind = NumberKind::kInteger;
  if (any_boolean && !any_float && !any_integer) statistic.kind = NumberKind::kBoolean;
  return statistic;
}

Status ReadStatistics(const io::FileSystem& file_system, Dataset& dataset) {
  const std::string path = io::JoinPath(dataset.root, "meta/stats.json");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
  if (!file.ok() && file.status().code() == Code::kNotFound) return Status();
  ROBOMERGE_RETURN_NOT_OK(file.status());
  dataset.metadata_files.push_back(MetadataFileOf(**file));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, io::ReadWhole(**file, kMostStatisticsBytes));
  WarnOfByteOrderMark(text, path, dataset.warnings);
  const Result<json::Json> document = json::Parse(text, path);
  if (!document.ok()) {
    std::vector<Problem> problems = document.status().problems();
    for (Problem& problem : problems) {
      if (problem.hint.empty()) problem.hint = kWithoutFile;
    }
    return Status::Many(std::move(problems));
  }
  if (!document->is_object()) {
    return Problem(Code::kCorrupt, "stats.json is not an object")
        .Kind("E-stats")
        .At(path)
        .Hint(kWithoutFile);
  }
  std::vector<FeatureStatistics> all;
  for (const auto& [feature, statistics] : document->items()) {
    FeatureStatistics one;
    one.feature = feature;
    if (statistics.is_object()) {
      for (const auto& [name, value] : statistics.items())
        one.statistics.push_back(ParseStatistic(name, value));
    }
    all.push_back(std::move(one));
  }
  // An empty object, which some tools write, counts as no file.
  if (!all.empty()) dataset.statistics = std::move(all);
  return Status();
}

}  // namespace robomerge::v30
