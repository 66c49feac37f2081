#include "model/statistics_text.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/measured.h"
#include "model/source_statistics.h"

namespace robomerge {
namespace {

Json Nested(const Statistic& statistic, size_t depth, size_t& at) {
  if (depth == statistic.shape.size()) {
    const double number = statistic.values[at++];
    if (statistic.kind == NumberKind::kBoolean && !std::isnan(number)) return Json(number != 0);
    if (statistic.kind == NumberKind::kInteger && std::fabs(number) < 9e15)
      return Json(static_cast<int64_t>(number));
    return Json(number);
  }
  Json list = Json::array();
  for (uint32_t item = 0; item < statistic.shape[depth]; ++item)
    list.push_back(Nested(statistic, depth + 1, at));
  return list;
}

Json EntryOf(const FeatureStatistics& feature) {
  Json entry = Json::object();
  for (const Statistic& statistic : feature.statistics) {
    size_t at = 0;
    entry[statistic.name] = Nested(statistic, 0, at);
  }
  return entry;
}

// The least and the greatest value are of the feature's own type.
FeatureStatistics WithKinds(FeatureStatistics statistics, const Feature& feature) {
  const std::string dtype = feature.dtype();
  for (Statistic& one : statistics.statistics) {
    if (one.name == "count") one.kind = NumberKind::kInteger;
    if ((one.name != "min" && one.name != "max") || dtype.starts_with("float") ||
        !IsMeasurable(dtype))
      continue;
    one.kind = dtype == "bool" ? NumberKind::kBoolean : NumberKind::kInteger;
  }
  return statistics;
}

}  // namespace

std::string StatisticsText(const std::vector<FeatureStatistics>& features) {
  Json document = Json::object();
  for (const FeatureStatistics& feature : features) document[feature.feature] = EntryOf(feature);
  return json::Dump(document);
}

std::string MeasuredStatisticsText(const MergePlan& plan,
                                   const std::vector<FeatureStatistics>& measured,
                                   const std::vector<FeatureStatistics>& folded) {
  const StatsStep* step = FindStep<StatsStep>(plan);
  const Result<Json> parsed = json::Parse(step == nullptr ? "{}" : step->text, "stats.json");
  const Json others = parsed.ok() ? *parsed : Json::object();
  std::map<std::string, const FeatureStatistics*> known;
  for (const auto* all : {&measured, &folded}) {
    for (const FeatureStatistics& one : *all) known[one.feature] = &one;
  }
  Json document = Json::object();
  for (const Feature& feature : SchemaOf(plan).features) {
    const auto found = known.find(feature.name);
    if (found != known.end())
      document[feature.name] = EntryOf(WithKinds(*found->second, feature));
    else if (others.contains(feature.name))
      document[feature.name] = others.at(feature.name);
  }
  return json::Dump(document);
}

std::string WithMeasured(Json stated, const Schema& schema,
                         const std::vector<FeatureStatistics>& measured) {
  for (const FeatureStatistics& one : measured) {
    if (const Feature* feature = schema.Find(one.feature))
      stated[one.feature] = EntryOf(WithKinds(one, *feature));
  }
  return json::Dump(stated);
}

std::string EstimatedStatisticsText(const MergePlan& plan) {
  constexpr double kUsualNumber = -0.12345678901234567;
  std::vector<FeatureStatistics> measured;
  for (const Feature& feature : SchemaOf(plan).features) {
    const auto width = static_cast<uint32_t>(Elements(feature).second);
    if (!IsMeasurable(feature.dtype()) || !NeedsEverySource(feature.name) || width == 0 ||
        IsTextColumn(plan, feature.name))
      continue;
    FeatureStatistics& one = measured.emplace_back();
    one.feature = feature.name;
    std::vector<std::string> names = {"min", "max", "mean", "std", "count"};
    names.insert(names.end(), std::begin(kQuantileNames), std::end(kQuantileNames));
    for (const std::string& name : names) {
      const uint32_t count = name == "count" ? 1 : width;
      one.statistics.push_back(
          {name, NumberKind::kFloat, {count}, std::vector<double>(count, kUsualNumber)});
    }
  }
  return MeasuredStatisticsText(plan, measured, {});
}

Schema SchemaOf(const MergePlan& plan) {
  Schema schema;
  const InfoStep* step = FindStep<InfoStep>(plan);
  const Result<Json> info = json::Parse(step == nullptr ? "{}" : step->text, "info.json");
  if (!info.ok() || !info->contains("features")) return schema;
  for (const auto& [name, entry] : info->at("features").items())
    schema.features.push_back({name, entry});
  return schema;
}

}  // namespace robomerge
